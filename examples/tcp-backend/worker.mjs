// @ts-check
// The process behind a connection: it is one worker.
import net from 'node:net';
import { encodeFrame, FrameReader, serveWorker } from 'heddle';

/** @import { ToWorker } from 'heddle' */

const socket = new net.Socket({ fd: 3, readable: true, writable: true });
socket.on('error', () => {}); // 'close' follows
socket.on('close', () => process.exit(0));

const receive = serveWorker({
  send: (message) => socket.write(encodeFrame(message)),
  stop: () => socket.end(() => process.exit(process.exitCode ?? 0)),
});
/** @type {FrameReader<ToWorker>} */
const reader = new FrameReader((message) => receive(message));
socket.on('data', (bytes) => reader.push(bytes));
