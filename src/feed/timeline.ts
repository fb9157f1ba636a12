/**
 * What is kept of the latest minutes as a trace for Perfetto.
 */
import { micro, PID, rowNames, type TraceEvent, traceJson } from '../logging/index.ts';
import type { RowState, Sample } from './messages.ts';
import type { Slices } from './slices.ts';

/**
 * @param rows - who has a row
 * @param samples - what the processors did each second
 */
export function traceText(
  slices: Slices,
  rows: readonly RowState[],
  samples: readonly Sample[],
): string {
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
  for (const [time, busy, cores] of samples) {
    const args = { busy, available: Math.max(cores - busy, 0) };
    events.push({ name: 'cores', ph: 'C', pid: PID, ts: micro(time), args });
  }
  return traceJson(events);
}
