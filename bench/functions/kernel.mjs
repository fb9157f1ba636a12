// The same loop as a function of a module, and as a closure that is shipped.
const factor = 3;
const table = new Float64Array([1, 2, 3, 4]);

function twist(x, i) {
  return x * factor + table[i & 3];
}

/** With captures of its module. */
export function loop(array) {
  let sum = 0;
  for (let i = 0; i < array.length; i++) sum += twist(array[i], i) * factor + table[i & 3];
  return sum;
}

/** The same with captures of a function. */
export function makeLoop(factor, table) {
  const twist = (x, i) => x * factor + table[i & 3];
  return (array) => {
    let sum = 0;
    for (let i = 0; i < array.length; i++) sum += twist(array[i], i) * factor + table[i & 3];
    return sum;
  };
}
