/**
 * Timelines of jobs in Chrome's trace format, for Perfetto and chrome://tracing: workers as rows,
 * batches and the tasks in them as slices, and the cores that were busy as a counter.
 */
import fs from 'node:fs';
import { coreBudget } from '../config/index.ts';
import type { FinishedEvent, Run } from '../scheduler/index.ts';
import { micro, PID, rowNames, type TraceEvent, traceJson } from './trace-format.ts';

/** Single tasks are drawn up to so many of them; more would make a file that nothing opens. */
const MAX_TASKS = 200_000;

interface Slice {
  readonly run: number;
  readonly worker: number;
  readonly batch: number;
  start: number;
  end: number;
  tasks: number;
}

/** The first row of an engine. */
const ENGINES = 1_000_000;

/** What goes into one file: all runs of this process that name it. */
class Timeline {
  readonly #file: string;
  readonly #events: TraceEvent[] = [];
  readonly #batches = new Map<number, Slice>();
  /** Names of the rows, by their numbers. */
  readonly #rows = new Map<string, { readonly tid: number; readonly name: string }>();
  #tasks = 0;

  constructor(file: string) {
    this.#file = file;
  }

  add(event: FinishedEvent): void {
    const { times, clockOffset, batch, run, first, failed } = event;
    const worker = this.#row(event);
    const start = times[0]! + clockOffset;
    const end = times[times.length - 1]! + clockOffset;
    const slice = this.#batches.get(batch);
    if (slice) {
      slice.end = Math.max(slice.end, end);
      slice.tasks += event.count;
    } else this.#batches.set(batch, { run, worker, batch, start, end, tasks: event.count });
    for (let i = 0; i + 1 < times.length && this.#tasks < MAX_TASKS; i += 2, this.#tasks++) {
      const from = times[i]! + clockOffset;
      this.#events.push({
        name: failed ? `task ${first + (i >> 1)} (failed)` : `task ${first + (i >> 1)}`,
        ph: 'X',
        pid: PID,
        tid: worker,
        ts: micro(from),
        dur: micro(times[i + 1]! + clockOffset - from),
        args: { index: first + (i >> 1), run },
      });
    }
  }

  /** The row of who ran a task: a worker, or an engine that it handed the batch to. */
  #row({ worker, by }: FinishedEvent): number {
    const key = by ? `${by.node}/${by.engine}` : String(worker);
    let row = this.#rows.get(key);
    if (!row) {
      const name = by ? `engine ${by.engine} (${by.node}, ${by.pid})` : `worker ${worker}`;
      // Engines are numbered apart from workers, of which there may be some of the same number.
      row = { tid: by ? ENGINES + this.#rows.size : worker, name };
      this.#rows.set(key, row);
    }
    return row.tid;
  }

  /** Busy workers over time, from the starts and ends of batches. */
  #counters(threads: number): TraceEvent[] {
    const steps: { readonly at: number; readonly by: number }[] = [];
    for (const { start, end } of this.#batches.values()) {
      steps.push({ at: start, by: 1 }, { at: end, by: -1 });
    }
    steps.sort((a, b) => a.at - b.at || a.by - b.by);
    const cores = coreBudget();
    let busy = 0;
    return steps.map(({ at, by }) => {
      busy += by;
      const args = { busy: busy * threads, available: Math.max(cores - busy * threads, 0) };
      return { name: 'cores', ph: 'C', pid: PID, ts: micro(at), args };
    });
  }

  write(threads: number): void {
    const names = rowNames(`heddle ${process.pid}`, this.#rows.values());
    const batches = [...this.#batches.values()].map(
      ({ run, worker, batch, start, end, tasks }): TraceEvent => ({
        name: `batch of ${tasks}`,
        ph: 'X',
        pid: PID,
        tid: worker,
        ts: micro(start),
        dur: micro(end - start),
        args: { run, batch, tasks },
      }),
    );
    const events = [...names, ...batches, ...this.#events, ...this.#counters(threads)];
    fs.writeFileSync(this.#file, traceJson(events));
  }
}

const timelines = new Map<string, Timeline>();

/**
 * Writes the timeline of a run to a file when it ends, with those of earlier runs to that file.
 *
 * @throws what Node throws where the file can't be written
 */
export function traceRun(run: Run, file: string): void {
  fs.closeSync(fs.openSync(file, 'a'));
  let timeline = timelines.get(file);
  if (!timeline) {
    timeline = new Timeline(file);
    timelines.set(file, timeline);
  }
  const { childThreads } = run.job.options;
  run.listeners.push({
    finished: (event) => timeline.add(event),
    ended: () => {
      try {
        timeline.write(Math.max(childThreads, 1));
      } catch (error) {
        // The results are there all the same.
        process.emitWarning(`The timeline was not written: ${(error as Error).message}`, {
          type: 'HeddleWarning',
          code: 'HEDDLE_TRACE',
        });
      }
    },
  });
}
