// A process that kills itself before a given write to shared memory while it uses an object of
// heddle/sync as a script of test/sync/deaths.test.ts says. (To die before a load leaves what the
// write before it left.) The built library is used, because it starts fast.
import { decode, restore } from '../../dist/codec/index.js';
import * as sync from '../../dist/sync/index.js';

const methods = ['add', 'compareExchange', 'exchange', 'store', 'sub'];

const die = () => process.kill(process.pid, 'SIGKILL');

/** Writes to go until the one before which it dies. */
let left = -1;

for (const method of methods) {
  const original = Atomics[method];
  Atomics[method] = (...args) => {
    if (left-- === 0) die();
    return original(...args);
  };
}
// The positions of a queue are written without Atomics; `set` fills its ring.
const { set } = Uint8Array.prototype;
Object.getPrototypeOf(Uint8Array.prototype).set = function (...args) {
  if (left-- === 0) die();
  return set.apply(this, args);
};

const WAIT = { timeout: 10_000 };

/** What is done; each tells by true that it has come to its end. */
const scripts = {
  semaphore(it) {
    const taken = it.acquireSync(WAIT);
    if (taken) it.release();
    return taken;
  },
  'semaphore, held': (it) => it.acquireSync(WAIT) && die(),
  lock: (it) => {
    const held = it.acquireSync(WAIT);
    held?.release();
    return held !== null;
  },
  'lock, by run': (it) => it.runSync(() => true),
  barrier: (it) => it.waitSync(WAIT) >= 0,
  'barrier, reset': (it) => it.reset() === undefined,
  'barrier, abort': (it) => it.abort() === undefined,
  event: (it) => it.set() === undefined,
  'event, cleared'(it) {
    it.clear();
    it.set();
    return true;
  },
  put: (it) => it.putSync({ text: 'from another', array: new Float64Array(20_000).fill(1) }, WAIT),
  get: (it) => it.getSync(WAIT) !== null,
  // Between taking a value out and opening its memory: nothing is written to it any more.
  'get, and die'(it) {
    Object.defineProperty(Atomics, 'add', { value: die });
    it.getSync(WAIT);
  },
  'rlock, twice'(it) {
    const outer = it.acquireSync(WAIT);
    const inner = it.acquireSync(WAIT);
    outer.release();
    inner.release();
    return true;
  },
  'condition, waits': (it) => it.runSync(() => it.waitSync(WAIT)),
  'condition, notifies': (it) => it.runSync(() => it.notify(2)) === 2,
  'get, and done'(it) {
    const got = it.getSync(WAIT) !== null;
    it.taskDone();
    return got;
  },
  'list, changed'(it) {
    it.set(0, 'new');
    it.set(1, 7);
    it.set(0, 'newest');
    return true;
  },
  close: (it) => it.close() === undefined,
  value: (it) => it.updateSync((x) => x + 1) > 0,
  array: (it) =>
    it.lock.runSync(() => {
      it.data[0] += 1;
      it.data[1] += 1;
      return true;
    }),
};

process.once('message', async ({ kind, lockKind, state, script, write }) => {
  const inner = decode(state);
  if (inner.lock) inner.lock = sync[lockKind][restore](inner.lock);
  const it = sync[kind][restore](inner);
  left = write;
  const done = await scripts[script](it);
  left = -1;
  process.send(done === true, () => process.disconnect());
});
