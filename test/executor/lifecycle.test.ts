import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { addonFile } from '../../src/native.ts';
import { ended, startFixture } from '../helpers/child.ts';

describe('ending with operations in flight', () => {
  it('worker threads end cleanly', { timeout: 60_000 }, async () => {
    const result = await ended(startFixture('executor-lifecycle.mjs', ['terminate']), 50);
    expect(result).toMatchObject({ code: 0, signal: null, stdout: 'fine\n', stderr: '' });
  });

  it('the process exits at once, with its own status', { timeout: 60_000 }, async () => {
    const result = await ended(startFixture('executor-lifecycle.mjs', ['exit']), 50);
    expect(result).toMatchObject({ code: 7, signal: null, stderr: '' });
  });

  it('the addon outlives the only worker that loaded it', { timeout: 60_000 }, async () => {
    const result = await ended(startFixture('executor-lifecycle.mjs', ['unload']), 50);
    expect(result).toMatchObject({ code: 0, signal: null, stdout: 'fine\n', stderr: '' });
  });

  it('the addon may be loaded once more, as by a module registry that starts anew', async () => {
    const code = `
      const file = ${JSON.stringify(addonFile)};
      const first = require(file);
      delete require.cache[file];
      console.log(require(file) !== first);`;
    const result = await ended(spawn(process.execPath, ['-e', code]), 20);
    expect(result).toEqual({ code: 0, signal: null, stdout: 'true\n', stderr: '' });
  });
});

/** A thread's time on a processor, in ms, and whether it runs or is ready to. */
interface ThreadSample {
  readonly cpu: number;
  readonly runnable: boolean;
}

function sample(pid: number): Map<string, ThreadSample> {
  const threads = new Map<string, ThreadSample>();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8');
      const [nanoseconds] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ');
      threads.set(task, {
        cpu: Number(nanoseconds) / 1e6,
        runnable: stat.slice(stat.lastIndexOf(')') + 2).startsWith('R'),
      });
    } catch {
      // The thread has ended since the folder was read.
    }
  }
  return threads;
}

describe('the core budget', () => {
  // Three worker threads in blocking products, and the main thread with queued narrow and wide ones.
  for (const budget of [1, 2]) {
    it(`of ${budget} is never exceeded under a mixed load`, { timeout: 60_000 }, async () => {
      const env = { HEDDLE_MAX_CPU_COUNT: String(budget) };
      const child = startFixture('executor-load.mjs', ['3', '4.5'], { env });
      const end = ended(child, 50);
      await Promise.race([new Promise((resolve) => child.stdout?.once('data', resolve)), end]);

      const started = performance.now();
      let before = { at: started, threads: sample(child.pid!) };
      let windows = 0;
      let above = 0;
      let runnable = 0;
      while (performance.now() - started < 3500) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        const now = { at: performance.now(), threads: sample(child.pid!) };
        let cpu = 0;
        for (const [task, { cpu: total, runnable: ready }] of now.threads) {
          cpu += total - (before.threads.get(task)?.cpu ?? 0);
          if (ready) runnable++;
        }
        windows++;
        // What the kernel charged, JavaScript included, in every 50 ms.
        if (cpu > budget * (now.at - before.at) * 1.1 + 3) above++;
        before = now;
      }
      expect(windows).toBeGreaterThan(30);
      expect(above / windows).toBeLessThan(0.03);
      // Besides the threads that compute, some are seen between two calls, more of them the busier
      // the machine is; four or more would be ready all the time if each call took its own.
      expect(runnable / windows).toBeLessThan(budget + 1);

      const result = await end;
      expect(result).toMatchObject({ code: 0, stderr: '' });
      const stats = JSON.parse(result.stdout.trim().split('\n').at(-1)!);
      expect(stats.budget).toBe(budget);
      expect(stats.rounds).toBeGreaterThan(3); // blocking callers don't starve queued calls
      expect(stats.peak).toBe(budget);
    });
  }
});
