// The raw worker thread: one message, one answer.
import { parentPort } from 'node:worker_threads';
import run from './work.mjs';

parentPort.on('message', (message) => parentPort.postMessage(run(message)));
