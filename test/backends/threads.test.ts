/**
 * The ends of worker threads.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { map, shutdownWorkers, task } from 'heddle';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { rejection, sleep, until } from '../parallel/support.ts';

afterAll(() => shutdownWorkers({ kill: true }));

it('come after what is being loaded, whose descriptors would be left open', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'heddle-test-'));
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
  const notes = path.join(folder, 'notes');
  const module = path.join(folder, 'slow.mjs');
  fs.writeFileSync(
    module,
    `import fs from 'node:fs';
     fs.appendFileSync(${JSON.stringify(notes)}, 'begun ');
     await new Promise((resolve) => setTimeout(resolve, 500));
     fs.appendFileSync(${JSON.stringify(notes)}, 'loaded ');
     export const twice = (x) => 2 * x;`,
  );
  const read = () => (fs.existsSync(notes) ? fs.readFileSync(notes, 'utf8') : '');
  // A thread that gets no core for long is taken for one that loops: then it is tried again.
  for (let tries = 0; tries < 10 && !read().includes('loaded'); tries++) {
    fs.rmSync(notes, { force: true });
    const controller = new AbortController();
    const fn = task(pathToFileURL(module), 'twice') as never as (x: number) => number;
    const options = { backend: 'threads', jobs: 2, signal: controller.signal };
    const failed = rejection(map([1, 2], fn, options));
    await until(() => read().includes('begun'), 'the start of a load');
    controller.abort();
    expect(await failed).toMatchObject({ name: 'AbortError' });
    await sleep(1000);
  }
  expect(read()).toContain('loaded');
});

it('come at once in a loop, although something is being loaded', async () => {
  const before = fs.readdirSync('/proc/self/task').length;
  const loop = () => {
    void import('node:test'); // not waited for
    for (;;);
  };
  const options = { backend: 'threads', jobs: 2, timeout: 50 };
  expect(await rejection(map([1, 2], loop, options))).toMatchObject({ name: 'TaskTimeoutError' });
  shutdownWorkers({ kill: true });
  await until(() => fs.readdirSync('/proc/self/task').length <= before + 1, 'the end of threads');
});
