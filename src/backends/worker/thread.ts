/**
 * The entry of a worker thread.
 */
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { ensureInitialized } from '../../config/index.ts';
import { Cell } from '../cell.ts';
import { clockOffset } from '../clock.ts';
import type { ToWorker } from '../protocol.ts';
import { packMessage, unpackMessage } from '../tuples.ts';
import { startWorker } from './host.ts';

const port = parentPort!;
const { cell } = workerData as { readonly cell: SharedArrayBuffer };

const receive = startWorker({
  kind: 'thread',
  threadId,
  cell: new Cell(cell),
  send: (message, transfer) =>
    port.postMessage(packMessage(message), transfer as readonly ArrayBuffer[]),
  memory: () => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  },
  stop: () => process.exit(0),
  holdPools: ensureInitialized,
});

port.on('message', (posted: unknown) => receive(unpackMessage(posted) as ToWorker));
port.postMessage({ type: 'ready', clockOffset: clockOffset() });
