/**
 * Threads that are killed while files are being opened for them: Node leaves a descriptor open that comes when
 * its environment is being torn down.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { executor, shutdownWorkers, TaskTimeoutError } from 'heddle';
import { Event } from 'heddle/sync';
import { afterAll, describe, expect, it } from 'vitest';
import '../helpers/built.ts';
import { rejection, sleep, until } from '../parallel/support.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'heddle-thread-end-'));
let next = 0;

afterAll(async () => {
  await shutdownWorkers({ kill: true });
  fs.rmSync(folder, { recursive: true });
});

/** A file whose opening takes until somebody opens it to write. */
function fifo(): string {
  const file = path.join(folder, String(next++));
  execFileSync('mkfifo', [file]);
  return file;
}

/** How often a file is open here. */
function opened(file: string): number {
  let count = 0;
  for (const fd of fs.readdirSync('/proc/self/fd')) {
    try {
      if (fs.readlinkSync(`/proc/self/fd/${fd}`) === file) count++;
    } catch {
      // The one by which the folder was read.
    }
  }
  return count;
}

/**
 * Lets whoever is opening the file to read go on. Nobody may be, where that was cancelled before the system had
 * begun with it: it is waited for a while only.
 */
async function letOpen(file: string): Promise<void> {
  const flags = fs.constants.O_WRONLY | fs.constants.O_NONBLOCK;
  for (const end = Date.now() + 1500; Date.now() < end; await sleep(2)) {
    try {
      fs.closeSync(fs.openSync(file, flags));
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
    }
  }
}

describe.runIf(process.platform === 'linux')('a thread that is killed', () => {
  it('would leave a file open by terminate() alone', async () => {
    let left = 0;
    // Until the system has begun with it in time.
    for (let round = 0; round < 20 && left === 0; round++) {
      const file = fifo();
      const source = `require('node:fs/promises').open(${JSON.stringify(file)});
        require('node:worker_threads').parentPort.postMessage('opens');`;
      const worker = new Worker(source, { eval: true });
      await new Promise((resolve) => worker.once('message', resolve));
      await sleep(10 * round);
      const ended = worker.terminate();
      await letOpen(file);
      await ended;
      left = opened(file);
    }
    // Where this fails, Node has mended it, and threads need not stand still before they end.
    expect(left).toBe(1);
  });

  it('leaves no file open that is being opened for its task', async () => {
    const file = fifo();
    let left = 0;
    const rounds = 5;
    for (let round = 0; round < rounds; round++) {
      const pool = executor({ backend: 'threads', jobs: 2 });
      const begun = new Event();
      const future = pool.submit(
        async (file: string, begun: Event) => {
          const { open } = await import('node:fs/promises');
          const opening = open(file);
          begun.set();
          await opening;
          await new Promise(() => {});
        },
        file,
        begun,
      );
      const ended = rejection(future);
      await begun.wait();
      const before = opened(file);
      const killed = shutdownWorkers({ kill: true });
      await letOpen(file);
      await Promise.all([killed, ended]);
      // Freed when its thread has ended, which nobody waits for here.
      const late = Date.now() + 1500;
      while (opened(file) > before && Date.now() < late) await sleep(5);
      left += opened(file) - before;
      await pool.close();
    }
    // A thread that the system does not let run at all for a while is ended as it is.
    expect(left).toBeLessThan(rounds);
  });

  it('ends where a task is in a loop, and where a file opens late', async () => {
    const file = fifo();
    await using pool = executor({ backend: 'threads', jobs: 2, timeout: 200 });
    const never = pool.submit(async (file: string) => {
      await (await import('node:fs/promises')).open(file);
    }, file);
    const loop = pool.submit(() => {
      for (;;);
    });
    expect(await rejection(loop)).toBeInstanceOf(TaskTimeoutError);
    // Node itself waits for what is being opened when a thread ends.
    await letOpen(file);
    await Promise.allSettled([never]);
    expect(await pool.submit((x: number) => x + 1, 1)).toBe(2);
    await until(() => opened(file) <= 1, 'the end of the thread');
  });
});
