/**
 * What the counting of cores reads of a machine, so that tests can hand it a recorded one.
 */
import os from 'node:os';
import type { Environment } from './variables.ts';

// What `import` makes of it has all of its parts loaded, which every worker thread would pay for.
const fs = process.getBuiltinModule('node:fs');

/** A machine as seen by the code that counts cores. */
export interface Host {
  readonly platform: NodeJS.Platform;
  readonly env: Environment;
  /** The text of a file of /proc or /sys, or undefined where it can't be read. */
  read(path: string): string | undefined;
  /** How many processors the operating system reports to Node. */
  availableParallelism(): number;
}

/** The machine that this process runs on. */
export const thisHost: Host = {
  platform: process.platform,
  get env() {
    return process.env;
  },
  read(path) {
    try {
      return fs.readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
  availableParallelism: () => os.availableParallelism(),
};

/** Parses a kernel CPU list such as `0-3,8,10-11`; undefined where the text is no such list. */
export function parseCpuList(text: string | undefined): number[] | undefined {
  const list = text?.trim();
  if (!list) return undefined;
  const cpus: number[] = [];
  for (const part of list.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    if (!match) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  }
  return cpus;
}
