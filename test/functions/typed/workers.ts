// A module of worker functions, in TypeScript that erases: see typescript.test.ts.
export interface Row {
  readonly user: number;
  readonly weight: number;
}

const unit: number = 2;

export function score(row: Row): number {
  return row.user * row.weight * unit;
}

export function where(_row: Row): string {
  const { threadId } = process.getBuiltinModule('node:worker_threads');
  return `${process.pid} ${threadId}`;
}

export default class Model {
  readonly bias: number;
  constructor(bias: number) {
    this.bias = bias;
  }
  predict(row: Row): number {
    return score(row) + this.bias;
  }
}

export async function failing<T extends Row>(row: T): Promise<T> {
  await Promise.resolve();
  if (row.user === 2) throw new RangeError('marked'); // THE LINE
  return row;
}
