/**
 * Runs of jobs: how they start, and how they are stopped.
 */
import { onAbort } from './abort.ts';
import type { CallSite } from './errors.ts';
import type { Job } from './job.ts';
import type { WorkerPool } from './pool.ts';
import { Run } from './run.ts';
import type { Sink } from './sink.ts';
import type { TaskSource } from './source.ts';

/** How long tasks of a stopped job may go on before their workers are killed (ms). */
const GRACE_MS = 60;

/** Starts the tasks of a source. */
export function startRun(
  pool: WorkerPool,
  job: Job,
  source: TaskSource,
  sink: Sink,
  site: CallSite,
  settings: { readonly signal: AbortSignal | null; prepare?(run: Run): void },
): Run {
  const run = new Run(pool, job, source, sink, site);
  const { signal } = settings;
  settings.prepare?.(run);
  run.announce(source.remaining);
  if (signal) {
    const ended = onAbort(signal, () => run.cancel(signal.reason, GRACE_MS));
    run.listeners.push({ ended });
  }
  if (signal?.aborted) run.cancel(signal.reason, GRACE_MS);
  else pool.attach(run);
  return run;
}

/** Ends a run that nobody listens to any more. */
export function dropRun(run: Run, why = 'The job was dropped'): void {
  run.cancel(new DOMException(why, 'AbortError'), GRACE_MS);
}
