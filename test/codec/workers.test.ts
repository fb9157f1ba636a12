/**
 * What tasks throw and give back that is more than its properties, through real workers.
 */
import { spawnSync } from 'node:child_process';
import { map, shutdownWorkers, TaskError } from 'heddle';
import { afterAll, describe, expect, it } from 'vitest';
import { hasNodes, otherNode } from '../helpers/nodes.ts';
import { programArguments, rejection, root, workerBackends } from '../parallel/support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

/** Tasks that Node makes fail, with the name of the error. */
const failing: readonly (readonly [string, string, () => unknown])[] = [
  ['atob', 'InvalidCharacterError', () => atob('%')],
  ['structuredClone', 'DataCloneError', () => structuredClone(() => {})],
  [
    'a time-out',
    'TimeoutError',
    () =>
      new Promise((_, reject) => {
        const signal = AbortSignal.timeout(1);
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  ],
];

describe.each(workerBackends)('%s', (_name, options) => {
  it.each(failing)('the error of %s is the DOMException that it was', async (_what, name, fn) => {
    const error = await rejection(map([1], fn, options));
    expect(error).toBeInstanceOf(TaskError);
    const { cause } = error as { cause: DOMException };
    expect(Object.prototype.toString.call(cause)).toBe('[object DOMException]');
    expect(cause).toMatchObject({ name });
    expect(cause.code).toBeGreaterThan(0);
    expect((error as Error).message).toContain(`failed: ${name}: ${cause.message}`);
    const [given] = await map([cause], (e) => [e.name, e.code, String(e)], options);
    expect(given).toEqual([name, cause.code, String(cause)]);
  });

  it('an object that can not travel names itself, whoever sends it', async () => {
    const error = await rejection(map([1], () => ({ deep: new EventTarget() }), options));
    expect((error as Error).message).toMatch(/'result\.deep' .*it is an EventTarget/);
    const argument = map([{ signal: AbortSignal.abort() }], () => 1, options);
    expect(((await rejection(argument)) as Error).message).toMatch(
      /'tasks\[0\]\.signal'.*ctx\.signal/,
    );
  });
});

it.runIf(hasNodes('22', '24') || process.env.CI)(
  'other versions of Node show such errors',
  () => {
    const program = `
    const { map } = heddle;
    for (const backend of ['threads', 'processes']) {
      const error = await map([1], () => atob('%'), { backend, jobs: 1 }).catch((e) => e);
      console.error(error);
      console.log(error.cause.name, error.cause instanceof DOMException);
    }
    process.exit(0);
  `;
    for (const version of ['22', '24']) {
      const { stdout, stderr, status } = spawnSync(otherNode(version), programArguments(program), {
        cwd: root,
        encoding: 'utf8',
        timeout: 60_000,
      });
      expect(stdout).toBe('InvalidCharacterError true\n'.repeat(2));
      expect(stderr).toContain('InvalidCharacterError');
      expect(status).toBe(0);
    }
  },
  120_000,
);
