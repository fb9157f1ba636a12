/**
 * Classes of actors that tests make.
 */
import type { ActorHandle } from 'heddle/cluster';

export class Counter {
  count: number;
  constructor(start = 0) {
    if (start < 0) throw new RangeError(`a start of ${start}`);
    this.count = start;
  }
  add(n = 1): number {
    this.count += n;
    return this.count;
  }
  read(): number {
    return this.count;
  }
  pid(): number {
    return process.pid;
  }
  fail(): never {
    throw new TypeError(`failed at ${this.count}`);
  }
  async later(ms: number): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return this.count;
  }
  exit(code: number): void {
    process.exit(code);
  }
}

export class Child extends Counter {
  override add(n = 1): number {
    return super.add(2 * n);
  }
  own(): string {
    return 'own';
  }
}

export class Numbers {
  log: string[] = [];
  *upTo(n: number): Generator<number, string, number | undefined> {
    try {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += (yield i) ?? 0;
      return `sum ${sum}`;
    } finally {
      this.log.push('done');
    }
  }
  async *slowly(n: number): AsyncGenerator<Float64Array> {
    for (let i = 0; i < n; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      yield new Float64Array(200_000).fill(i);
    }
  }
  *failing(): Generator<number> {
    yield 1;
    throw new RangeError('no more');
  }
  *catching(): Generator<string> {
    try {
      yield 'first';
    } catch (error) {
      yield `caught ${(error as Error).message}`;
    }
  }
  logged(): string[] {
    return this.log;
  }
}

export class Caller {
  async addTo(counter: ActorHandle<Counter>, times: number): Promise<number[]> {
    const results: Promise<number>[] = [];
    for (let i = 0; i < times; i++) results.push(counter.add(1));
    return await Promise.all(results);
  }
  async sum(handle: ActorHandle<Numbers>): Promise<number> {
    let sum = 0;
    for await (const value of handle.upTo(4)) sum += value;
    return sum;
  }
  async caught(counter: ActorHandle<Counter>): Promise<[string, string]> {
    return await counter.fail().catch((error: Error) => [error.name, error.message]);
  }
  keep(handle: ActorHandle<Counter>): void {
    this.kept = handle;
  }
  kept: ActorHandle<Counter> | null = null;
  async viaKept(): Promise<number> {
    return await this.kept!.add(10);
  }
}

export class Gate {
  #open: (() => void)[] = [];
  async wait(): Promise<string> {
    await new Promise<void>((resolve) => this.#open.push(resolve));
    return 'through';
  }
  open(): number {
    const waiting = this.#open.splice(0);
    for (const resolve of waiting) resolve();
    return waiting.length;
  }
}
