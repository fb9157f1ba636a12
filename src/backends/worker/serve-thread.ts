/**
 * What a worker thread does.
 */
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { ensureInitialized } from '../../config/index.ts';
import { CELL_BYTES, Cell } from '../cell.ts';
import { Mailbox } from '../mailbox.ts';
import type { ToWorker } from '../protocol.ts';
import { packMessage, unpackMessage } from '../tuples.ts';
import { startWorker } from './host.ts';

/**
 * Becomes a worker: takes messages from its parent until one of them ends it.
 *
 * @param warmed - called when what a first task needs has been loaded
 */
export function serveThread(warmed?: () => void): void {
  const port = parentPort!;
  const { memory } = workerData as { readonly memory: SharedArrayBuffer };
  const mailbox = new Mailbox(memory, CELL_BYTES);

  const receive = startWorker({
    kind: 'thread',
    threadId,
    cell: new Cell(memory),
    send: (message, transfer) =>
      port.postMessage(packMessage(message, mailbox), transfer as readonly ArrayBuffer[]),
    memory: () => {
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    },
    stop: () => process.exit(0),
    warmed,
    holdPools: ensureInitialized,
  });

  port.on('message', (posted: unknown) => receive(unpackMessage(posted, mailbox) as ToWorker));
  port.on('messageerror', (error) => {
    throw error;
  });
  port.postMessage({ type: 'ready', clockOffset: 0 });
}
