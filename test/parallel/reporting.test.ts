/**
 * Reports about a program trust nothing that the program can change: a job ends with the first truth.
 */
import { describe, expect, it } from 'vitest';
import { runProgram } from './support.ts';

/** What a program may do to what reports are made with, in the environment of a task or its own. */
const changes: Readonly<Record<string, string>> = {
  'stacks that are structures': 'Error.prepareStackTrace = (_, frames) => frames;',
  'stacks that can not be made': "Error.prepareStackTrace = () => { throw new Error('no'); };",
  'a frozen stack limit':
    "Object.defineProperty(Error, 'stackTraceLimit', { value: 3, writable: false });",
  'no way to make stacks': 'Error.captureStackTrace = undefined;',
  'another way to make stacks': "Error.captureStackTrace = () => { throw new Error('no'); };",
  'texts of functions that are others':
    "Function.prototype.toString = () => 'function () { return 42; }';",
  'no stack limit': 'delete Error.stackTraceLimit;',
  'frozen prototypes':
    'for (const one of [Object, Array, Error, Map, Promise]) { Object.freeze(one.prototype); Object.freeze(one); }',
  'JSON that throws': "JSON.stringify = JSON.parse = () => { throw new Error('json'); };",
};

const all = ['sequential', 'threads', 'processes'];

/** Runs three tasks in one batch, of which the second throws, and prints what comes of them. */
const program = (here: string, there: string, backends = all): string => `
  ${here}
  const work = (x) => {
    ${there}
    console.log('line', x);
    if (x === 2) throw Object.assign(new RangeError('two'), { code: 'E_TWO' });
    return { x };
  };
  for (const backend of ${JSON.stringify(backends)}) {
    const options = { backend, jobs: backend === 'sequential' ? 1 : 2, batchSize: 3 };
    const error = await heddle.map([1, 2, 3], work, options).then(() => null, (e) => e);
    const all = await heddle.map([1, 2, 3], work, { ...options, returnErrors: true });
    const seen = [error.code, error.index, error.cause instanceof RangeError, error.cause.code];
    process.stdout.write([backend, ...seen, typeof error.stack].join(' ') + '\\n');
    process.stdout.write(all.map((one) => one.value?.x ?? one.reason.message).join(' ') + '\\n');
  }
  process.exit(0);
`;

const expected = (backends: readonly string[]): string =>
  backends
    .map(
      (backend) =>
        `${backend} ERR_HEDDLE_TASK 1 true E_TWO string\n1 Task 1 (2) failed: RangeError: two 3\n`,
    )
    .join('');

const ours = (stdout: string): string => stdout.replaceAll(/^(?:\[worker.*\] )?line.*\n/gm, '');

describe.each(Object.entries(changes))('%s', (name, change) => {
  // A program that can't use JSON itself is another matter; what its tasks do must not spoil messages.
  const hopeless = name.startsWith('JSON');
  const backends = hopeless ? all.slice(1) : all;

  it('in the workers leave errors what they are', () => {
    // The sequential backend runs the tasks here: its own environment is changed, too.
    const { stdout, stderr, code } = runProgram(program('', change, backends));
    expect(ours(stdout), stderr).toBe(expected(backends));
    expect(code).toBe(0);
  });

  if (hopeless) return;
  it('in the program leave errors what they are', () => {
    const { stdout, stderr, code } = runProgram(program(change, '', backends));
    expect(ours(stdout), stderr).toBe(expected(backends));
    expect(code).toBe(0);
  });
});

const objects: Readonly<Record<string, string>> = {
  'an error whose members throw': `(() => {
    const error = new RangeError('two');
    for (const key of ['name', 'message', 'stack', 'cause', 'more'])
      Object.defineProperty(error, key, { enumerable: true, get() { throw new Error('got'); } });
    return error;
  })()`,
  'an object whose members throw':
    '({ get stack() { throw 1; }, get message() { throw 2; }, toString() { throw 3; }, toJSON() { throw 4; } })',
  'a proxy that throws':
    "new Proxy({}, { get() { throw new Error('got'); }, getPrototypeOf() { throw new Error('got'); } })",
  'a symbol': "Symbol('own')",
  undefined: 'undefined',
};

it.each(Object.entries(objects))('%s that is thrown is an error of its task', (_name, thrown) => {
  const { stdout, stderr } = runProgram(`
    for (const backend of ['threads', 'processes']) {
      const all = await heddle.map([1, 2, 3], (x) => { if (x === 2) throw ${thrown}; return x; },
        { backend, jobs: 2, batchSize: 3, returnErrors: true });
      console.log(all.map((one) => one.value ?? one.reason.code).join(' '));
    }
    process.exit(0);
  `);
  expect(stdout, stderr).toBe('1 ERR_HEDDLE_TASK 3\n1 ERR_HEDDLE_TASK 3\n');
});

it.each([
  'Array.prototype.push',
  'Array.prototype.every',

  'Object.keys',
  'Promise.prototype.then',
])('a job ends where a task has replaced %s by what throws', (path) => {
  const { stdout, stderr } = runProgram(`
      const work = async (x) => {
        ${path} = () => { throw new Error('replaced'); };
        if (x === 2) throw new RangeError('two');
        return { x };
      };
      for (const backend of ['threads', 'processes']) {
        const error = await heddle.map([1, 2, 3], work, { backend, jobs: 2, batchSize: 3 }).catch((e) => e);
        const truth = /two|replaced/.test(error.message);
        console.log(truth && /^ERR_HEDDLE_(TASK|WORKER_CRASHED)$/.test(error.code) ? 'ended' : error);
      }
      process.exit(0);
    `);
  expect(stdout, stderr).toBe('ended\nended\n');
});

describe('an exception outside of tasks', () => {
  it('of a worker without a task is logged, and told with its end', () => {
    const { stdout, stderr } = runProgram(`
      import { channel } from 'node:diagnostics_channel';
      setInterval(() => {}, 1000);
      for (const backend of ['threads', 'processes']) {
        const ended = new Promise((resolve) => {
          channel('heddle:worker:ended').subscribe((event) => {
            if (event.error && event.backend === backend) resolve(event);
          });
        });
        const late = (x) => { setTimeout(() => { throw new RangeError('late'); }, 20); return x; };
        await heddle.map([1], late, { backend, jobs: 2 });
        const { error, code } = await ended;
        console.log(backend, code, error.message);
        console.log(await heddle.map([1, 2], (x) => x + 1, { backend, jobs: 2 }));
      }
      process.exit(0);
    `);
    expect(stdout, stderr).toBe('threads 1 late\n[ 2, 3 ]\nprocesses 1 late\n[ 2, 3 ]\n');
    const lines = stderr.match(
      /^\[worker \d+ error\] Uncaught in a worker that had no task.*: late$/gm,
    );
    expect(lines).toHaveLength(2);
  });

  it('is not counted against the task that happens to run', () => {
    const { stdout, stderr } = runProgram(`
      for (const backend of ['threads', 'processes']) {
        for (const retries of [0, 1]) {
          // Both workers get a timer that throws when the other job tells it to, amid a task of that.
          const flag = heddle.shared.zeros('int32', 3);
          const late = async (x) => {
            setInterval(() => { if (Atomics.load(flag, 0) === 1) throw new RangeError('late'); }, 1);
            Atomics.add(flag, 1, 1);
            while (Atomics.load(flag, 1) < 2) await new Promise((resolve) => setTimeout(resolve, 1));
            return x;
          };
          const slow = (x) => {
            if (x === 6 || Atomics.add(flag, 2, 1) > 0) return x;
            Atomics.store(flag, 0, 1);
            return new Promise(() => { setInterval(() => {}, 1000); });
          };
          const options = { backend, jobs: 2, batchSize: 1, retries };
          await heddle.map([1, 2], late, options);
          const result = await heddle.map([5, 6], slow, options).catch((error) => {
            const { code, message } = error;
            const said = [/\\(RangeError: late\\)/, /outside of tasks/, /nd crash/];
            return [code, ...said.map((one) => one.test(message))];
          });
          console.log(result.join(' '));
          await heddle.shutdownWorkers({ kill: true });
        }
      }
      process.exit(0);
    `);
    expect(stdout, stderr).toBe('ERR_HEDDLE_WORKER_CRASHED true true false\n5 6\n'.repeat(2));
  });
});
