import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { encode, heddle } from '../../src/codec/index.ts';
import { BoundedSemaphore } from '../../src/sync/index.ts';

const mortal = fileURLToPath(new URL('./mortal.mjs', import.meta.url));

/** Has a process acquire and release; 'died' when it did before it had done both. */
function attempt(semaphore: BoundedSemaphore, write: number): Promise<unknown> {
  const { message, release } = encode(semaphore[heddle.state](), { to: 'process', maxBytes: 1 });
  return new Promise((resolve) => {
    const child = fork(mortal, { serialization: 'advanced' });
    let result: unknown = 'died';
    child.on('message', (taken) => {
      result = taken;
    });
    child.on('exit', () => {
      release();
      resolve(result);
    });
    child.send({ words: message, write });
  });
}

/** Whether there is one permit, and no second one. */
async function isWhole(semaphore: BoundedSemaphore): Promise<boolean> {
  if (!(await semaphore.acquire({ timeout: 10_000 }))) return false;
  const more = semaphore.acquireSync({ timeout: 0 });
  semaphore.release();
  return !more && semaphore.value === 1;
}

it('a semaphore loses and gains nothing, at whichever step its holder is killed', async () => {
  const outcomes = new Map<number, unknown>();
  let next = 0;
  let through = false;
  const lane = async () => {
    while (!through) {
      const write = next++;
      const semaphore = new BoundedSemaphore(1);
      // First one dies that has the permit, so that the next has to give that back as well.
      expect(await attempt(semaphore, -1)).toBe('died');
      const result = await attempt(semaphore, write);
      if (result !== 'died') through = true;
      outcomes.set(write, [result, await isWhole(semaphore)]);
    }
  };
  await Promise.all([lane(), lane(), lane()]);
  expect(outcomes.size).toBeGreaterThan(10);
  for (const [write, [result, whole]] of outcomes as Map<number, [unknown, boolean]>) {
    expect({ write, result: result === true || result === 'died', whole }).toEqual({
      write,
      result: true,
      whole: true,
    });
  }
}, 120_000);
