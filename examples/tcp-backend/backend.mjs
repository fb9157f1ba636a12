// @ts-check
// A backend whose workers are processes behind a TCP socket: the side of the program that calls.
import net from 'node:net';
import { encodeFrame, FrameReader, systemNow } from 'heddle';

/** @import { Backend, FromWorker, ToWorker, WorkerEvents, WorkerExit, WorkerPort, WorkerSpec } from 'heddle' */
/** @typedef {{ type: 'hello', host: string, pid: number, now: number }} Hello */
/** @typedef {{ type: 'end' } & WorkerExit} End */

/** How much is sent at a time: a message over a network costs a millisecond, not 20 µs. */
const PACE = { target: 30, least: 5, prefetch: 10, growth: 16 };

/**
 * Makes the backend.
 *
 * @param {{ host?: string, port: number, workers: number }} server where `heddle-tcp-server` runs,
 *   and how many workers it should have
 * @returns {Backend}
 */
export function tcp({ host = '127.0.0.1', port, workers }) {
  return {
    name: 'tcp',
    reach: 'machine',
    knob: null,
    pace: PACE,
    width: () => workers,
    start: (spec, events) => new RemoteWorker(net.connect(port, host), spec, events),
  };
}

/** @implements {WorkerPort} */
class RemoteWorker {
  claims = null; // no memory is shared: what has been sent can't be taken back
  slots; // those that run, and the next is there when one of them is done
  address = { host: '', pid: -1 };
  #socket;
  #events;
  #began = systemNow();
  /** Add to the worker's clock to get ours. */
  #clockOffset = 0;
  /** @type {WorkerExit} */
  #exit = { reason: 'lost', why: 'its connection was closed' };

  /**
   * @param {net.Socket} socket
   * @param {WorkerSpec} spec
   * @param {WorkerEvents} events
   */
  constructor(socket, spec, events) {
    this.#socket = socket;
    this.#events = events;
    this.slots = (spec.concurrency ?? 1) + 1;
    socket.setNoDelay(true);
    socket.unref();
    const reader = new FrameReader((message) =>
      this.#received(/** @type {FromWorker | Hello | End} */ (message)),
    );
    socket.on('data', (bytes) => reader.push(bytes));
    socket.on('error', (error) => {
      this.#exit = { reason: 'lost', why: error.message, error };
    });
    socket.on('close', () => events.exit(this.#exit));
    const { resourceLimits, ...init } = spec;
    this.send(init);
  }

  /** @param {FromWorker | Hello | End} message */
  #received(message) {
    switch (message.type) {
      case 'hello': {
        const { host, pid, now } = message;
        this.address = { host, pid };
        // The clock was read somewhere between our call and its answer.
        this.#clockOffset = (this.#began + systemNow()) / 2 - now;
        return;
      }
      case 'end': {
        const { type, ...exit } = message;
        this.#exit = exit;
        this.#socket.end();
        return;
      }
      case 'ready': {
        const clockOffset = (message.clockOffset ?? 0) + this.#clockOffset;
        this.#events.message({ ...message, clockOffset });
        return;
      }
      default:
        this.#events.message(message);
    }
  }

  /** @param {ToWorker} message */
  send(message) {
    this.#socket.write(encodeFrame(message));
  }

  kill() {
    this.#socket.destroy(); // the server ends the process behind it
  }

  ref() {
    this.#socket.ref();
  }

  unref() {
    this.#socket.unref();
  }
}
