import { expect, it } from 'vitest';
import { runProgram } from '../parallel/support.ts';

it('a model before fit says so where the prototypes of the language are frozen', () => {
  const { stdout, stderr } = runProgram(`
    const { KNeighbors } = await import('heddle/neighbors');
    for (const one of [Object, Error]) { Object.freeze(one.prototype); Object.freeze(one); }
    try {
      new KNeighbors().classifySync({ data: new Float64Array(2), shape: [1, 2] });
    } catch ({ name, code }) {
      console.log(name, code);
    }
    process.exit(0);
  `);
  expect(stdout, stderr).toBe('NotFittedError ERR_HEDDLE_NOT_FITTED\n');
}, 60_000);
