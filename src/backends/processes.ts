/**
 * The backend 'processes': each worker is a process of its own, with thread pools of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { BUDGET_VARIABLE } from '../config/index.ts';
import { addonFile, native } from '../native.ts';
import {
  type Backend,
  ClaimTable,
  encodeFrame,
  FrameReader,
  type FromWorker,
  SLOTS,
  type ToWorker,
  type WorkerAddress,
  type WorkerEvents,
  type WorkerExit,
  type WorkerPort,
  type WorkerSpec,
} from '../protocol/index.ts';
import { forcedThreadEnvironment, threadEnvironment } from '../threadpools/index.ts';
import { type Channel, PIPES, PipePair, StdioChannel } from './channel.ts';
import { entryFlags, entryUrl, NO_PAGE } from './entry.ts';

const INBOX = 3;
const OUTBOX = 4;

/** What a process has written may still be on its way when its end is known; at most this long. */
const DRAIN_MS = 200;

const posix = process.platform !== 'win32';

function environment({ childThreads, childThreadsAsked }: WorkerSpec): NodeJS.ProcessEnv {
  if (childThreads < 1) return process.env;
  const pools = childThreadsAsked
    ? forcedThreadEnvironment(childThreads)
    : { ...process.env, ...threadEnvironment(childThreads) };
  return { ...pools, [BUDGET_VARIABLE]: String(childThreads) };
}

class ProcessHandle implements WorkerPort {
  readonly claims: ClaimTable | null;
  readonly slots = SLOTS;
  readonly #child: ChildProcess;
  readonly #channel: Channel;
  #gone = false;

  constructor(spec: WorkerSpec, events: WorkerEvents) {
    // Windows hands no descriptors to a child this way: there the worker has its batches alone.
    const page = posix ? native.workers.createPage() : null;
    let pipes: PipePair | null = null;
    const program = [...entryFlags(), fileURLToPath(entryUrl('process')), addonFile];
    if (page === null) program.push(NO_PAGE);
    try {
      if (posix) pipes = new PipePair();
      this.claims = page === null ? null : new ClaimTable(native.workers.mapPage(page));
      this.#child = spawn(process.execPath, program, {
        stdio: ['ignore', 'inherit', 'inherit', ...(pipes?.child ?? PIPES), page ?? 'ignore'],
        env: environment(spec),
        // A session of its own: Ctrl-C is for the main program, which ends its workers; and the
        // whole group, with what tasks have started, can be killed.
        detached: posix,
        windowsHide: true,
      });
    } catch (error) {
      pipes?.close();
      throw error;
    } finally {
      if (page !== null) native.workers.closeDescriptor(page);
      pipes?.closeChild();
    }
    this.#channel = pipes ?? new StdioChannel(this.#child, INBOX, OUTBOX);
    try {
      this.#listen(events);
    } catch (error) {
      // The child ends when it finds its pipes closed.
      this.#channel.close();
      throw error;
    }
    this.#child.unref();
    const { resourceLimits: _, ...init } = spec;
    this.send(init);
  }

  #listen(events: WorkerEvents): void {
    const child = this.#child;
    let ended = false;
    let exit: WorkerExit | null = null;
    let done = false;
    let unreadable: Error | undefined;
    const finish = (): void => {
      if (done || !exit) return;
      done = true;
      this.#channel.close();
      events.exit(unreadable ? { ...exit, error: unreadable } : exit);
    };
    child.on('error', (error) => {
      if (child.pid !== undefined) return; // a signal that could not be sent
      exit = { reason: 'lost', why: 'it could not be started', error };
      finish();
    });
    child.on('exit', (code, signal) => {
      this.#gone = true;
      exit = signal ? { reason: 'signal', signal } : { reason: 'exit', code: code ?? 0 };
      if (ended) finish();
      // A child of the worker may hold the pipe open.
      else setTimeout(finish, DRAIN_MS);
    });
    const reader = new FrameReader((message: FromWorker) => events.message(message));
    this.#channel.listen(
      (chunk) => {
        if (unreadable) return;
        try {
          reader.push(chunk);
        } catch (thrown) {
          // Something has been lost, and nobody may wait for it.
          unreadable = thrown as Error;
          this.kill();
        }
      },
      () => {
        ended = true;
        finish();
      },
    );
  }

  get address(): WorkerAddress {
    return { host: hostname(), pid: this.#child.pid ?? -1 };
  }

  send(message: ToWorker): void {
    if (!this.#gone) this.#channel.write(encodeFrame(message));
  }

  kill(): void {
    if (this.#gone || this.#child.pid === undefined) return;
    try {
      process.kill(posix ? -this.#child.pid : this.#child.pid, 'SIGKILL');
    } catch {
      this.#child.kill('SIGKILL'); // no group yet, or no more
    }
  }

  // The child and not its pipes: these are closed a while before the exit of a process that the
  // kernel has to clear away is known, and the loop must not run dry meanwhile.
  ref(): void {
    this.#child.ref();
  }

  unref(): void {
    this.#child.unref();
  }
}

/** Makes the backend. */
export function processes(): Backend {
  return {
    name: 'processes',
    reach: 'process',
    knob: 'processes',
    start: (spec, events) => new ProcessHandle(spec, events),
  };
}
