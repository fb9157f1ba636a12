/**
 * How many workers a job gets.
 */
import { coreBudget, ensureInitialized, workerRole } from '../config/index.ts';
import { rangeError } from '../errors.ts';
import type { Backend } from '../protocol/index.ts';

/** What has been said to be more than there are cores. */
const warned = new Set<string>();

/** Says once that there will be more workers, or what they are called, than cores. */
export function warnOfMore(what: 'workers' | 'engines', count: number, cores: number): void {
  if (count <= cores || warned.has(what)) return;
  warned.add(what);
  process.emitWarning(
    `${count} ${what} were asked for, but this process has ${cores} core(s); they will take ` +
      'turns. This is said once.',
    { type: 'HeddleWarning', code: 'HEDDLE_MORE_JOBS_THAN_CORES' },
  );
}

/** Workers, and why so many. */
export interface Jobs {
  readonly jobs: number;
  /** The number at any time, where the backend's width changes it. */
  readonly live?: () => number;
  readonly reason: string;
}

/** Workers of a backend that knows itself how many make sense. */
function jobsWithin(given: number | undefined, backend: Backend): Jobs {
  const live = (): number => {
    const width = Math.max(Math.floor(backend.width!()) || 0, 1);
    if (given === undefined) return width;
    return given < 0 ? Math.max(width + 1 + given, 1) : given;
  };
  const jobs = live();
  if (given !== undefined && given > 0) return { jobs, reason: 'as asked' };
  const asked = given === undefined ? '' : `jobs ${given}, `;
  return { jobs, live, reason: `${asked}the backend '${backend.name}' has that many at present` };
}

/** joblib's rule for n_jobs. */
export function resolveJobs(given: number | undefined, backend: Backend, explicit: boolean): Jobs {
  if (backend.width) return jobsWithin(given, backend);
  if (backend.knob === null && backend.reach === 'local') {
    if (explicit && given !== undefined && given > 1) {
      throw rangeError('jobs', given, `1 with the backend '${backend.name}'`);
    }
    return { jobs: 1, reason: `the backend '${backend.name}' has one worker` };
  }
  const cores = coreBudget();
  const role = workerRole();
  if (given === undefined) {
    if (role.kind !== 'main') return { jobs: 1, reason: 'this is a worker: one level fills it' };
    const knob = backend.knob ?? 'processes';
    return { jobs: ensureInitialized()[knob], reason: `the knob '${knob}'` };
  }
  if (given < 0) {
    const jobs = Math.max(cores + 1 + given, 1);
    return { jobs, reason: `jobs ${given} where there are ${cores} cores` };
  }
  if (role.kind !== 'main') {
    const budget = role.childThreads ?? 1;
    const jobs = Math.min(given, budget);
    if (jobs < given) {
      return { jobs, reason: `this is a worker with ${budget} of the machine's cores` };
    }
  } else warnOfMore('workers', given, cores);
  return { jobs: given, reason: 'as asked' };
}
