/** Sums whose rounding errors don't add up. */

/** Kahan's sum, step by step as NumPy has it. */
export function kahanSum(numbers: ArrayLike<number>): number {
  if (numbers.length === 0) return 0;
  let sum = numbers[0] as number;
  let lost = 0;
  for (let i = 1; i < numbers.length; i++) {
    const term = (numbers[i] as number) - lost;
    const next = sum + term;
    lost = next - sum - term;
    sum = next;
  }
  return sum;
}
