import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { cpuCount, describeParallel, watchBudget } from '../../src/index.ts';
import { ended, startFixture } from '../helpers/child.ts';
import '../helpers/built.ts';

const linux = process.platform === 'linux';

describe.runIf(linux && cpuCount() > 1)('the core budget of a running process', () => {
  it('follows taskset and a variable, in every place that has it, and tells its listeners', async () => {
    const child = startFixture('live-budget.mjs');
    const lines: string[] = [];
    let buffer = '';
    let arrived = () => {};
    child.stdout?.on('data', (chunk) => {
      buffer += chunk;
      const whole = buffer.split('\n');
      buffer = whole.pop() ?? '';
      lines.push(...whole);
      arrived();
    });
    const closed = ended(child, 100);
    const line = async (): Promise<unknown> => {
      while (lines.length === 0) {
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      }
      return JSON.parse(lines.shift() as string);
    };
    const all = cpuCount();
    const seen = (cores: number) => ({
      told: cores,
      budget: cores,
      described: cores,
      executor: cores,
      workers: cores,
    });
    expect(await line()).toEqual({ ready: all });
    execFileSync('taskset', ['-a', '-p', '-c', '0', String(child.pid)]);
    expect(await line()).toEqual(seen(1));
    execFileSync('taskset', ['-a', '-p', '-c', `0-${all - 1}`, String(child.pid)]);
    expect(await line()).toEqual(seen(all));
    // Then it sets HEDDLE_MAX_CPU_COUNT=1 by itself.
    expect(await line()).toEqual(seen(1));
    expect((await closed).code).toBe(0);
  });

  it('is followed by operations that wait, without any new one', async () => {
    const child = startFixture('live-budget-queue.mjs');
    child.stdout?.once('data', () => {
      execFileSync('taskset', ['-a', '-p', '-c', '0', String(child.pid)]);
    });
    const { code, stdout } = await ended(child, 100);
    expect(code).toBe(0);
    expect(stdout).toMatch(/budget 1$/m);
  });
});

it('a watch ends when it is disposed, and keeps no process alive', () => {
  const program = `
    const { watchBudget } = await import('./dist/index.js');
    watchBudget(() => {});
    console.log('end');`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(out).toBe('end\n');
  const { cores } = describeParallel();
  using _watch = watchBudget(() => {});
  expect(describeParallel().cores).toBe(cores);
  expect(() => watchBudget(undefined as never)).toThrow(TypeError);
});
