/**
 * Flags for the Node of one worker: ports and files that several would want are made its own.
 */
import type { ResourceLimits } from '../protocol/index.ts';

/** Where a worker's debugger listens unless told otherwise: Node's own port is the main program's. */
const INSPECT_PORT = 9230;

/** Flags by which Node's debugger listens, with the place in their value. */
const INSPECT = /^--(?:inspect(?:-brk|-wait|-port)?|debug-port)(?:=|$)/;

/** Flags that name a file. */
const FILE = /^--(?:cpu|heap)-prof-name(?:=|$)/;

/** Flags by which Node writes a file when it ends in order. */
const PROFILE = /(?:^|\s)--(?:cpu|heap)-prof(?:\s|=|$)/;

/** Whether workers of these flags have something to write at their end. */
export function writesProfile(flags: readonly string[]): boolean {
  return PROFILE.test(flags.join(' '));
}

/** The first flag that makes a debugger listen, if one does. */
export function inspectFlag(flags: readonly string[]): string | undefined {
  return flags.find((flag) => INSPECT.test(flag));
}

/** Numbers of workers of this environment that have a port; the least that is free is the next one's. */
const taken = new Set<number>();

/** The address of a debugger, `[HOST:]PORT`, whose port is higher by `by`; 0 is any that is free. */
function movedAddress(address: string, by: number): string {
  const [, host = '', digits] = /^(?:(.*):)?(\d+)$/.exec(address) ?? ['', address, ''];
  const given = digits === '' || digits === undefined ? INSPECT_PORT : Number(digits);
  const port = given === 0 || given + by > 65_535 ? 0 : given + by;
  return host === '' ? String(port) : `${host}:${port}`;
}

/** A file's name with the worker's number before its ending; one by process or thread stays. */
function numberedFile(name: string, worker: number): string {
  if (/\$\{(?:pid|tid)\}/.test(name)) return name;
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? `${name}-${worker}` : `${name.slice(0, dot)}-${worker}${name.slice(dot)}`;
}

/** The flags of one worker. */
export interface OwnFlags {
  readonly flags: readonly string[];
  /** To be called when it has ended. */
  release(): void;
}

/**
 * Makes flags that several workers were given those of one.
 *
 * @param worker - its number
 */
export function ownFlags(flags: readonly string[], worker: number): OwnFlags {
  let port = -1;
  const address = (text: string): string => {
    if (port < 0) {
      for (port = 0; taken.has(port); ) port++;
      taken.add(port);
    }
    return movedAddress(text, port);
  };
  const own: string[] = [];
  for (let i = 0; i < flags.length; i++) {
    const flag = flags[i]!;
    const change = INSPECT.test(flag) ? address : FILE.test(flag) ? numbered : null;
    if (!change) {
      own.push(flag);
      continue;
    }
    const [name, ...value] = flag.split('=');
    const optional = /^--inspect(?:-brk|-wait)?$/.test(name!);
    const given = value.length > 0 ? value.join('=') : optional ? '' : (flags[++i] ?? '');
    own.push(`${name}=${change(given)}`);
  }
  function numbered(name: string): string {
    return numberedFile(name, worker);
  }
  return {
    flags: own,
    release: () => {
      taken.delete(port);
      port = -1;
    },
  };
}

/** The sizes of a young generation's parts: two halves, and as much again for large objects. */
const SEMI_SPACES = 3;

/** V8's flags for limits of a heap. */
export function heapFlags({
  maxOldGenerationSizeMb: old,
  maxYoungGenerationSizeMb: young,
}: ResourceLimits): string[] {
  const whole = (megabytes: number): number => Math.max(1, Math.floor(megabytes));
  return [
    ...(old === undefined ? [] : [`--max-old-space-size=${whole(old)}`]),
    ...(young === undefined ? [] : [`--max-semi-space-size=${whole(young / SEMI_SPACES)}`]),
  ];
}
