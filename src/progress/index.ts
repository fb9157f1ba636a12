/**
 * Progress of jobs.
 */
import type { ProgressSettings, Run } from '../scheduler/index.ts';

/** Shows the progress of a run, where its options ask for it. */
export function reportProgress(
  run: Run,
  progress: boolean | ProgressSettings,
  total: number | null,
): void {
  void run;
  void progress;
  void total;
}
