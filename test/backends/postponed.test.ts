import { afterEach, expect, it } from 'vitest';
import { Postponed } from '../../src/backends/postponed.ts';
import type { ToWorker } from '../../src/protocol/index.ts';

const open = { type: 'open', context: 1 } as ToWorker;
const batch = { type: 'batch', batch: 1 } as ToWorker;
const close = { type: 'close', context: 1 } as ToWorker;
const stop = { type: 'stop' } as ToWorker;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

const all: Postponed<string>[] = [];

/** What is sent goes to a list, as it is sent. */
function outgoing(): { sent: string[][]; put: Postponed<string> } {
  const sent: string[][] = [];
  const put = new Postponed<string>((messages) => void sent.push([...messages]));
  all.push(put);
  return { sent, put };
}

afterEach(() => {
  for (const one of all.splice(0)) one.drop();
});

it('sends what asks for no answer with the next message, in order', async () => {
  const { sent, put } = outgoing();
  put.put(open, 'open');
  expect(sent).toEqual([]);
  put.put(batch, 'batch');
  expect(sent).toEqual([['open', 'batch']]);
  put.put(batch, 'another');
  put.put(close, 'close');
  put.put(open, 'open 2');
  put.put(batch, 'batch 2');
  put.put(stop, 'stop');
  const expected = [['open', 'batch'], ['another'], ['close', 'open 2', 'batch 2'], ['stop']];
  expect(sent).toEqual(expected);
  await turn();
  expect(sent).toEqual(expected);
});

it('sends it at the end of the turn where no other message comes', async () => {
  const one = outgoing();
  const two = outgoing();
  one.put.put(close, 'close');
  two.put.put(close, 'close 2');
  two.put.put(close, 'close 3');
  await turn();
  expect(one.sent).toEqual([['close']]);
  expect(two.sent).toEqual([['close 2', 'close 3']]);
  // Also the next time, and where another one has had a message meanwhile.
  one.put.put(close, 'again');
  two.put.put(close, 'again 2');
  two.put.put(batch, 'batch');
  await turn();
  expect(one.sent).toEqual([['close'], ['again']]);
  expect(two.sent.at(-1)).toEqual(['again 2', 'batch']);
});

it('sends it when it is told to', () => {
  const { sent, put } = outgoing();
  put.flush();
  put.put(close, 'close');
  put.flush();
  put.flush();
  expect(sent).toEqual([['close']]);
});

it('forgets it where the worker has gone', async () => {
  const { sent, put } = outgoing();
  put.put(close, 'close');
  put.drop();
  await turn();
  expect(sent).toEqual([]);
});

it('sends the others where the last one can not be sent', async () => {
  const sent: string[][] = [];
  const put = new Postponed<string>((messages) => {
    if (messages.includes('bad')) throw new Error('no');
    sent.push([...messages]);
  });
  put.put(close, 'close');
  put.put(open, 'open');
  expect(() => put.put(batch, 'bad')).toThrow('no');
  expect(sent).toEqual([['close'], ['open']]);
  await turn();
  put.put(batch, 'batch');
  expect(sent).toEqual([['close'], ['open'], ['batch']]);
});
