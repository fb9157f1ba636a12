import { expect, it } from 'vitest';
import { borrow, collectSoon } from '../../src/memory/collect.ts';
import { native } from '../../src/native.ts';
import { sleep, until } from '../parallel/support.ts';

const BYTES = 2 ** 27; // more than the heap has, so that it is worth collecting

/** What a message brings: mapped, and counted. */
function lend(): ArrayBuffer {
  const buffer = native.memory.map(native.memory.create(BYTES), 'lent');
  borrow(BYTES);
  return buffer;
}

const none = () => [];
const gone = () => until(() => native.memory.lent() === 0, 'that nothing is mapped any more');

it('unmaps what a job has left behind', async () => {
  let kept: ArrayBuffer[] = [lend(), lend()];
  expect(native.memory.lent()).toBe(2);
  kept = [];
  collectSoon(none);
  await gone();
  expect(kept).toEqual([]);
});

it.each([6, 7, 8, 9])('also where the next job begins and ends %d ms later', async (ms) => {
  let kept: ArrayBuffer[] = [lend()];
  collectSoon(none);
  await sleep(ms);
  kept.push(lend());
  expect(kept.map(({ byteLength }) => byteLength)).toEqual([BYTES, BYTES]);
  collectSoon(none);
  await sleep(1);
  kept = [];
  await gone();
});

it('leaves alone what somebody still has', async () => {
  const kept = lend();
  collectSoon(none);
  await sleep(60);
  expect(native.memory.lent()).toBe(1);
  new Uint8Array(kept)[BYTES - 1] = 1;
  expect(new Uint8Array(kept)[BYTES - 1]).toBe(1);
});
