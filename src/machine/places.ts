/**
 * The processors that OpenMP is told to keep to: OMP_PLACES, OMP_PROC_BIND and GOMP_CPU_AFFINITY.
 *
 * Threads of a team that are pinned share the processors of their places, however many others the
 * process may use: so these count as an affinity does. OpenMP 5.2, sections 21.1.5 and 21.1.6; GNU
 * libgomp's manual, 3.15; texts were compared with what Debian's libgomp makes of them.
 */
import { type Host, parseCpuList } from './host.ts';

type Place = readonly number[];

/** `start[:length[:stride]]`: the numbers of an interval; undefined where it is none. */
function interval(text: string): { numbers: number[]; length: number; stride: number } | undefined {
  const match = /^(\d+)(?::(\d+)(?::([+-]?\d+))?)?$/.exec(text);
  if (!match) return undefined;
  const length = Number(match[2] ?? 1);
  const stride = Number(match[3] ?? 1);
  if (length < 1) return undefined;
  const start = Number(match[1]);
  return { numbers: Array.from({ length }, (_, i) => start + i * stride), length, stride };
}

/** The inside of braces: processors and intervals of them, `!` takes one out. */
function parsePlace(text: string): Place | undefined {
  const cpus = new Set<number>();
  for (const part of text.split(',')) {
    const without = part.startsWith('!');
    const found = interval(without ? part.slice(1) : part);
    if (!found) return undefined;
    for (const cpu of found.numbers) {
      if (without) cpus.delete(cpu);
      else cpus.add(cpu);
    }
  }
  return [...cpus];
}

/** A list of places: `{0,1},{2,3}`, `{0:2}:4:2`, `0:4`. */
function parseList(text: string): Place[] | undefined {
  const places: Place[] = [];
  const pattern = /(!?)(?:\{([^{}]*)\}|(\d+))(?::(\d+)(?::([+-]?\d+))?)?(?:,|$)/y;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (!match) return undefined;
    const [, without, inside, single, length = '1', stride] = match;
    const place = parsePlace(inside ?? (single as string));
    if (!place) return undefined;
    const apart = Number(stride ?? (inside === undefined ? 1 : place.length));
    for (let i = 0; i < Number(length); i++) {
      const next = place.map((cpu) => cpu + i * apart);
      if (!without) places.push(next);
      else {
        const at = places.findIndex((one) => one.join() === next.join());
        if (at === -1) return undefined;
        places.splice(at, 1);
      }
    }
  }
  return places.length === 0 ? undefined : places;
}

/** The files that tell which processors share something with one. */
const GROUPS: Readonly<Record<string, (host: Host, cpu: number) => string | undefined>> = {
  threads: (_host, cpu) => String(cpu),
  cores: (host, cpu) =>
    topology(host, cpu, 'core_cpus_list') ?? topology(host, cpu, 'thread_siblings_list'),
  sockets: (host, cpu) =>
    topology(host, cpu, 'package_cpus_list') ?? topology(host, cpu, 'core_siblings_list'),
  ll_caches: (host, cpu) => {
    for (let index = 9; index >= 0; index--) {
      const list = host.read(
        `/sys/devices/system/cpu/cpu${cpu}/cache/index${index}/shared_cpu_list`,
      );
      if (list !== undefined) return list.trim();
    }
    return undefined;
  },
  numa_domains: (host, cpu) => {
    const nodes = parseCpuList(host.read('/sys/devices/system/node/online')) ?? [];
    return nodes
      .map((node) => host.read(`/sys/devices/system/node/node${node}/cpulist`)?.trim())
      .find((list) => parseCpuList(list)?.includes(cpu));
  },
};

function topology(host: Host, cpu: number, file: string): string | undefined {
  return host.read(`/sys/devices/system/cpu/cpu${cpu}/topology/${file}`)?.trim();
}

/** `cores`, `sockets(2)` and the like, over the processors that the process may use. */
function parseName(text: string, host: Host, allowed: readonly number[]): Place[] | undefined {
  const match = /^([a-z_]+)(?:\((\d+)\))?$/.exec(text);
  const group = match?.[1] === undefined ? undefined : GROUPS[match[1]];
  if (!match || !group) return undefined;
  const most = match[2] === undefined ? Number.POSITIVE_INFINITY : Number(match[2]);
  const places = new Map<string, number[]>();
  for (const cpu of allowed) {
    const name = group(host, cpu);
    if (name === undefined) return undefined;
    const place = places.get(name);
    if (place) place.push(cpu);
    else if (places.size < most) places.set(name, [cpu]);
  }
  return places.size === 0 ? undefined : [...places.values()];
}

/** GOMP_CPU_AFFINITY: `0 3 1-2 4-15:2`, each processor a place. */
function parseGompList(text: string): Place[] | undefined {
  const places: Place[] = [];
  for (const part of text.split(/[\s,]+/).filter(Boolean)) {
    const match = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(part);
    if (!match) return undefined;
    const last = Number(match[2] ?? match[1]);
    const stride = Math.max(Number(match[3] ?? 1), 1);
    for (let cpu = Number(match[1]); cpu <= last; cpu += stride) places.push([cpu]);
  }
  return places.length === 0 ? undefined : places;
}

/**
 * How many of the processors `allowed` the threads of an OpenMP team may run on.
 *
 * @param host - the machine and its environment
 * @param allowed - the processors that the process may use
 * @returns undefined where nothing is said of it, or nothing that OpenMP can read
 */
export function boundProcessors(host: Host, allowed: readonly number[]): number | undefined {
  const { OMP_PROC_BIND = '', OMP_PLACES = '', GOMP_CPU_AFFINITY = '' } = host.env;
  const bind = OMP_PROC_BIND.split(',')[0]?.trim().toLowerCase() ?? '';
  const text = OMP_PLACES.replace(/\s/g, '').toLowerCase();
  if (bind === 'false' || (bind === '' && text === '' && GOMP_CPU_AFFINITY.trim() === '')) {
    return undefined;
  }
  const given = text === '' ? parseGompList(GOMP_CPU_AFFINITY) : undefined;
  const places = (given ?? parseList(text) ?? parseName(text || 'threads', host, allowed))
    ?.map((place) => place.filter((cpu) => allowed.includes(cpu)))
    .filter((place) => place.length > 0);
  if (places === undefined || places.length === 0) return undefined;
  // All threads of a team in the place of the one that opens it.
  if (bind === 'master' || bind === 'primary') return places[0]?.length;
  return new Set(places.flat()).size;
}
