/**
 * The entry of a worker process.
 *
 * Descriptor 3 brings messages, 4 takes them, 5 is the page of the cell. Writing blocks: a message
 * is with the parent's kernel before the next statement of a task runs, whatever that does. The
 * parent never waits for a worker, so the two can't wait for each other.
 */
import net from 'node:net';
import { native } from '../../native.ts';
import { Cell } from '../cell.ts';
import { clockOffset } from '../clock.ts';
import type { FromWorker, ToWorker } from '../protocol.ts';
import { encodeFrame, FrameReader } from '../wire.ts';
import { plainError } from './failures.ts';
import { startWorker } from './host.ts';

// What `import` makes of it has all of its parts loaded, streams and promises too.
const fs = process.getBuiltinModule('node:fs');

const INBOX = 3;
const OUTBOX = 4;
const PAGE = 5;

/** A worker whose parent has gone ends by itself; one in a loop is killed after this (ms). */
const GRACE_MS = 100;

const READ_BYTES = 256 * 1024;

function send(message: FromWorker): void {
  const frame = encodeFrame(message);
  let offset = 0;
  while (offset < frame.length) {
    try {
      offset += fs.writeSync(OUTBOX, frame, offset, frame.length - offset);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN' || code === 'EINTR') continue;
      process.exit(0); // the parent has gone
    }
  }
}

function openCell(): Cell | null {
  if (process.argv.includes('--heddle-no-page')) return null; // NO_PAGE of ../entry.ts
  const memory = native.workers.mapPage(PAGE);
  fs.closeSync(PAGE);
  return new Cell(memory);
}

native.workers.watchPeer(INBOX, GRACE_MS);
const cell = openCell();

const receive = startWorker({
  kind: 'process',
  cell,
  send,
  memory: () => process.memoryUsage.rss(),
  stop: () => process.exit(0),
});

const reader = new FrameReader((message: ToWorker) => receive(message));
const inbox = new net.Socket({
  fd: INBOX,
  readable: true,
  writable: false,
  onread: {
    buffer: Buffer.allocUnsafeSlow(READ_BYTES),
    callback: (bytes: number, buffer: Uint8Array) => {
      reader.push(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
      return true;
    },
  },
} as net.SocketConstructorOpts);
inbox.on('error', () => process.exit(0));
inbox.on('end', () => process.exit(0));
inbox.on('close', () => process.exit(0));

process.on('uncaughtException', (error) => {
  if (process.listenerCount('uncaughtException') > 1) return; // a task has its own
  send({ type: 'fatal', error: plainError(error) });
  process.exit(1);
});

send({ type: 'ready', clockOffset: clockOffset() });
