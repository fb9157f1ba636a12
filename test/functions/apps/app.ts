// An entry script, which tests compile and run in many ways; see environments.test.ts.
import * as path from 'node:path';
import { format } from 'node:util';
import { invoker, map, type TaskError } from 'heddle';
import * as all from './helper.js';
import fallback, { counted, Model, unit } from './helper.js';

const factor = 3;
const table = new Float64Array([10, 20, 30]);
const settings = { offset: 1, names: new Map([['a', 1]]) };

class Shape {
  static sides = 1;
  area(): number {
    return factor;
  }
}

class Square extends Shape {
  static list: number[] = [];
  static {
    Square.list.push(Shape.sides);
  }
  #side = 2;
  override area(): number {
    return super.area() + this.#side;
  }
}

const isEven = (n: number): boolean => n === 0 || isOdd(n - 1);
const isOdd = (n: number): boolean => n !== 0 && isEven(n - 1);

function helper(x: number): number {
  return x * factor + settings.offset;
}

async function later(x: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 1));
  return helper(x);
}

function* numbers(n: number): Generator<number> {
  for (let i = 0; i < n; i++) yield i * unit;
}

function score(i: number): unknown[] {
  return [
    helper(i),
    counted(i),
    all.counted(i),
    fallback(i),
    table[i],
    path.basename('/a/b.c'),
    format('%d', i),
    isEven(i),
    new Square().area(),
    Square.list,
    [...numbers(3)],
    new Model().predict(i),
    typeof path.posix.join,
  ];
}

/** Exported by the entry script, which no worker may load again. */
export function exported(i: number): number {
  return i * factor + all.unit;
}

function failing(i: number): number {
  if (i === 1) {
    throw new RangeError('marked'); // THE LINE
  }
  return i;
}

async function main(): Promise<void> {
  const backend = process.argv[2] as 'processes' | 'threads' | 'sequential';
  const options = { jobs: backend === 'sequential' ? 1 : 2, backend };
  const scores = await map([0, 1, 2], score, options);
  const laters = await map([1, 2], later, options);
  const inline = await map([1, 2], (x) => x * factor + table.length, options);
  const owned = await map([1, 2], exported, options);
  const model = invoker(new Model(), (m, i: number) => [m.predict(i), m instanceof Model], options);
  const models = await model.map([0, 1, 2]).toArray();
  await model.shutdown();
  const returned = await map([1], () => new Model(), options);
  let stack = '';
  try {
    await map([0, 1], failing, options);
  } catch (error) {
    stack = String(((error as TaskError).cause as Error | undefined)?.stack ?? error);
  }
  const own = returned[0] instanceof Model;
  console.log(JSON.stringify({ scores, laters, inline, owned, models, own, stack }));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
