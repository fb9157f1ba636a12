/**
 * Progress in lines, as joblib's `verbose` has it: fewer the longer a job runs, more the greater the
 * number; above 50 one for each message of results. A last line says how long it took.
 */
import type { Run } from '../scheduler/index.ts';
import { besideProgress } from './display.ts';

/** As joblib writes times: '  12.3s', ' 2.5min'. */
function shortTime(seconds: number): string {
  if (seconds > 60) return `${(seconds / 60).toFixed(1).padStart(4)}min`;
  return ` ${seconds.toFixed(1).padStart(5)}s`;
}

/**
 * Whether a line is due while the input is still being read: at distances that grow with the square of
 * the number of lines.
 *
 * @param sent - batches that have been sent
 */
export function isDueWhileReading(sent: number, verbose: number): boolean {
  if (verbose > 50 || sent === 0) return true;
  const distance = 0.5 * (11 - verbose) ** 2;
  if (distance === 0) return true;
  return Math.floor(Math.sqrt((sent + 1) / distance)) !== Math.floor(Math.sqrt(sent / distance));
}

/**
 * Whether a line is due once all tasks have been sent: `verbose` of them, evenly.
 *
 * @param done - tasks that are done
 * @param total - tasks in all
 * @param ahead - tasks that were sent before the first was done
 */
export function isDueAtEnd(done: number, total: number, ahead: number, verbose: number): boolean {
  if (done === 0) return true;
  const every = Math.floor(total / verbose) + 1;
  return done + 1 !== total && (total - done + 1 - ahead) % every === 0;
}

/** Writes lines about a job to standard error. */
export function reportVerbose(
  run: Run,
  verbose: number,
  write: (line: string) => void = (line) =>
    besideProgress(() => void process.stderr.write(`${line}\n`)),
): void {
  if (verbose === 0) return;
  const { jobs, backend, maxBatches } = run.job.options;
  const say = (text: string): void => write(`[Parallel(jobs=${jobs})]: ${text}`);
  const began = performance.now();
  const count = (tasks: number): string => String(tasks).padStart(3);
  let [sent, batches, done] = [0, 0, 0];
  say(`Using backend ${backend.name} with ${jobs} worker(s).`);
  run.listeners.push({
    dispatched(tasks) {
      sent += tasks;
      batches++;
    },
    withdrawn(tasks) {
      sent -= tasks;
    },
    finished(event) {
      done += event.count;
      const elapsed = (performance.now() - began) / 1000;
      if (!run.isSent) {
        if (isDueWhileReading(batches, verbose)) {
          say(`Done ${count(done)} tasks      | elapsed: ${shortTime(elapsed)}`);
        }
      } else if (done < sent && isDueAtEnd(done, sent, maxBatches, verbose)) {
        const left = (elapsed / done) * (sent - done);
        const times = `elapsed: ${shortTime(elapsed)} remaining: ${shortTime(left)}`;
        say(`Done ${count(done)} out of ${count(sent)} | ${times}`);
      }
    },
    ended(error) {
      if (error !== undefined) return;
      const elapsed = shortTime((performance.now() - began) / 1000);
      say(`Done ${count(done)} out of ${count(done)} | elapsed: ${elapsed} finished`);
    },
  });
}
