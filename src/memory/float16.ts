/**
 * Half-precision numbers (IEEE 754 binary16), which Node has no typed array for before version 24.
 */

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** Reads half-precision bits into numbers; each is one of float32 exactly. */
export function decodeHalves(from: Uint16Array, to: Float32Array, at: number): void {
  for (let i = 0; i < from.length; i++) {
    const half = from[i] as number;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    const size =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction === 0
            ? Number.POSITIVE_INFINITY
            : Number.NaN
          : (1024 + fraction) * 2 ** (exponent - 25);
    to[at + i] = half & 0x8000 ? -size : size;
  }
}

/** The bits of the half-precision number nearest to a value, of two the even one. */
export function encodeHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  // Halfway between the largest number and the one that would come next.
  if (size >= 65520) return sign | 0x7c00;
  // Multiples of the distance between neighbours at this size; below 2⁻¹⁴ it is 2⁻²⁴.
  single[0] = size;
  const exponent = Math.max(((bits[0] as number) >>> 23) - 127, -14);
  const steps = roundHalfEven(size * 2 ** (10 - exponent));
  // Numbers of one exponent follow those of the one before, so that a carry comes out right.
  return sign | (steps + (exponent + 14) * 1024);
}

function roundHalfEven(value: number): number {
  const whole = Math.floor(value);
  const rest = value - whole;
  return rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole;
}
