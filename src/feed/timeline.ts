/**
 * What is kept of the latest minutes as a trace for Perfetto.
 */
import { micro, PID, rowNames, type TraceEvent, traceJson } from '../logging/index.ts';
import type { CoreSpan, RowState, Sample } from './messages.ts';
import type { Slices } from './slices.ts';

/** What a trace is made of. */
interface Traced {
  readonly slices: Slices;
  readonly spans: readonly CoreSpan[];
  /** Who has a row. */
  readonly rows: readonly RowState[];
  /** What the processors did each second. */
  readonly samples: readonly Sample[];
}

/** Bars of tasks, and curves of the cores: of all, and of those that the operations of each row had. */
export function traceText({ slices, spans, rows, samples }: Traced): string {
  const named = rows.map(({ row, name }) => ({ tid: row, name }));
  const events: TraceEvent[] = rowNames(`heddle ${process.pid}`, named);
  for (const [row, label, run, start, end, tasks, failed, threads] of slices.read().all()) {
    events.push({
      name: `${slices.labels[label]}${failed ? ' (failed)' : ''}`,
      ph: 'X',
      pid: PID,
      tid: row,
      ts: micro(start),
      dur: micro(end - start),
      args: { ...(run === 0 ? {} : { run }), tasks, threads },
    });
  }
  const names = new Map(rows.map(({ row, name }) => [row, `cores of operations in ${name}`]));
  for (const [row, from, to, cores] of spans) {
    const name = names.get(row);
    if (name === undefined) continue;
    const counter = { name, ph: 'C', pid: PID } as const;
    events.push({ ...counter, ts: micro(from), args: { cores } });
    events.push({ ...counter, ts: micro(to), args: { cores: 0 } });
  }
  for (const [time, busy, cores] of samples) {
    const args = { busy, available: Math.max(cores - busy, 0) };
    events.push({ name: 'cores', ph: 'C', pid: PID, ts: micro(time), args });
  }
  return traceJson(events);
}
