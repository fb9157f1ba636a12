/**
 * The other side in tests of memory: a process or a thread that decodes what it gets and does one
 * of a few things with it.
 */
import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import '../../../src/functions/index.ts';
import { decode, encode, loading } from '../../../src/codec/index.ts';

export interface Request {
  readonly id: number;
  readonly operation: keyof typeof operations;
  readonly message: unknown;
}

const kept: unknown[] = [];

const operations = {
  echo: (value: unknown) => value,
  keep(value: unknown) {
    kept.push(value);
    return kept.length;
  },
  /** Whether the array is on the memory of one that it was asked to keep. */
  hasBuffer: (value: unknown) =>
    kept.some((item) => (item as Float64Array).buffer === (value as Float64Array).buffer),
  sum: (value: unknown) => (value as Float64Array).reduce((sum, item) => sum + item, 0),
  fill(value: unknown) {
    const array = value as Float64Array;
    array.fill(array[0]! + 1);
    return array[0];
  },
  fillAndReturn: (value: unknown) => (value as Float64Array).fill(3),
  /** Reads everything and tells what this process has for itself alone, in bytes. */
  privateBytes(value: unknown) {
    const array = value as Float64Array;
    let sum = 0;
    for (let i = 0; i < array.length; i += 512) sum += array[i]!;
    kept.push(array);
    const rollup = readFileSync('/proc/self/smaps_rollup', 'latin1');
    let bytes = 0;
    for (const match of rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)) {
      bytes += Number(match[1]) * 1024;
    }
    return { sum, bytes };
  },
  make: (value: unknown) => new Float64Array(value as number).fill(1.5),
  add(value: unknown) {
    const { counter, times } = value as { counter: Int32Array; times: number };
    for (let i = 0; i < times; i++) Atomics.add(counter, 0, 1);
    return 0;
  },
  run: (value: unknown) => (value as () => unknown)(),
  class: (value: unknown) => (value as object).constructor.name,
};

async function answer({ id, operation, message }: Request): Promise<void> {
  const reply = (result: object) =>
    parentPort ? parentPort.postMessage(result) : process.send!(result);
  try {
    await loading(message);
    const value = await operations[operation](decode(message));
    const to = parentPort ? 'thread' : 'process';
    const { message: out, release } = encode(value, { to, maxBytes: 1 << 20, receivers: 'one' });
    reply({ id, message: out });
    release();
  } catch (error) {
    reply({ id, error: String(error) });
  }
}

if (parentPort) parentPort.on('message', answer);
else process.on('message', answer);
