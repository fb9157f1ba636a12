/**
 * Physical cores: processors that share a core (hyper-threads) count once.
 */
import os from 'node:os';
import { type Host, parseCpuList, thisHost } from './host.ts';

/**
 * Names the core of each processor from sysfs: `core_cpus_list` (Linux 5.3) or its older name;
 * else package and core id. Undefined where the kernel tells none of these.
 */
function coreOf(host: Host, cpu: number): string | undefined {
  const folder = `/sys/devices/system/cpu/cpu${cpu}/topology`;
  const siblings =
    parseCpuList(host.read(`${folder}/core_cpus_list`)) ??
    parseCpuList(host.read(`${folder}/thread_siblings_list`));
  if (siblings) return siblings.join(',');
  const core = host.read(`${folder}/core_id`)?.trim();
  const socket = host.read(`${folder}/physical_package_id`)?.trim();
  return core === undefined ? undefined : `${socket ?? '0'}:${core}`;
}

/** The same from /proc/cpuinfo, for kernels without the sysfs folder. */
function coresOfCpuinfo(host: Host): Map<number, string> {
  const cores = new Map<number, string>();
  for (const block of (host.read('/proc/cpuinfo') ?? '').split(/\n\s*\n/)) {
    const field = (name: string) => new RegExp(`^${name}\\s*:\\s*(\\d+)`, 'm').exec(block)?.[1];
    const [cpu, core] = [field('processor'), field('core id')];
    if (cpu !== undefined && core !== undefined) {
      cores.set(Number(cpu), `${field('physical id') ?? '0'}:${core}`);
    }
  }
  return cores;
}

function macCores(): number | undefined {
  try {
    // Loaded where it is needed: worker threads count cores too, and few are on a Mac.
    const { execFileSync } = process.getBuiltinModule('node:child_process');
    const text = execFileSync('sysctl', ['-n', 'hw.physicalcpu'], { encoding: 'utf8' });
    return Number(text) || undefined;
  } catch {
    return undefined;
  }
}

let fixedCores: number | undefined;

/**
 * How many physical cores the given processors lie on.
 *
 * @param host - the machine
 * @param cpus - the processors allowed; undefined where the system doesn't tell
 * @returns undefined where the machine doesn't tell
 */
export function physicalCores(host: Host, cpus: readonly number[] | undefined): number | undefined {
  if (host.platform === 'linux' && cpus !== undefined) {
    const cpuinfo = coresOfCpuinfo(host);
    const cores = new Set<string>();
    for (const cpu of cpus) {
      const core = coreOf(host, cpu) ?? cpuinfo.get(cpu);
      if (core === undefined) return undefined;
      cores.add(core);
    }
    return cores.size;
  }
  // The number can't change while the process lives, and asking starts a program.
  if (host === thisHost && os.platform() === 'darwin') fixedCores ??= macCores();
  return host === thisHost ? fixedCores : undefined;
}
