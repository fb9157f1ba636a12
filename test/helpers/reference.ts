/** NumPy's results as cases, the same operations here, and the comparison of the two. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Elements, Matrix, MatrixLike } from '../../src/linalg/index.ts';
import * as linalg from '../../src/linalg/index.ts';
import { python } from './debian.ts';

export interface CaseOptions {
  readonly op: string;
  readonly dtype: 'float64' | 'float32';
  readonly seed: number;
  readonly kind?: string;
  readonly shape?: readonly number[];
  readonly shapes?: readonly (readonly number[])[];
  readonly columns?: number;
  readonly options?: Readonly<Record<string, unknown>>;
}

interface Encoded {
  readonly shape: number[];
  readonly data: string;
}

export interface Case extends CaseOptions {
  readonly inputs: Readonly<Record<string, Encoded>>;
  readonly outputs?: Readonly<Record<string, Encoded & { readonly tolerance: number }>>;
  /** Where NumPy raised an error. */
  readonly error?: string;
}

const script = path.join(path.dirname(fileURLToPath(import.meta.url)), '../linalg/reference.py');

/** Asks NumPy. */
export function reference(cases: readonly CaseOptions[]): Case[] {
  const { status, stdout, stderr } = spawnSync(python, [script], {
    input: JSON.stringify(cases),
    maxBuffer: 1 << 28,
    encoding: 'utf8',
    env: { ...process.env, OPENBLAS_NUM_THREADS: '1' },
  });
  if (status !== 0) throw new Error(`reference.py failed: ${stderr}`);
  return JSON.parse(stdout) as Case[];
}

function bytes(encoded: Encoded): ArrayBuffer {
  return Uint8Array.from(Buffer.from(encoded.data, 'base64')).buffer;
}

/** The elements of an input, dense and row by row. */
export function elements(encoded: Encoded, dtype: CaseOptions['dtype']): Elements {
  const Type = dtype === 'float64' ? Float64Array : Float32Array;
  return new Type(bytes(encoded));
}

/** How an input lies in its buffer: scattered, with any order of axes and signs of strides. */
export interface Layout {
  readonly permuted: boolean;
  readonly reversed: boolean;
  readonly gap: number;
  readonly offset: number;
  readonly shared: boolean;
}

export const plain: Layout = {
  permuted: false,
  reversed: false,
  gap: 1,
  offset: 0,
  shared: false,
};

/** The input, laid out. What lies between its elements is NaN: nobody may read it. */
function lay(encoded: Encoded, dtype: CaseOptions['dtype'], layout: Layout): MatrixLike<Elements> {
  const dense = elements(encoded, dtype);
  const { shape } = encoded;
  if (layout === plain) return { data: dense, shape };
  const axes = shape.map((_, axis) => axis);
  if (!layout.permuted) axes.reverse();
  const stride = shape.map(() => 0);
  let step = layout.gap;
  for (const axis of axes) {
    stride[axis] = step;
    step *= Math.max(shape[axis]!, 1) + (layout.gap > 1 ? 1 : 0);
  }
  let { offset } = layout;
  if (layout.reversed) {
    for (const [axis, length] of shape.entries()) {
      offset += Math.max(length - 1, 0) * stride[axis]!;
      stride[axis] = -stride[axis]!;
    }
  }
  const Type = dtype === 'float64' ? Float64Array : Float32Array;
  const length = layout.offset + step + layout.gap;
  const size = length * Type.BYTES_PER_ELEMENT;
  const buffer = layout.shared ? new SharedArrayBuffer(size) : new ArrayBuffer(size);
  const data: Elements = new Type(buffer as ArrayBuffer);
  data.fill(Number.NaN);
  for (let index = 0; index < dense.length; index++) {
    let at = offset;
    for (let axis = shape.length - 1, rest = index; axis >= 0; axis--) {
      at += (rest % shape[axis]!) * stride[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    data[at] = dense[index]!;
  }
  return { data, shape, stride, offset };
}

type Outputs = Readonly<Record<string, Matrix | Int32Array | number>>;
// biome-ignore lint/suspicious/noExplicitAny: the operations are looked up by their names
type Operations = Record<string, (...args: any[]) => any>;

const infinities: Record<string, number> = {
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
};

/** Computes a case here, blocking or queued, and names the results as `reference.py` does. */
export async function compute(
  of: CaseOptions,
  inputs: Readonly<Record<string, MatrixLike<Elements>>>,
  queued: boolean,
): Promise<Outputs> {
  const operations = linalg as unknown as Operations;
  const call = (name: string, ...args: unknown[]) =>
    operations[queued ? name : `${name}Sync`]!(...args);
  const { a, b, x, y } = inputs;
  const options: Record<string, unknown> = { ...of.options };
  for (const key of ['ord', 'p']) {
    const text = options[key];
    if (typeof text === 'string' && text in infinities) options[key] = infinities[text];
  }
  switch (of.op) {
    case 'matmul':
    case 'solve':
      return { result: await call(of.op, a, b, options) };
    case 'luSolve':
      return { result: await call('luSolve', await call('luFactor', a), b, options) };
    case 'dot':
      return { value: await call('dot', x, y) };
    case 'axpy':
      return { result: await call('axpy', options.alpha, x, y) };
    case 'scale':
      return { result: await call('scale', options.alpha, x) };
    case 'norm':
    case 'cond':
    case 'matrixRank':
      return { value: await call(of.op, a, options) };
    case 'det':
      return { value: await call('det', a), ...(await call('slogdet', a)) };
    case 'svd':
      return { s: await call('svdvals', a) };
    case 'qr': {
      const result = await call('qr', a, options);
      return options.mode === 'r' ? { r: result } : result;
    }
    case 'eigh':
      return { eigenvalues: await call('eigvalsh', a, options) };
    case 'eig': {
      const { re, im } = await call('eigvals', a);
      const order = [...re.data.keys()].sort(
        (i, j) => re.data[i] - re.data[j] || im.data[i] - im.data[j],
      );
      const sorted = (part: Matrix) => ({
        ...part,
        data: part.data.map((_, i) => part.data[order[i]!]!),
      });
      return { re: sorted(re), im: sorted(im) };
    }
    case 'lstsq':
    case 'lu':
      return await call(of.op, a, ...(b === undefined ? [] : [b]), options);
    default:
      return { result: await call(of.op, a, options) };
  }
}

function elementsOf(result: Matrix | Int32Array | number): {
  shape: number[];
  data: ArrayLike<number>;
} {
  if (typeof result === 'number') return { shape: [], data: [result] };
  if (result instanceof Int32Array) return { shape: [result.length], data: result };
  return result;
}

/** Compares the results of one case; `layout` is that of its inputs. */
export async function check(of: Case, queued: boolean, layout: Layout = plain): Promise<void> {
  const inputs = Object.fromEntries(
    Object.entries(of.inputs).map(([name, encoded]) => [name, lay(encoded, of.dtype, layout)]),
  );
  const { op, dtype, seed, kind, shape, shapes, options } = of;
  const told = JSON.stringify({ op, dtype, seed, kind, shape, shapes, options, layout });
  if (of.error !== undefined) {
    await expect(compute(of, inputs, queued), told).rejects.toThrow(linalg.LinAlgError);
    return;
  }
  const outputs = await compute(of, inputs, queued);
  for (const [name, expected] of Object.entries(of.outputs!)) {
    const actual = elementsOf(outputs[name]!);
    const wanted = new Float64Array(bytes(expected));
    const cut = op === 'qr' && name === 'q' && options?.mode === 'complete';
    if (!cut) expect(actual.shape, `${name} of ${told}`).toEqual(expected.shape);
    const width = actual.shape.at(-1) ?? 1;
    const kept = expected.shape.at(-1) ?? 1;
    for (let index = 0; index < wanted.length; index++) {
      const at = cut ? Math.floor(index / kept) * width + (index % kept) : index;
      const value = actual.data[at]!;
      const close =
        Object.is(value, wanted[index]) ||
        value === wanted[index] ||
        Math.abs(value - wanted[index]!) <= expected.tolerance;
      if (!close) {
        expect.fail(
          `${name}[${index}] of ${told} is ${value}, not ${wanted[index]} ± ${expected.tolerance}`,
        );
      }
    }
  }
}
