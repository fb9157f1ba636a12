/**
 * What a worker process does.
 *
 * Descriptor 3 brings messages, 4 takes them, 5 is the page of the claim table, 6 that of the cores. Writing blocks: a message
 * is with the parent's kernel before the next statement of a task runs, whatever that does. The
 * parent never waits for a worker, so the two can't wait for each other.
 */
import { native } from '../native.ts';
import {
  BUILD,
  ClaimTable,
  encodeFrame,
  FrameReader,
  type FromWorker,
  MAX_CONCURRENCY,
  slotsFor,
  type ToWorker,
  VERSION,
} from '../protocol/index.ts';
import { plainError, plainText } from './failures.ts';
import { startWorker } from './host.ts';

const INBOX = 3;
const OUTBOX = 4;
const PAGE = 5;
const CORES = 6;

/** A worker whose parent has gone ends by itself; one in a loop is killed after this (ms). */
const GRACE_MS = 100;

const READ_BYTES = 256 * 1024;

/** The parent has gone. */
function leave(): never {
  process.exit(0);
}

/**
 * What the parent has put before the arguments of the worker: the addon's file, whether there is a page,
 * and the worker's entry in the account of cores.
 */
const OWN_ARGUMENTS = 3;

function openCell(): ClaimTable | null {
  const [, page, entry] = process.argv.splice(2, OWN_ARGUMENTS);
  // NO_SHARE of ../backends/entry.ts
  if (entry !== '-') {
    native.workers.joinCores(CORES, Number(entry));
    native.workers.closeDescriptor(CORES);
  }
  if (page === '--heddle-no-page') return null; // NO_PAGE of ../backends/entry.ts
  const memory = native.workers.mapPage(PAGE);
  native.workers.closeDescriptor(PAGE);
  return new ClaimTable(slotsFor(MAX_CONCURRENCY), memory);
}

/** Takes what has been read, until the next is: null at the end. */
type Received = (bytes: Buffer | null) => void;

/** Listens to the parent; returns what writes to it, as many bytes as there is room for. */
function connect(received: Received): (frame: Buffer) => number {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const callback = (count: number): boolean => {
    received(count > 0 ? buffer.subarray(0, count) : null);
    return true;
  };
  if (process.platform !== 'win32') {
    const link = new native.workers.Link(INBOX, OUTBOX, buffer, callback);
    return (frame) => link.write(frame);
  }
  // What `import` makes of them has all of their parts loaded, streams and promises too.
  const fs = process.getBuiltinModule('node:fs');
  const net = process.getBuiltinModule('node:net');
  const inbox = new net.Socket({
    fd: INBOX,
    readable: true,
    writable: false,
    onread: { buffer, callback },
  } as import('node:net').SocketConstructorOpts);
  for (const event of ['error', 'end', 'close']) inbox.on(event, () => received(null));
  return (frame) => {
    try {
      return fs.writeSync(OUTBOX, frame);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === 'EAGAIN' || code === 'EINTR' ? 0 : -1;
    }
  };
}

/**
 * Becomes a worker: takes messages from its parent until that has gone.
 *
 * @param onWarm - called when what a first task needs has been loaded
 */
export function serveProcess(onWarm?: () => void): void {
  native.workers.watchPeer(INBOX, GRACE_MS);
  const claims = openCell();

  const reader = new FrameReader((message: ToWorker) => receive(message));
  const write = connect((bytes) => (bytes ? reader.push(bytes) : leave()));

  function send(message: FromWorker): void {
    let frame = encodeFrame(message);
    while (frame.length > 0) {
      const written = write(frame);
      if (written < 0) leave();
      frame = frame.subarray(written);
    }
  }

  const receive = startWorker({
    kind: 'process',
    claims,
    send,
    memory: () => process.memoryUsage.rss(),
    stop: () => process.exit(0),
    onWarm,
  });

  process.on('uncaughtException', (error) => {
    if (process.listenerCount('uncaughtException') > 1) return; // a task has its own
    try {
      send({ type: 'fatal', error: plainError(error) });
    } catch {
      // A task may have replaced what this is made with.
      send({ type: 'fatal', error: plainText(error) });
    } finally {
      process.exit(1);
    }
  });

  send({ type: 'ready', clockOffset: 0, version: VERSION, build: BUILD });
}
