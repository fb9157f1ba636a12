import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../../src/functions/index.ts';
import { decode, discard, encode, share } from '../../src/codec/index.ts';
import { shared, sharedMemoryInfo } from '../../src/memory/index.ts';
import { native } from '../../src/native.ts';
import { collect } from '../helpers/collect.ts';
import { until } from '../parallel/support.ts';
import { Peer } from './peer/start.ts';

const LENGTH = 1 << 18; // 2 MiB of float64: above the size from which arrays are shared

const bytesOf = (view: unknown): Buffer => {
  const { buffer, byteOffset, byteLength } = view as Uint32Array<ArrayBuffer>;
  return Buffer.from(buffer, byteOffset, byteLength);
};

describe.each(['process', 'thread'] as const)('memory shared with a %s', (kind) => {
  let peer: Peer;
  beforeAll(async () => {
    peer = new Peer(kind);
    expect(await peer.call('echo', 1)).toBe(1);
  });
  afterAll(() => peer.end());

  it('carries big arrays both ways', async () => {
    const array = Float64Array.from({ length: LENGTH }, (_, i) => i);
    const output = (await peer.call('echo', { array, n: 1 })) as { array: Float64Array };
    expect(output.array).toEqual(array);
    expect(output.array.buffer.byteLength).toBe(array.byteLength);
    output.array[0] = 7;
    expect(output.array[0]).toBe(7);
    const made = (await peer.call('make', LENGTH)) as Float64Array;
    expect(made.length).toBe(LENGTH);
    expect(made.every((item) => item === 1.5)).toBe(true);
  });

  it('sends a message with a big array in a few hundred bytes', () => {
    const { message, release } = encode(new Float64Array(LENGTH), { to: kind, maxBytes: 1 << 20 });
    expect(JSON.stringify(message).length).toBeLessThan(600);
    release();
  });

  it('gives workers a copy-on-write view, in which they see the writes of the owner', async () => {
    const array = share(new Float64Array(LENGTH).fill(1));
    expect(await peer.call('sum', array)).toBe(LENGTH);
    array.fill(2);
    expect(await peer.call('sum', array)).toBe(2 * LENGTH);
    expect(await peer.call('fill', array)).toBe(3);
    expect(array[5]).toBe(2);
    expect(await peer.call('sum', array)).toBe(2 * LENGTH);
    const result = (await peer.call('echo', array)) as Float64Array;
    result.fill(9);
    expect(array[5]).toBe(2);
  });

  it('maps a shared array once, and anew when it has been written to', async () => {
    const array = share(new Float64Array(LENGTH).fill(1));
    await peer.call('keep', array);
    expect(await peer.call('hasBuffer', array)).toBe(true);
    array[LENGTH - 1] = 5;
    expect(await peer.call('sum', array)).toBe(LENGTH + 4);
    expect(await peer.call('hasBuffer', array)).toBe(true);
    // From here on what it kept is no longer what we have.
    expect(await peer.call('fill', array)).toBe(2);
    expect(await peer.call('hasBuffer', array)).toBe(false);
    expect(await peer.call('sum', array)).toBe(LENGTH + 4);
    // An array that was not shared on purpose has memory of its own in each message.
    const plain = new Float64Array(LENGTH).fill(1);
    await peer.call('keep', plain);
    expect(await peer.call('hasBuffer', plain)).toBe(false);
    // A result is the caller's own.
    const results = await Promise.all([1, 2].map(() => peer.call('echo', array)));
    const [one, two] = results as [Float64Array, Float64Array];
    one[0] = 9;
    expect(two[0]).toBe(1);
  });

  it('copies every byte, around huge pages and by several threads', async () => {
    const huge = 2 ** 21;
    for (const bytes of [huge - 8, huge, huge + 1032, 4 * huge + 4104, 11 * huge + 8]) {
      const array = new Uint32Array(bytes / 4);
      for (let i = 0; i < array.length; i++) array[i] = Math.imul(i, 0x9e3779b1);
      const same = (other: unknown) => Buffer.from(array.buffer).equals(bytesOf(other));
      expect(same(await peer.call('echo', array))).toBe(true);
      array.reverse();
      const moved = share(array);
      expect(same(moved)).toBe(true);
      expect(same(await peer.call('echo', moved))).toBe(true);
    }
  }, 30_000);

  it("shares writes with mode 'readwrite', and finds the same buffer when it comes back", async () => {
    const array = shared.zeros('float64', LENGTH);
    expect(await peer.call('fill', array)).toBe(1);
    expect(array[LENGTH - 1]).toBe(1);
    const back = (await peer.call('echo', array)) as Float64Array;
    expect(back.buffer).toBe(array.buffer);
    const small = shared.from([1, 2, 3], { dtype: 'int32' });
    const view = small.subarray(1);
    expect(await peer.call('echo', view)).toEqual(new Int32Array([2, 3]));
    expect(await peer.call('sum', view)).toBe(5);
  });

  it('counts right with Atomics from both sides', async () => {
    const counter = shared.zeros('int32', 1);
    const calls = [1, 2].map(() => peer.call('add', { counter, times: 50_000 }));
    for (let i = 0; i < 50_000; i++) Atomics.add(counter, 0, 1);
    await Promise.all(calls);
    expect(counter[0]).toBe(150_000);
  });

  it('uses memory again only when no receiver has it any more', async () => {
    const one = new Float64Array(LENGTH).fill(1);
    await peer.call('keep', one);
    for (let i = 2; i < 12; i++) {
      expect(await peer.call('sum', new Float64Array(LENGTH).fill(i))).toBe(i * LENGTH);
    }
    const results: Float64Array[] = [];
    for (let i = 0; i < 10; i++) results.push((await peer.call('make', LENGTH)) as Float64Array);
    results.forEach((result, i) => {
      result.fill(i);
    });
    results.forEach((result, i) => {
      expect(result[LENGTH - 1]).toBe(i);
    });
  });

  it('tells a handle whose memory was used anew or is gone', async () => {
    // A size of its own, as memory is used again for the same size.
    const length = LENGTH + (kind === 'process' ? 1 : 2);
    const { message, release } = encode(new Float64Array(length), { to: kind, maxBytes: 1 << 20 });
    const copy = structuredClone(message);
    release();
    const next = encode(new Float64Array(length).fill(1), { to: kind, maxBytes: 1 << 20 });
    expect(() => decode(copy)).toThrow(/is gone/);
    await expect(peer.post('sum', copy)).rejects.toThrow(/is gone/);
    expect(await peer.post('sum', next.message)).toBe(length);
    next.release();
  });

  it('lists segments with those who map them', async () => {
    const array = shared.zeros('float64', LENGTH + (kind === 'process' ? 3 : 4));
    await peer.call('keep', array);
    const { segments, bytes } = sharedMemoryInfo();
    const info = segments.find((segment) => segment.bytes === array.byteLength)!;
    expect(info.owner).toBe(process.pid);
    expect(info.mappedBy).toEqual([...new Set([process.pid, peer.pid])].sort((a, b) => a - b));
    expect(info.inode).toBeGreaterThan(0);
    expect(bytes).toBeGreaterThanOrEqual(array.byteLength);
  });
});

it('keeps structure, identity and what needs no move in share()', () => {
  const plain = { name: 'x', list: [1, 2] };
  class Model {
    weights = new Float64Array([1, 2, 3]);
    plain = plain;
    self: Model = this;
    get size() {
      return this.weights.length;
    }
  }
  const model = new Model();
  const input = { model, map: new Map([['w', model.weights]]), big: new Float32Array(40_000) };
  const output = share(input);
  expect(output).not.toBe(input);
  expect(output.model).toBeInstanceOf(Model);
  expect(output.model.size).toBe(3);
  expect(output.model.self).toBe(output.model);
  expect(output.model.plain).toBe(plain);
  expect(output.map.get('w')).toBe(output.model.weights);
  expect(output.model.weights).toEqual(model.weights);
  expect(output.model.weights).not.toBe(model.weights);
  expect(share(output)).toBe(output);
  expect(share(plain)).toBe(plain);
  expect(share(3)).toBe(3);
  const common = new Float64Array(new SharedArrayBuffer(1 << 20)).fill(3);
  expect(share(common)).toEqual(new Float64Array(1 << 17).fill(3));
  expect(() => share(input, { mode: 'x' as 'readwrite' })).toThrow(/mode/);
});

it('makes arrays of every kind and shape', () => {
  const matrix = shared.zeros('float32', [2, 3]);
  expect(matrix.shape).toEqual([2, 3]);
  expect(matrix.data).toEqual(new Float32Array(6));
  expect(shared.zeros('int64', 2)).toEqual(new BigInt64Array(2));
  expect(shared.zeros('float64', 0).length).toBe(0);
  expect(shared.from(new Uint16Array([1, 2]))).toEqual(new Uint16Array([1, 2]));
  expect(shared.from(new Set([1.5]))).toEqual(new Float64Array([1.5]));
  expect(() => shared.zeros('float16' as 'float32', 1)).toThrow(TypeError);
  expect(() => shared.zeros('float32', -1)).toThrow(RangeError);
});

it('gives four processes a model of 1 GiB that costs none of them memory of its own', async () => {
  const bytes = 2 ** 30;
  const model = shared.zeros('float64', bytes / 8, { mode: 'copyonwrite' });
  for (let i = 0; i < model.length; i += 512) model[i] = 1;
  const peers = [1, 2, 3, 4].map(() => new Peer('process'));
  const measure = async (value: Float64Array) => {
    const list = await Promise.all(peers.map((peer) => peer.call('privateBytes', value)));
    return list as { sum: number; bytes: number }[];
  };
  const total = (list: { bytes: number }[]) => list.reduce((sum, item) => sum + item.bytes, 0);
  try {
    // Twice, so that what the processes themselves need to run this is there before.
    await measure(new Float64Array(1 << 16));
    const before = await measure(new Float64Array(1 << 16));
    const after = await measure(model);
    expect(after.map(({ sum }) => sum)).toEqual(Array(4).fill(model.length / 512));
    expect(total(after) - total(before)).toBeLessThan(bytes / 100);
  } finally {
    await Promise.all(peers.map((peer) => peer.end()));
  }
});

it('leaves nothing behind, however its users die', async () => {
  const files = () => readdirSync('/dev/shm').filter((name) => name.includes('heddle')).length;
  const before = files();
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const open = descriptors();
  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGABRT'] as const) {
    const peer = new Peer('process');
    const result = (await peer.call('make', LENGTH)) as Float64Array;
    await peer.call('keep', new Float64Array(LENGTH));
    await peer.end(signal);
    // The memory outlives the process that made it as long as somebody here has it.
    expect(result[LENGTH - 1]).toBe(1.5);
    const held = readFileSync('/proc/self/maps', 'latin1').includes(`/memfd:heddle:${peer.pid}`);
    expect(held).toBe(true);
  }
  expect(files()).toBe(before);
  expect(descriptors()).toBeLessThan(open + 40);
});

it('frees what is never decoded', () => {
  const { message, release } = encode(new Float64Array(LENGTH), {
    to: 'process',
    maxBytes: 1 << 20,
    receivers: 'one',
  });
  release();
  const before = sharedMemoryInfo().waitingBytes;
  expect(before).toBeGreaterThanOrEqual(LENGTH * 8);
  discard(structuredClone(message));
  const again = encode(new Float64Array(LENGTH), { to: 'process', maxBytes: 1 << 20 });
  expect(sharedMemoryInfo().waitingBytes).toBeLessThan(before);
  again.release();
});

it('copies through the message where no descriptor is left, and says so where it must share', () => {
  const program = `
    import { openSync } from 'node:fs';
    import { decode, encode, share } from ${JSON.stringify(new URL('../../dist/codec/index.js', import.meta.url).href)};
    const array = new Float64Array(1 << 18).fill(3);
    const options = { to: 'process', maxBytes: 1 << 20 };
    share(new Float64Array(1 << 16)); // all is loaded
    try { for (;;) openSync('/dev/null'); } catch {}
    const { message, release } = encode({ array }, options);
    let error;
    try { share(array); } catch (e) { error = [e.code, e.message]; }
    console.log(JSON.stringify([decode(structuredClone(message)).array[5], error]));
    release();
  `;
  const script = `ulimit -n 100; exec ${process.execPath} --input-type=module -e "$0"`;
  const [value, error] = JSON.parse(
    execFileSync('/bin/sh', ['-c', script, program], { encoding: 'utf8' }),
  ) as [number, [string, string]];
  expect(value).toBe(3);
  expect(error[0]).toBe('ERR_HEDDLE_SHARED_MEMORY');
  expect(error[1]).toMatch(/creating shared memory: Too many open files/);
});

const hugePage = '/sys/kernel/mm/transparent_hugepage/hpage_pmd_size';

it.runIf(existsSync(hugePage))('advises huge pages, and begins at one', () => {
  const bytes = 2 * Number(readFileSync(hugePage, 'latin1'));
  const array = shared.zeros('uint8', bytes);
  const { inode } = sharedMemoryInfo().segments.find((segment) => segment.bytes === bytes)!;
  const maps = readFileSync('/proc/self/smaps', 'latin1').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const own = maps.find((part) => new RegExp(`^\\S+ rw-s 0+ \\S+ ${inode} `).test(part))!;
  expect(/^VmFlags:.* hg\b/m.test(own)).toBe(true);
  expect(Number.parseInt(own, 16) % (bytes / 2)).toBe(0);
  expect(array.length).toBe(bytes);
});

describe('a large copy-on-write mapping', () => {
  const bytes = 40 * 2 ** 20;

  /** As a worker gets a model. */
  function mapped(value: number): { buffer: ArrayBuffer; mappings: () => number } {
    const segment = native.memory.create(bytes);
    native.memory.write(segment, new Uint8Array(bytes).fill(value), 'once', 1);
    const buffer = native.memory.map(segment, 'lent');
    return { buffer, mappings: () => native.memory.mappings(segment) };
  }

  const unmapped = (mappings: () => number): Promise<void> =>
    until(() => {
      collect();
      return mappings() === 0;
    }, 'that nothing is mapped any more');

  it('is no reason for the engine to collect garbage', () => {
    collect();
    const before = process.memoryUsage();
    const { buffer } = mapped(1);
    const after = process.memoryUsage();
    // Of the array it was filled from, and nothing of the mapping.
    expect(after.external - before.external).toBeLessThan(1.5 * bytes);
    expect(new Uint8Array(buffer)[bytes - 1]).toBe(1);
  });

  it('lives as long as what its bytes are transferred to, and no longer', async () => {
    const { buffer, mappings } = mapped(3);
    let moved: Uint8Array | null = structuredClone(new Uint8Array(buffer), { transfer: [buffer] });
    expect(buffer.byteLength).toBe(0);
    for (let i = 0; i < 5; i++) collect();
    expect(mappings()).toBe(1);
    expect(moved[bytes - 1]).toBe(3);
    moved[0] = 4;
    moved = null;
    await unmapped(mappings);
  });

  it('is counted where there are many of them', async () => {
    collect();
    const before = process.memoryUsage().external;
    const segment = native.memory.create(bytes);
    let buffers: ArrayBuffer[] = Array.from({ length: 9 }, () =>
      native.memory.map(segment, 'lent'),
    );
    // Six of them are as much as is not counted.
    expect(process.memoryUsage().external - before).toBeGreaterThan(2.5 * bytes);
    expect(buffers.every((buffer) => buffer.byteLength === bytes)).toBe(true);
    buffers = [];
    await unmapped(() => native.memory.mappings(segment));
  });
});
