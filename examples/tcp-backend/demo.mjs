// @ts-check
// Starts a server in a second process, and runs tasks there: node demo.mjs
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { invoker, map, shutdownWorkers } from 'heddle';
import { tcp } from './backend.mjs';

const program = fileURLToPath(new URL('server.mjs', import.meta.url));
const server = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
const [line] = await once(server.stdout.setEncoding('utf8'), 'data');
const port = Number(/:(\d+)/.exec(line)?.[1]);

const backend = tcp({ port, workers: 2 });
const squares = await map(Array(1000).keys(), (x) => x * x, { backend });
console.log('the last of a thousand squares:', squares.at(-1));

const scale = 3;
const table = new Float64Array(100_000).fill(scale);
const scorer = invoker(table, (data, i) => data[i] * scale, { backend });
console.log('with a model:', await scorer.map([1, 2, 3]).toArray());
await scorer.shutdown();

const pids = await map([1, 2], (_, { worker }) => worker.pid, { backend, batchSize: 1 });
console.log('in other processes:', !pids.includes(process.pid));

try {
  await map([1], () => process.exit(3), { backend });
} catch (error) {
  const { code, exitCode } = /** @type {import('heddle').WorkerCrashedError} */ (error);
  console.log('a crash:', code, exitCode);
}

shutdownWorkers();
server.kill();
