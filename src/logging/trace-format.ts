/**
 * Chrome's trace format ("Trace Event Format", JSON Object Format), as Perfetto and chrome://tracing read it.
 */

/** A slice ('X'), a name ('M') or a counter ('C'). */
export interface TraceEvent {
  readonly name: string;
  readonly ph: 'X' | 'M' | 'C';
  readonly pid: number;
  readonly tid?: number;
  /** Microseconds. */
  readonly ts?: number;
  readonly dur?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** The process of all rows. */
export const PID = 1;

/** Microseconds, with their thousandths. */
export function micro(milliseconds: number): number {
  return Math.round(milliseconds * 1000 * 1000) / 1000;
}

/** Says what the process and its rows are called. */
export function rowNames(
  program: string,
  rows: Iterable<{ readonly tid: number; readonly name: string }>,
): TraceEvent[] {
  const names: TraceEvent[] = [
    { name: 'process_name', ph: 'M', pid: PID, args: { name: program } },
  ];
  for (const { tid, name } of rows) {
    names.push({ name: 'thread_name', ph: 'M', pid: PID, tid, args: { name } });
  }
  return names;
}

/** A whole file. */
export function traceJson(events: readonly TraceEvent[]): string {
  return JSON.stringify({ displayTimeUnit: 'ms', traceEvents: events });
}
