// What every contender's worker does: it reads all of the model or argument, lightly.

/** Reads one number of each page. */
export function touch(array) {
  let sum = 0;
  for (let i = 0; i < array.length; i += 512) sum += array[i];
  return sum;
}

const seen = new WeakSet();

/** Reads an array when it is first given. */
export function readOnce(array) {
  if (seen.has(array)) return 0;
  seen.add(array);
  return touch(array);
}

/** For pools that call one exported function with one message. */
export default function run({ operation, value, n }) {
  switch (operation) {
    case 'touch':
      return touch(value);
    case 'small':
      return n;
    case 'make':
      return new Float64Array(n).fill(1);
  }
}
