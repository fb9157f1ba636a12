#!/usr/bin/env node
// @ts-check
// Listens, and gives each connection a process of its own: heddle-tcp-server [PORT] [HOST]
//
// Whoever connects runs code here: HOST is this machine alone unless told otherwise.
import { spawn } from 'node:child_process';
import net from 'node:net';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { encodeFrame, systemNow } from 'heddle';

const [port = '0', host = '127.0.0.1'] = process.argv.slice(2);
const program = fileURLToPath(new URL('worker.mjs', import.meta.url));

/** @param {object} message one of ours, which the backend takes out of the worker's */
const frame = (message) =>
  encodeFrame(/** @type {import('heddle').FromWorker} */ (/** @type {unknown} */ (message)));

const server = net.createServer((socket) => {
  const worker = spawn(process.execPath, [program], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const pipe = /** @type {net.Socket} */ (worker.stdio[3]);
  socket.setNoDelay(true);
  socket.write(frame({ type: 'hello', host: os.hostname(), pid: worker.pid, now: systemNow() }));
  socket.pipe(pipe);
  pipe.pipe(socket, { end: false });
  for (const stream of [socket, pipe]) stream.on('error', () => {}); // 'close' follows
  socket.on('close', () => worker.kill('SIGKILL'));
  // After the last byte of the pipe.
  worker.on('close', (code, signal) => {
    const exit = signal ? { reason: 'signal', signal } : { reason: 'exit', code };
    if (!socket.destroyed) socket.end(frame({ type: 'end', ...exit }));
  });
});

server.listen(Number(port), host, () => {
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  console.log(`listening on ${host}:${port}`);
});
