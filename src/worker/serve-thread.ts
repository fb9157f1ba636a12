/**
 * What a worker thread does.
 */
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { ensureInitialized } from '../config/index.ts';
import {
  BUILD,
  ClaimTable,
  claimTableBytes,
  eachMessage,
  type FromWorker,
  Mailbox,
  mailboxBytes,
  packMessage,
  STAND_STILL,
  ThreadWord,
  type ToWorker,
  VERSION,
} from '../protocol/index.ts';
import { startWorker } from './host.ts';
import { watchLoading } from './loading.ts';
import { countCoverage } from './thread-coverage.ts';

/**
 * Becomes a worker: takes messages from its parent until one of them ends it.
 *
 * @param onWarm - called when what a first task needs has been loaded
 */
export function serveThread(onWarm?: () => void): void {
  const port = parentPort!;
  const {
    memory,
    slots,
    env = {},
    counts = false,
  } = workerData as {
    readonly memory: SharedArrayBuffer;
    readonly slots: number;
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly counts?: boolean;
  };
  // Node would take flags from what it is given as the environment, and refuse some of the process's.
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  const { NODE_V8_COVERAGE: coverage } = process.env;
  if (counts && coverage) countCoverage(coverage, threadId);
  const tableBytes = claimTableBytes(slots);
  const mailbox = new Mailbox(slots, memory, tableBytes);
  const words = new Int32Array(memory, tableBytes + mailboxBytes(slots));
  watchLoading(
    (by) => void Atomics.add(words, ThreadWord.Loads, by),
    () => void Atomics.add(words, ThreadWord.Beats, 1),
  );

  const receive = startWorker({
    kind: 'thread',
    threadId,
    claims: new ClaimTable(slots, memory),
    send: (message, transfer) =>
      port.postMessage(packMessage(message, mailbox), transfer as readonly ArrayBuffer[]),
    memory: () => {
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    },
    stop: () => process.exit(0),
    onWarm,
    limitPoolsNow: ensureInitialized,
  });

  const take = (message: ToWorker | FromWorker): void => receive(message as ToWorker);
  port.on('message', (posted: unknown) => {
    if (posted === STAND_STILL) standStill(words);
    else eachMessage(posted, mailbox, take);
  });
  port.on('messageerror', (error) => {
    throw error;
  });
  Atomics.store(words, ThreadWord.Ready, 1);
  port.postMessage({ type: 'ready', clockOffset: 0, version: VERSION, build: BUILD });
}

/** Waits to be terminated, as soon as no file is being opened for this thread. */
function standStill(words: Int32Array): void {
  const { Beats, Loads, Still } = ThreadWord;
  const opens = process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));
  if (opens || Atomics.load(words, Loads) > 0) {
    Atomics.add(words, Beats, 1);
    setImmediate(standStill, words);
    return;
  }
  Atomics.store(words, Still, 1);
  Atomics.wait(words, Still, 1);
}
