/**
 * A histogram of times whose buckets grow with the times: as precise for a microsecond as for an hour,
 * and as quick to note as an array element.
 */

/** Buckets for each doubling: a quantile is off by 3 % at most. */
const PARTS = 16;
const PART_BITS = 4;

/** The longest time that has a bucket of its own, in doublings of a microsecond: some 140 years. */
const OCTAVES = 52;

const LARGE = 2 ** 31;

/** Times in milliseconds. */
export interface TimeStats {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** The bucket of a time in whole microseconds. */
function bucketOf(microseconds: number): number {
  let octaves = 0;
  let value = microseconds;
  while (value >= LARGE) {
    value /= 2;
    octaves++;
  }
  const whole = value | 0;
  if (whole < PARTS) return whole;
  const exponent = 31 - Math.clz32(whole);
  const part = (whole >>> (exponent - PART_BITS)) & (PARTS - 1);
  return Math.min(octaves + exponent - PART_BITS + 1, OCTAVES - 1) * PARTS + part;
}

/** The middle of a bucket, in microseconds. */
function middleOf(bucket: number): number {
  if (bucket < PARTS) return bucket + 0.5;
  const shift = Math.floor(bucket / PARTS) - 1;
  return (PARTS + (bucket % PARTS) + 0.5) * 2 ** shift;
}

export class TimeHistogram {
  readonly #counts = new Float64Array(OCTAVES * PARTS);
  #count = 0;
  #sum = 0;
  #max = 0;

  /**
   * Notes times.
   *
   * @param ms - one of them
   * @param weight - how many it stands for
   */
  sample(ms: number, weight: number): void {
    this.#counts[bucketOf(ms > 0 ? ms * 1000 : 0)]! += weight;
  }

  /** Notes the sum and the greatest of as many times as samples were noted for. */
  total(count: number, sum: number, max: number): void {
    this.#count += count;
    this.#sum += Math.max(sum, 0);
    if (max > this.#max) this.#max = max;
  }

  #quantile(p: number): number {
    const rank = Math.ceil(p * this.#count);
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= rank) return Math.min(middleOf(bucket) / 1000, this.#max);
    }
    return this.#max;
  }

  /** What is known of the times; null where there are none. */
  snapshot(): TimeStats | null {
    if (this.#count === 0) return null;
    return {
      count: this.#count,
      mean: this.#sum / this.#count,
      p50: this.#quantile(0.5),
      p90: this.#quantile(0.9),
      p99: this.#quantile(0.99),
      max: this.#max,
    };
  }
}
