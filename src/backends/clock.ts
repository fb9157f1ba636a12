/**
 * Times of workers and of their parent on one scale.
 */

/**
 * Milliseconds to add to `performance.now()` to get the system's monotonic clock, which all
 * processes of a machine share.
 */
export function clockOffset(): number {
  let best = Number.POSITIVE_INFINITY;
  let offset = 0;
  // Between the two readings a process may lose its core; the narrowest of a few pairs counts.
  for (let i = 0; i < 4; i++) {
    const before = performance.now();
    const system = Number(process.hrtime.bigint()) / 1e6;
    const after = performance.now();
    if (after - before >= best) continue;
    best = after - before;
    offset = system - (before + after) / 2;
  }
  return offset;
}
