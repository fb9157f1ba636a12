/**
 * The four knobs: how many workers, and how many threads inside each.
 *
 * An option beats a variable, and a variable beats the default. The defaults are LensKit's; what
 * is derived from another knob uses the value that knob really has.
 */
import { integerVariable } from '../machine/index.ts';
import { readOptions } from '../options.ts';
import { coreBudget } from './budget.ts';
import { workerRole } from './role.ts';
import { scopedConfig } from './scope.ts';
import { knobKeys, type ParallelConfig } from './types.ts';

/** The variable of each knob. */
export const knobVariables: { readonly [K in keyof ParallelConfig]: string } = {
  processes: 'HEDDLE_NUM_PROCS',
  threads: 'HEDDLE_NUM_THREADS',
  backendThreads: 'HEDDLE_NUM_BACKEND_THREADS',
  childThreads: 'HEDDLE_NUM_CHILD_THREADS',
};

/** Where the value of a knob comes from. */
export type KnobSource = 'option' | 'variable' | 'default' | 'worker';

let options: Partial<ParallelConfig> = {};

/** The largest number of threads inside a runtime that a default gives. */
const MAX_INNER_THREADS = 4;

function share(cores: number, users: number): number {
  return Math.max(Math.min(Math.floor(cores / users), MAX_INNER_THREADS), 1);
}

function fromVariable(knob: keyof ParallelConfig): number | undefined {
  const also = knob === 'backendThreads' || knob === 'childThreads' ? [-1] : [];
  return integerVariable(knobVariables[knob], { also });
}

/** What the user has set; in a worker the variables are the main program's and don't count. */
function explicit(knob: keyof ParallelConfig): number | undefined {
  return options[knob] ?? (workerRole().kind === 'main' ? fromVariable(knob) : undefined);
}

/** Checks options and adds them to those of earlier calls. */
export function setKnobs(next: Partial<ParallelConfig>): void {
  options = { ...options, ...(readOptions('options', knobKeys, next) as Partial<ParallelConfig>) };
  version++;
}

/** Forgets all options. For tests. */
export function resetKnobs(): void {
  options = {};
  version++;
}

let version = 0;

/** A number that changes with each call of {@link setKnobs}: variables are read again then. */
export function knobsVersion(): number {
  return version;
}

/** The knobs in force. */
export function knobs(): ParallelConfig {
  const cores = coreBudget();
  const role = workerRole();
  if (role.kind !== 'main') {
    // One level of workers fills the machine; a worker that started its own would overfill it.
    const inner = role.childThreads ?? 1;
    return Object.freeze({
      processes: 1,
      threads: 1,
      backendThreads: explicit('backendThreads') ?? inner,
      childThreads: explicit('childThreads') ?? inner,
    });
  }
  const processes = explicit('processes') ?? Math.min(cores, 4);
  const threads = explicit('threads') ?? Math.min(cores, 8);
  return Object.freeze({
    processes,
    threads,
    backendThreads: explicit('backendThreads') ?? share(cores, threads),
    childThreads: explicit('childThreads') ?? share(cores, processes),
  });
}

/** Where each knob's value comes from. */
export function knobSources(): { readonly [K in keyof ParallelConfig]: KnobSource } {
  const source = (knob: keyof ParallelConfig): KnobSource => {
    if (workerRole().kind !== 'main') {
      const fixed = knob === 'processes' || knob === 'threads';
      return !fixed && options[knob] !== undefined ? 'option' : 'worker';
    }
    if (options[knob] !== undefined) return 'option';
    return fromVariable(knob) === undefined ? 'default' : 'variable';
  };
  return {
    processes: source('processes'),
    threads: source('threads'),
    backendThreads: source('backendThreads'),
    childThreads: source('childThreads'),
  };
}

/** Threads that somebody has asked for, and how. */
export interface AskedThreads {
  readonly threads: number;
  /** The option or the variable by which. */
  readonly by: string;
}

/**
 * Threads inside BLAS and OpenMP that somebody has asked for outside of any scope: by an option of
 * `initialize`, by HEDDLE_NUM_BACKEND_THREADS, or in a worker by the job's `childThreads`. Undefined
 * where only the default speaks, and where the runtimes are to be left alone (-1).
 */
export function askedBackendThreads(): AskedThreads | undefined {
  const role = workerRole();
  if (options.backendThreads !== undefined) {
    return asked(options.backendThreads, 'initialize({ backendThreads })');
  }
  if (role.kind !== 'main') {
    return role.childThreadsAsked ? asked(role.childThreads, 'childThreads') : undefined;
  }
  return asked(fromVariable('backendThreads'), knobVariables.backendThreads);
}

function asked(threads: number | undefined, by: string): AskedThreads | undefined {
  return threads === undefined || threads === -1 ? undefined : { threads, by };
}

/** Threads inside each worker, as somebody has asked for them: by the scope, or by the knob. */
export function askedChildThreads(): number | undefined {
  return scopedConfig().childThreads ?? explicit('childThreads');
}

/**
 * Threads inside BLAS and OpenMP for each of `workers` workers that run at the same time: what
 * the scope or the knob `childThreads` says, else ⌊cores / workers⌋. The knob's default stops at 4,
 * because it must do for any job; this is for a job whose workers are known, so no core need idle.
 *
 * @returns at least 1, or -1 where the runtimes in the workers are to be left alone
 */
export function childThreadsFor(workers: number): number {
  return askedChildThreads() ?? Math.max(Math.floor(coreBudget() / workers), 1);
}
