/**
 * How each runtime takes its number of threads from the environment: which variables it reads, in
 * which order, and what it makes of their text.
 *
 * One table for everything that asks: Heddle's own operations, the default for other people's
 * libraries, the environment of worker processes, and `heddle info`. Sources: OpenMP 5.1, chapter 6;
 * GNU libgomp's manual, chapter 3; OpenBLAS's README ("Set the number of threads using environment
 * variables"); BLIS's docs/Multithreading.md; oneMKL's developer guide ("Setting the number of
 * threads using environment variables"); Apple's vecLib manual page. What these leave open, such as
 * texts that are no number, was found out by running Debian 12's libraries.
 */
import type { Environment } from '../machine/index.ts';

/** A runtime, by its way of reading variables. */
export type VariableReader =
  | 'openmp'
  | 'openblas'
  | 'openblas-openmp'
  | 'blis'
  | 'mkl'
  | 'accelerate'
  | 'numexpr';

/** A variable that has decided a number of threads. */
export interface DecidingVariable {
  readonly name: string;
  /** Its text. */
  readonly value: string;
  /** What the runtime makes of it, at least 1. */
  readonly threads: number;
}

/** What a runtime makes of a text; undefined where it goes on to its next variable. */
type Reading = (text: string, env: Environment) => number | undefined;

interface Variable {
  readonly name: string;
  readonly read: Reading;
}

/** C's `atoi`: the number that a text begins with, else 0. */
function leadingInteger(text: string): number {
  return Number(/^\s*[+-]?\d+/.exec(text)?.[0] ?? 0);
}

const positive: Reading = (text) => {
  const threads = leadingInteger(text);
  return threads > 0 ? threads : undefined;
};

/** OpenMP's list, a number for each level of nesting: valid as a whole or not at all. */
const list: Reading = (text) => {
  const numbers = text.split(',').map((part) => (/^\s*\+?\d+\s*$/.test(part) ? Number(part) : 0));
  return numbers.every((threads) => threads > 0) ? numbers[0] : undefined;
};

/** BLIS takes -1 for "not set", and runs on one thread with any other number below 1. */
const blis: Reading = (text) => {
  const threads = leadingInteger(text);
  return threads === -1 ? undefined : Math.max(threads, 1);
};

const BLIS_WAYS = ['BLIS_JC_NT', 'BLIS_PC_NT', 'BLIS_IC_NT', 'BLIS_JR_NT', 'BLIS_IR_NT'];

/** Threads for each of BLIS's loops: where one is set, those of the others are 1. */
const blisWays: Reading = (text, env) =>
  leadingInteger(text) < 1
    ? undefined
    : BLIS_WAYS.reduce((all, name) => all * Math.max(leadingInteger(env[name] ?? ''), 1), 1);

/** `MKL_DOMAIN_BLAS=2, MKL_DOMAIN_ALL=4`; the prefixes may be left out in older versions. */
const mklDomains: Reading = (text) => {
  const found = new Map<string, number>();
  for (const [, domain = '', number] of text.matchAll(
    /\b(?:MKL_)?(?:DOMAIN_)?(BLAS|ALL)\s*[=:\s]\s*(\d+)/gi,
  )) {
    found.set(domain.toUpperCase(), Number(number));
  }
  return (found.get('BLAS') ?? found.get('ALL')) || undefined;
};

const OMP: Variable = { name: 'OMP_NUM_THREADS', read: list };
/** Libraries that are not built on OpenMP, and read its variable all the same, as one number. */
const OMP_AS_NUMBER: Variable = { name: 'OMP_NUM_THREADS', read: positive };

/** The variables of each runtime, the one that decides first. */
const READERS: { readonly [R in VariableReader]: readonly Variable[] } = {
  openmp: [OMP],
  openblas: [
    { name: 'OPENBLAS_NUM_THREADS', read: positive },
    { name: 'GOTO_NUM_THREADS', read: positive },
    OMP_AS_NUMBER,
  ],
  // It takes over what OpenMP says for the calling thread, and nothing else.
  'openblas-openmp': [OMP],
  blis: [
    ...BLIS_WAYS.map((name) => ({ name, read: blisWays })),
    { name: 'BLIS_NUM_THREADS', read: blis },
    { name: 'OMP_NUM_THREADS', read: blis },
  ],
  mkl: [
    { name: 'MKL_DOMAIN_NUM_THREADS', read: mklDomains },
    { name: 'MKL_NUM_THREADS', read: positive },
    OMP,
  ],
  accelerate: [{ name: 'VECLIB_MAXIMUM_THREADS', read: positive }],
  numexpr: [{ name: 'NUMEXPR_NUM_THREADS', read: positive }, OMP_AS_NUMBER],
};

/** All names in the table. */
export const readVariables: readonly string[] = [
  ...new Set(Object.values(READERS).flatMap((variables) => variables.map(({ name }) => name))),
];

/**
 * Names the variables in an environment that Heddle has set, not the user: a worker that starts
 * workers of its own must be able to set them again.
 */
export const MARK = 'HEDDLE_THREAD_VARIABLES';

/** The names that {@link MARK} holds. */
function marked(env: Environment): Set<string> {
  return new Set((env[MARK] ?? '').split(',').filter(Boolean));
}

/** Whether the user (and not Heddle, in a parent process) has set the variable. */
export function setByUser(name: string, env: Environment = process.env): boolean {
  const value = env[name];
  return value !== undefined && value.trim() !== '' && !marked(env).has(name);
}

/** The user's variable by which a runtime takes its number of threads; undefined where none does. */
export function decidingVariable(
  reader: VariableReader,
  env: Environment = process.env,
): DecidingVariable | undefined {
  for (const { name, read } of READERS[reader]) {
    if (!setByUser(name, env)) continue;
    const value = env[name] as string;
    const threads = read(value, env);
    if (threads !== undefined) return { name, value, threads };
  }
  return undefined;
}

/**
 * Whether `name`, set beside what the user has set, would be read before it by some runtime: the
 * user's OMP_NUM_THREADS counts for nothing in OpenBLAS where OPENBLAS_NUM_THREADS is set too.
 */
export function wouldOverrule(name: string, env: Environment): boolean {
  return Object.entries(READERS).some(([reader, variables]) => {
    const index = variables.findIndex((variable) => variable.name === name);
    if (index === -1) return false;
    const decides = decidingVariable(reader as VariableReader, env);
    return variables.findIndex((variable) => variable.name === decides?.name) > index;
  });
}

/**
 * Whether the user has set a variable to what its runtime can't read, and takes all processors for:
 * OMP_NUM_THREADS=all, or 0.
 */
export function isUnreadable(name: string, env: Environment): boolean {
  return Object.values(READERS).some(([only, next]) => {
    if (only?.name !== name || next !== undefined || !setByUser(name, env)) return false;
    return only.read(env[name] as string, env) === undefined;
  });
}

/** Variables that are more particular than those that Heddle sets, and would be read before them. */
export const particularVariables: readonly string[] = [...BLIS_WAYS, 'MKL_DOMAIN_NUM_THREADS'];

/**
 * The most threads that OpenMP lets one operation have, whatever asks for more: OMP_THREAD_LIMIT;
 * and 1 where OMP_MAX_ACTIVE_LEVELS is 0, which makes every region one of a single thread.
 */
export function threadLimit(env: Environment = process.env): DecidingVariable | undefined {
  const { OMP_THREAD_LIMIT: limit, OMP_MAX_ACTIVE_LEVELS: levels } = env;
  if (levels !== undefined && /^\s*\+?0+\s*$/.test(levels)) {
    return { name: 'OMP_MAX_ACTIVE_LEVELS', value: levels, threads: 1 };
  }
  if (limit === undefined || !/^\s*\+?\d+\s*$/.test(limit) || Number(limit) < 1) return undefined;
  return { name: 'OMP_THREAD_LIMIT', value: limit, threads: Number(limit) };
}

/** How the runtime that {@link threadpoolInfo} describes so reads variables, if it reads any. */
export function readerOf(pool: {
  internalApi: string;
  threadingLayer?: string;
  currentBackend?: string;
}): VariableReader | undefined {
  switch (pool.internalApi) {
    case 'openmp':
    case 'blis':
    case 'mkl':
    case 'accelerate':
      return pool.internalApi;
    case 'openblas':
      return pool.threadingLayer === 'openmp' ? 'openblas-openmp' : 'openblas';
    case 'flexiblas': {
      // It hands on what its backend does, whose name is the configuration's.
      const backend = pool.currentBackend?.toLowerCase() ?? '';
      if (backend.includes('openblas')) {
        return /openmp|omp/.test(backend) ? 'openblas-openmp' : 'openblas';
      }
      if (backend.includes('mkl')) return 'mkl';
      return backend.includes('blis') ? 'blis' : undefined;
    }
    default:
      return undefined;
  }
}
