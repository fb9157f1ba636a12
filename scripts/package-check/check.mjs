// Runs what the package promises to do without anything else; argument: 'bare', 'system'
// or 'emulated' (an emulator knows no way to start further processes of this Node).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import * as heddle from 'heddle';
import { blasInfo, cholesky, matmul, matmulSync, solve } from 'heddle/linalg';
import { defaultRng } from 'heddle/random';

const bare = process.argv[2] === 'bare';
const n = 200;
const matrix = (fill) => ({
  data: Float64Array.from({ length: n * n }, (_, at) => fill(Math.floor(at / n), at % n)),
  shape: [n, n],
});
const close = (a, b, what) => assert.ok(Math.abs(a - b) < 1e-9 * n, `${what}: ${a} and ${b}`);

/** Names of the shared libraries that this process has. */
function mapped() {
  const files = readFileSync('/proc/self/maps', 'utf8').matchAll(/\s(\/\S+\.(?:so[\d.]*|node))$/gm);
  return [...new Set([...files].map((match) => path.basename(match[1])))];
}

const a = matrix((i, j) => Math.sin(i + 2 * j) / n + (i === j ? 1 : 0));
const b = matrix((i, j) => Math.cos(2 * i - j));
const c = await matmul(a, b);
for (const [i, j] of [
  [0, 0],
  [3, 199],
  [199, 7],
]) {
  let sum = 0;
  for (let k = 0; k < n; k++) sum += a.data[i * n + k] * b.data[k * n + j];
  close(c.data[i * n + j], sum, 'matmul');
}
assert.deepEqual(matmulSync(a, b).data, c.data);

const symmetric = matmulSync(a, { data: a.data, shape: [n, n], stride: [1, n] });
const factor = await cholesky(symmetric);
let product = 0;
for (let k = 0; k < n; k++) product += factor.data[5 * n + k] * factor.data[9 * n + k];
close(product, symmetric.data[5 * n + 9], 'cholesky');

const x = await solve(a, c);
close(x.data[17 * n + 4], b.data[17 * n + 4], 'solve');

const info = blasInfo();
assert.equal(path.basename(info.file), 'libopenblas-heddle.so');

const installed = path.dirname(new URL(import.meta.resolve('heddle')).pathname);
const { native } = await import(pathToFileURL(path.join(installed, 'native.js')).href);
assert.equal(native.openmp.kind(), 'openmp', 'the OpenMP kernels can be opened');
assert.equal(native.openmp.teamSize(2), 2);
const libraries = mapped();
if (bare) assert.ok(libraries.includes('libgomp-heddle.so.1'), 'the bundled libgomp is in use');
else if (process.argv[2] === 'system')
  assert.ok(!libraries.includes('libgomp-heddle.so.1'), "the system's libgomp comes first");

// The first number of NumPy's default_rng(42).
assert.equal(defaultRng(42).random(), 0.7739560485559633);

for (const backend of ['processes', 'threads', 'sequential']) {
  if (backend === 'processes' && process.argv[2] === 'emulated') continue;
  const run = heddle.invoker(
    { weights: Float64Array.of(1, 2, 3) },
    (model, task) => model.weights[task] * 2,
    { backend, jobs: backend === 'sequential' ? 1 : 2 },
  );
  assert.deepEqual(await run.map([0, 1, 2]).toArray(), [2, 4, 6]);
  await run[Symbol.asyncDispose]();
}

if (process.argv[2] !== 'emulated') {
  const { Cluster } = await import('heddle/cluster');
  const cluster = await Cluster.start({ n: 2 });
  const view = (await cluster.client()).directView();
  await view.push({ seven: 7 });
  assert.deepEqual(await view.apply(() => globalThis.seven * 6), [42, 42]);
  await cluster.stop();
}

const foreign = libraries.filter(
  (name) =>
    !/^(ld-linux.*|lib(c|m|dl|pthread|rt|stdc\+\+|gcc_s)[-.].*|heddle.*\.node|lib.*heddle.*)$/.test(
      name,
    ),
);
if (bare) assert.deepEqual(foreign, []);
console.log(
  `Node ${process.versions.node}: ${info.library ?? info.kind ?? 'BLAS'} ${info.version}, ` +
    `${info.architecture}, OpenMP team of 2, invokers`,
);
