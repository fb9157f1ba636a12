/**
 * The backend 'threads': each worker is a thread of this process.
 */
import { isMainThread, Worker, type WorkerOptions } from 'node:worker_threads';
import { isMeasured } from '../functions/index.ts';
import { addonFile, native } from '../native.ts';
import {
  type AcceptedSettings,
  type Backend,
  ClaimTable,
  claimTableBytes,
  type FromWorker,
  initMessage,
  joinMessages,
  Mailbox,
  mailboxBytes,
  packMessage,
  STAND_STILL,
  slotsFor,
  THREAD_WORDS_BYTES,
  ThreadWord,
  type ToWorker,
  unpackMessage,
  type WorkerAddress,
  type WorkerEvents,
  type WorkerPort,
  type WorkerSpec,
} from '../protocol/index.ts';
import { plainError } from '../worker/index.ts';
import { inheritedFlags, threadEntry } from './entry.ts';
import { inspectFlag, ownFlags } from './flags.ts';
import { hostName } from './host-name.ts';
import { Postponed } from './postponed.ts';

/** A thread that is to be killed may go on loading modules for so long (ms), */
const LOADING_MS = 2000;

/** and wait for so long for files that its tasks open (ms), */
const OPENING_MS = 500;

/** unless it gives no sign for so long while it loads or starts, because a task is in a loop (ms), */
const BLOCKED_MS = 200;

/** or otherwise (ms). */
const SILENT_MS = 20;

/** Worker threads that are there. */
let alive = 0;

/**
 * Starts a thread. One that is given flags has those of this process no longer by itself; of them it can
 * have none that are about the whole process, and Node says which these are.
 */
function startThread(entry: string | URL, options: WorkerOptions, spec: WorkerSpec): Worker {
  if (spec.execArgv === undefined) return new Worker(entry, options);
  const { flags: asked } = ownFlags(spec.execArgv, spec.id);
  const inherited = inheritedFlags();
  try {
    return new Worker(entry, { ...options, execArgv: [...inherited, ...asked] });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_WORKER_INVALID_EXEC_ARGV') throw error;
    const named = message.slice(message.indexOf(':') + 1).split(',');
    const refused = new Set(named.map((flag) => flag.trim()));
    const kept = inherited.filter((flag) => !refused.has(flag));
    if (kept.length === inherited.length) throw error;
    return new Worker(entry, { ...options, execArgv: [...kept, ...asked] });
  }
}

const settings: AcceptedSettings = {
  env: ({ NODE_OPTIONS: flags }) =>
    flags === undefined ? undefined : 'a thread takes flags by execArgv, not by NODE_OPTIONS',
  execArgv: (flags) => {
    const flag = inspectFlag(flags);
    if (flag === undefined) return undefined;
    return `start the program with ${flag}, whose debugger shows its threads`;
  },
  argv: true,
  cwd: () => 'threads have the working directory of their process',
  nice: () =>
    process.platform === 'linux' ? undefined : 'only Linux has a priority for each thread',
  resourceLimits: true,
};

/** A message that is packed for posting. */
interface Outgoing {
  readonly posted: unknown;
  readonly transfer: readonly unknown[] | undefined;
}

class ThreadHandle implements WorkerPort {
  readonly claims: ClaimTable;
  readonly slots: number;
  readonly address: WorkerAddress;
  readonly #worker: Worker;
  readonly #mailbox: Mailbox;
  /** See {@link ThreadWord}. */
  readonly #words: Int32Array;
  #killed = false;
  readonly #outgoing = new Postponed<Outgoing>((messages) => this.#post(messages));

  constructor(spec: WorkerSpec, events: WorkerEvents) {
    const slots = slotsFor(spec.concurrency ?? 1);
    const tableBytes = claimTableBytes(slots);
    const own = tableBytes + mailboxBytes(slots);
    const memory = new SharedArrayBuffer(own + THREAD_WORDS_BYTES);
    this.#words = new Int32Array(memory, own);
    this.slots = slots;
    this.claims = new ClaimTable(slots, memory);
    const mailbox = new Mailbox(slots, memory, tableBytes);
    this.#mailbox = mailbox;
    const { env, argv, resourceLimits } = spec;
    const { entry, eval: code } = threadEntry(spec.execArgv);
    const options: WorkerOptions = {
      workerData: {
        memory,
        slots,
        addon: addonFile,
        ...(env ? { env } : {}),
        // In threads of the main one Node counts by itself.
        ...(!isMainThread && isMeasured() ? { counts: true } : {}),
      },
      name: `heddle-${spec.id}`,
      eval: code,
      ...(argv ? { argv: [...argv] } : {}),
      ...(resourceLimits ? { resourceLimits } : {}),
    };
    this.#worker = startThread(entry, options, spec);
    const { threadId } = this.#worker;
    this.address = { host: hostName(), pid: process.pid, threadId };
    let error: Error | undefined;
    let uncaught = false;
    const failed = (thrown: unknown): void => {
      error = thrown instanceof Error ? thrown : plainError(thrown);
    };
    // Something that can't be read has been lost, and nobody may wait for it.
    const unreadable = (thrown: unknown): void => {
      failed(thrown);
      this.kill();
    };
    this.#worker.on('message', (posted: unknown) => {
      try {
        events.message(unpackMessage(posted, mailbox) as FromWorker);
      } catch (thrown) {
        unreadable(thrown);
      }
    });
    this.#worker.on('messageerror', unreadable);
    this.#worker.on('error', (thrown) => {
      failed(thrown);
      uncaught = (error as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY';
    });
    alive++;
    this.#worker.on('exit', (code) => {
      this.#outgoing.drop();
      alive--;
      if (alive === 0) native.workers.trimHeap();
      events.exit({ reason: 'exit', code, ...(error ? { error, uncaught } : {}) });
    });
    this.#worker.unref();
    this.send(initMessage(spec));
  }

  send(message: ToWorker, transfer?: readonly unknown[]): void {
    this.#outgoing.put(message, { posted: packMessage(message, this.#mailbox), transfer });
  }

  flush(): void {
    this.#outgoing.flush();
  }

  #post(messages: readonly Outgoing[]): void {
    const [only] = messages;
    if (messages.length === 1) {
      this.#worker.postMessage(only!.posted, only!.transfer as readonly ArrayBuffer[] | undefined);
      return;
    }
    const transfer = messages.flatMap((message) => message.transfer ?? []);
    const posted = joinMessages(messages.map((message) => message.posted));
    this.#worker.postMessage(posted, transfer as readonly ArrayBuffer[]);
  }

  /** Terminates the thread when it stands still, or shows no sign that it will. */
  kill(): void {
    if (this.#killed) return;
    this.#killed = true;
    this.#worker.postMessage(STAND_STILL);
    const words = this.#words;
    const start = performance.now();
    let beats = -1;
    let beaten = 0;
    const look = (): void => {
      const now = performance.now();
      const known = beats;
      beats = Atomics.load(words, ThreadWord.Beats);
      if (beats !== known) beaten = now;
      const loads = Atomics.load(words, ThreadWord.Loads) > 0;
      const starts = Atomics.load(words, ThreadWord.Ready) === 0;
      const goesOn =
        Atomics.load(words, ThreadWord.Still) === 0 &&
        now - start < (loads ? LOADING_MS : OPENING_MS) &&
        now - beaten < (loads || starts ? BLOCKED_MS : SILENT_MS);
      if (goesOn) setTimeout(look, 1);
      else void this.#worker.terminate();
    };
    look();
  }

  ref(): void {
    this.#worker.ref();
  }

  unref(): void {
    this.#worker.unref();
  }
}

/** Makes the backend. */
export function threads(): Backend {
  return {
    name: 'threads',
    reach: 'thread',
    knob: 'threads',
    settings,
    start: (spec, events) => new ThreadHandle(spec, events),
  };
}
