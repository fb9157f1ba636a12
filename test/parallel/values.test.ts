/**
 * What comes back equals what went: arbitrary graphs of values through the real backends.
 */

import { afterAll, describe, expect, it } from 'vitest';
import { map, shutdownWorkers } from '../../src/index.ts';
import { difference } from '../helpers/isomorphic.ts';
import { fc } from '../helpers/seeds.ts';
import { anyValue } from '../helpers/values.ts';
import { workerBackends } from './support.ts';

const leaf = fc.oneof(
  anyValue,
  fc.constantFrom<unknown>(-0, undefined, Number.NaN, Symbol.for('x'), Symbol.iterator, /a+/gi),
);

type ViewType = (new (
  buffer: ArrayBuffer,
  offset: number,
  length: number,
) => ArrayBufferView) & {
  readonly BYTES_PER_ELEMENT?: number;
};
const views: readonly ViewType[] = [Float64Array, Float32Array, Int32Array, Uint8Array, DataView];

/** What a graph is made of: nodes, and what is put into them, other nodes among it. */
const recipe = fc.record({
  nodes: fc.array(fc.constantFrom('object', 'array', 'map', 'set', 'error', 'bare'), {
    minLength: 1,
    maxLength: 6,
  }),
  edges: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.string()), { maxLength: 12 }),
  leaves: fc.array(fc.tuple(fc.nat(), leaf, fc.string()), { maxLength: 6 }),
  // In units of 8 bytes; some buffers are large enough to travel in shared memory.
  buffers: fc.array(fc.integer({ min: 1, max: 1024 }), { maxLength: 2 }),
  views: fc.array(
    fc.tuple(fc.nat(), fc.nat(), fc.constantFrom<ViewType>(...views), fc.nat(), fc.nat()),
    { maxLength: 5 },
  ),
});

type Recipe = typeof recipe extends fc.Arbitrary<infer R> ? R : never;

function makeNode(kind: Recipe['nodes'][number], index: number): object {
  switch (kind) {
    case 'object':
      return {};
    case 'array':
      return new Array(index); // holes
    case 'map':
      return new Map();
    case 'set':
      return new Set();
    case 'error':
      return new RangeError(`error ${index}`, { cause: { index } });
    case 'bare':
      return Object.create(null) as object;
  }
}

function put(node: object, key: string, value: unknown): void {
  if (Array.isArray(node)) node.push(value);
  else if (node instanceof Map) node.set(key.length % 2 === 0 ? key : value, value);
  else if (node instanceof Set) node.add(value);
  // What an error has of its own under these names is hidden, and stays so.
  else if (node instanceof Error && ['name', 'message', 'stack', 'cause', 'errors'].includes(key)) {
    return;
  } else {
    const settings = { value, enumerable: true, writable: true, configurable: true };
    Object.defineProperty(node, key, settings);
  }
}

function build({ nodes: kinds, edges, leaves, buffers: lengths, views: cuts }: Recipe): object {
  const nodes = kinds.map(makeNode);
  const node = (n: number) => nodes[n % nodes.length]!;
  for (const [from, to, key] of edges) put(node(from), key, node(to));
  for (const [at, value, key] of leaves) put(node(at), key, value);
  const buffers = lengths.map((length) => {
    const bytes = Uint8Array.from({ length: length * 8 }, (_, i) => i * 7);
    return bytes.buffer;
  });
  if (buffers.length > 0) {
    cuts.forEach(([at, which, View, from, size], i) => {
      const buffer = buffers[which % buffers.length]!;
      const start = from % (buffer.byteLength / 8);
      const most = buffer.byteLength / 8 - start;
      const bytes = (size % (most + 1)) * 8;
      const length = bytes / (View.BYTES_PER_ELEMENT ?? 1);
      put(node(at), `view ${i}`, new View(buffer, start * 8, length));
    });
  }
  return nodes[0]!;
}

afterAll(() => shutdownWorkers({ kill: true }));

describe.each(workerBackends)('arbitrary values through %s', (_name, options) => {
  it('come back as they went', async () => {
    const graphs = fc.array(fc.oneof(recipe.map(build), leaf), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(graphs, fc.constantFrom(1, 1024, 1 << 20), async (values, maxBytes) => {
        const results = await map(values, (value) => value, { ...options, maxBytes });
        values.forEach((value, i) => {
          expect(difference(value, results[i])).toBe(null);
        });
      }),
      { numRuns: 300 },
    );
  }, 120_000);

  it('give every array the buffer that it had', async () => {
    const two = (values: readonly Float64Array[]) =>
      values
        .map(({ buffer }) => buffer.byteLength)
        .concat(new Set(values.map((v) => v.buffer)).size);
    const [there] = await map([[new Float64Array(1), new Float64Array(3)]], two, options);
    expect(there).toEqual([8, 24, 2]);
    const [made] = await map([1], (n) => [new Float64Array(n), new Float64Array(n)], options);
    expect(two(made!)).toEqual([8, 8, 2]);
  });
});

it('the comparison sees what differs', () => {
  const one = { n: 1 };
  const buffer = new ArrayBuffer(32);
  const differing: [unknown, unknown][] = [
    [0, -0],
    [
      [one, one],
      [{ n: 1 }, { n: 1 }],
    ],
    [
      [{ n: 1 }, { n: 1 }],
      [one, one],
    ],
    [new Array(1), [undefined]],
    [new Map([[1, 2]]), new Map([[2, 1]])],
    [new Error('a'), new RangeError('a')],
    [{ a: 1 }, { a: 1, b: undefined }],
    [
      [new Uint8Array(buffer, 0, 8), new Uint8Array(buffer, 8, 8)],
      [new Uint8Array(8), new Uint8Array(8)],
    ],
    [
      [new Uint8Array(buffer, 0, 8), new Uint8Array(buffer, 8, 8)],
      [new Uint8Array(buffer, 0, 8), new Uint8Array(buffer, 16, 8)],
    ],
  ];
  for (const [a, b] of differing) expect(difference(a, b)).not.toBe(null);
});
