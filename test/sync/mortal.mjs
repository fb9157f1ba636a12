// A process that kills itself before a given write to shared memory: once it has the words of a
// semaphore it acquires and releases. (To die before a load leaves what the write before it left.)
// The built library is used, because it starts fast.
import { decode } from '../../dist/codec/codec.js';
import { restore } from '../../dist/codec/hooks.js';
import { Semaphore } from '../../dist/sync/index.js';

const methods = ['add', 'compareExchange', 'exchange', 'store', 'sub'];

/** Counts writes from here on, and dies before the one with this number. */
function dieBefore(write) {
  let left = write;
  for (const method of methods) {
    const original = Atomics[method];
    Atomics[method] = (...args) => {
      if (left-- === 0) process.kill(process.pid, 'SIGKILL');
      return original(...args);
    };
  }
}

process.once('message', ({ words, write }) => {
  const semaphore = Semaphore[restore](decode(words));
  if (write >= 0) dieBefore(write);
  const taken = semaphore.acquireSync({ timeout: 10_000 });
  if (write < 0) process.kill(process.pid, 'SIGKILL'); // with the permit in its hands
  if (taken) semaphore.release();
  process.send(taken, () => process.disconnect());
});
