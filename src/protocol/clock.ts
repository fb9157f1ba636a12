/**
 * Times of workers and of their parent on one scale.
 */

/**
 * Milliseconds of the system's monotonic clock, which all processes of a machine share. Workers go
 * by it: `performance` takes a dozen modules of Node's, which a worker would load for its first task.
 */
export function systemNow(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** Milliseconds to add to `performance.now()` to get {@link systemNow}. */
export function clockOffset(): number {
  let best = Number.POSITIVE_INFINITY;
  let offset = 0;
  // Between the two readings a process may lose its core; the narrowest of a few pairs counts.
  for (let i = 0; i < 4; i++) {
    const before = performance.now();
    const system = systemNow();
    const after = performance.now();
    if (after - before >= best) continue;
    best = after - before;
    offset = system - (before + after) / 2;
  }
  return offset;
}
