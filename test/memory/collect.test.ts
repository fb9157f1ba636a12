import { execFileSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { borrow, collector, collectSoon } from '../../src/memory/collect.ts';
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

it('does without where other threads take the flag of the process away', async () => {
  // As threads do that look for a collector at the same time.
  const toggle = new Worker(
    `const { setFlagsFromString } = require('node:v8');
     require('node:worker_threads').parentPort.postMessage('on');
     for (;;) setFlagsFromString('--no-expose-gc');`,
    { eval: true },
  );
  await new Promise((resolve) => toggle.once('message', resolve));
  let found = 0;
  for (let i = 0; i < 200; i++) {
    const collect = collector();
    if (collect === null) continue;
    expect(collect).toBeTypeOf('function');
    found++;
  }
  await toggle.terminate();
  expect(found).toBeGreaterThan(0);
  const collect = collector();
  expect(collect).toBeTypeOf('function');
  collect?.();
});

it.each([[], ['--expose-gc']])('leaves the flag as the program was started: %j', (...flags) => {
  const file = new URL('../../src/memory/collect.ts', import.meta.url).href;
  const text = `
    const { collector } = await import(${JSON.stringify(file)});
    const { runInNewContext } = await import('node:vm');
    console.log(typeof collector(), runInNewContext('typeof gc'));
  `;
  const args = [...flags, '--import', 'tsx', '--input-type=module', '-e', text];
  const out = execFileSync(process.execPath, args, { encoding: 'utf8' });
  expect(out.trim()).toBe(`function ${flags.length > 0 ? 'function' : 'undefined'}`);
});
