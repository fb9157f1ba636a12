/**
 * Messages that wait for the next one to the same worker.
 *
 * A small call is three messages for each worker: its job is opened, its tasks come, its job is closed.
 * Sent one by one they are three writes, and wake the worker up three times. So the first goes with the
 * second, and the last with the first of the next call, or at the end of this turn of the event loop.
 */
import type { ToWorker } from '../protocol/index.ts';

/** Whether nobody waits for what a message does. */
function mayWait({ type }: ToWorker): boolean {
  return type === 'open' || type === 'functions' || type === 'close';
}

/** Those that have something for the end of this turn. */
const waiting = new Set<{ flush(): void }>();
let endOfTurn: NodeJS.Immediate | null = null;

function keepForEndOfTurn(one: { flush(): void }): void {
  waiting.add(one);
  endOfTurn ??= setImmediate(() => {
    endOfTurn = null;
    for (const each of [...waiting]) {
      try {
        each.flush();
      } catch {
        // Nobody waits for it, and whoever sends the next message hears what is wrong.
      }
    }
  });
}

function takeFromEndOfTurn(one: { flush(): void }): void {
  waiting.delete(one);
  if (waiting.size > 0 || endOfTurn === null) return;
  clearImmediate(endOfTurn);
  endOfTurn = null;
}

/** Packed messages of one worker, in order. */
export class Postponed<Packed> {
  #kept: Packed[] = [];
  readonly #send: (messages: readonly Packed[]) => void;

  /** @param send - sends one or several messages as one; may throw, and has then sent none */
  constructor(send: (messages: readonly Packed[]) => void) {
    this.#send = send;
  }

  /**
   * Sends a message with those that wait for it, or lets it wait.
   *
   * @throws what sending throws
   */
  put(message: ToWorker, packed: Packed): void {
    if (this.#kept.length === 0 && !mayWait(message)) {
      this.#send([packed]);
      return;
    }
    this.#kept.push(packed);
    if (mayWait(message)) keepForEndOfTurn(this);
    else this.flush();
  }

  /** Sends what waits. */
  flush(): void {
    const messages = this.#kept;
    if (messages.length === 0) return;
    this.drop();
    try {
      this.#send(messages);
    } catch (error) {
      // That is the last one's: who sent the others before has been told that they went.
      for (const message of messages.slice(0, -1)) this.#send([message]);
      throw error;
    }
  }

  /** Forgets what waits: the worker has gone. */
  drop(): void {
    if (this.#kept.length === 0) return;
    this.#kept = [];
    takeFromEndOfTurn(this);
  }
}
