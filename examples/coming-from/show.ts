/** Prints values as show.py does. */

/** A name and a value as JSON. */
export function show(name: string, value: unknown): void {
  console.log(name, JSON.stringify(value));
}

/** Numbers with so many significant digits, at any depth: what a sum's order doesn't change. */
export function digits<T>(value: T, count: number): T {
  if (Array.isArray(value)) return value.map((one) => digits(one, count)) as T;
  return Number((value as number).toPrecision(count)) as T;
}
