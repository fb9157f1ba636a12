/**
 * The backend 'processes': each worker is a process of its own, with thread pools of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BUDGET_VARIABLE } from '../config/index.ts';
import { isExhausted } from '../errors.ts';
import { addonFile, native } from '../native.ts';
import {
  type AcceptedSettings,
  type Backend,
  ClaimTable,
  encodeFrame,
  FrameReader,
  type FromWorker,
  initMessage,
  slotsFor,
  type ToWorker,
  type WorkerAddress,
  type WorkerEvents,
  type WorkerExit,
  type WorkerPort,
  type WorkerSpec,
} from '../protocol/index.ts';
import {
  changedEnvironment,
  forcedThreadEnvironment,
  threadEnvironment,
} from '../threadpools/index.ts';
import { type Channel, PIPES, PipePair, StdioChannel } from './channel.ts';
import { CoreShare } from './core-account.ts';
import { entryFlags, entryUrl, NO_PAGE, NO_SHARE, PAGE } from './entry.ts';
import { heapFlags, type OwnFlags, ownFlags } from './flags.ts';
import { hostName } from './host-name.ts';
import { Postponed } from './postponed.ts';

/** Frames of no more than this are written as one. */
const JOINED_BYTES = 16 * 1024;
const INBOX = 3;
const OUTBOX = 4;

/** What a process has written may still be on its way when its end is known; at most this long. */
const DRAIN_MS = 200;

const posix = process.platform !== 'win32';

function environment({ childThreads, childThreadsAsked, env }: WorkerSpec): NodeJS.ProcessEnv {
  const base = env ? changedEnvironment(env) : process.env;
  if (childThreads < 1) return base;
  const pools = childThreadsAsked
    ? forcedThreadEnvironment(childThreads, base)
    : { ...base, ...threadEnvironment(childThreads, base) };
  return { ...pools, [BUDGET_VARIABLE]: String(childThreads) };
}

/** Flags of this process, and what was asked for. Of two that say different things the last counts. */
function flagsOf({ id, execArgv = [], resourceLimits }: WorkerSpec): OwnFlags {
  const limits = resourceLimits ? heapFlags(resourceLimits) : [];
  return ownFlags([...entryFlags(), ...limits, ...execArgv], id);
}

function isFolder(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** The folder of this process when it began, which what its flags name is looked for from. */
const home = workingFolder();

function workingFolder(): string {
  try {
    return process.cwd();
  } catch {
    return ''; // it has been removed
  }
}

/** Where a worker process starts, and where it is to go from there, if anywhere. */
function foldersOf({ cwd }: WorkerSpec): { readonly start?: string; readonly next?: string } {
  if (cwd !== undefined && !isFolder(cwd)) {
    const message = `'cwd' must be a folder that is there, but ${cwd} was given`;
    throw Object.assign(new Error(message), { code: 'ENOENT' });
  }
  const wanted = cwd ?? workingFolder();
  if (wanted === home || wanted === '') return {};
  return home === '' || !isFolder(home) ? { start: wanted } : { start: home, next: wanted };
}

const settings: AcceptedSettings = {
  env: true,
  execArgv: true,
  argv: true,
  cwd: true,
  nice: true,
  resourceLimits: ({ codeRangeSizeMb, stackSizeMb }) => {
    if (codeRangeSizeMb !== undefined) return 'V8 has no codeRangeSizeMb for a process';
    if (stackSizeMb === undefined) return undefined;
    return "a process's stack is what the system gives it (ulimit -s; execArgv: ['--stack-size=…'])";
  },
};

/**
 * The page of a worker's claim table, by its descriptor; null where none can be had, and the worker has
 * its batches alone: Windows hands no descriptors to a child this way, and a system may forbid memory
 * that has no file (`memfd_create`).
 */
function createPage(): number | null {
  if (!posix) return null;
  try {
    return native.workers.createPage();
  } catch (error) {
    if (isExhausted(error)) throw error;
    return null;
  }
}

/** What a worker has of the cores; null where it keeps to its share of them, or to what somebody asked for. */
function openShare({ id, childThreads, childThreadsAsked, elastic }: WorkerSpec): CoreShare | null {
  if (!posix || childThreads < 1 || childThreadsAsked || elastic === false) return null;
  return CoreShare.open(id, childThreads);
}

/** Workers that are not up: they don't see yet that this process ends. */
const starting = new Set<ProcessHandle>();

function endStarting(): void {
  for (const one of starting) one.kill();
}

function noteStart(one: ProcessHandle): void {
  if (starting.size === 0) process.on('exit', endStarting);
  starting.add(one);
}

function noteUp(one: ProcessHandle): void {
  if (starting.delete(one) && starting.size === 0) process.off('exit', endStarting);
}

class ProcessHandle implements WorkerPort {
  readonly claims: ClaimTable | null;
  readonly slots: number;
  readonly #child: ChildProcess;
  readonly #channel: Channel;
  readonly #outgoing = new Postponed<Buffer>((frames) => this.#write(frames));
  readonly #share: CoreShare | null;
  /** Lets others have its port. */
  readonly #release: () => void;
  #gone = false;

  constructor(spec: WorkerSpec, events: WorkerEvents) {
    const folders = foldersOf(spec);
    const entry = fileURLToPath(entryUrl('process', spec.execArgv));
    const page = createPage();
    this.slots = slotsFor(spec.concurrency ?? 1);
    let pipes: PipePair | null = null;
    const own = flagsOf(spec);
    const share = openShare(spec);
    this.#share = share;
    const entryArgument = share ? String(share.entry) : NO_SHARE;
    const given = [addonFile, page === null ? NO_PAGE : PAGE, entryArgument];
    const args = [...given, ...(spec.argv ?? [])];
    try {
      if (posix) pipes = new PipePair();
      this.claims = page === null ? null : new ClaimTable(this.slots, native.workers.mapPage(page));
      this.#child = spawn(process.execPath, [...own.flags, entry, ...args], {
        ...(folders.start === undefined ? {} : { cwd: folders.start }),
        stdio: [
          'ignore',
          'inherit',
          'inherit',
          ...(pipes?.child ?? PIPES),
          page ?? 'ignore',
          share?.fd ?? 'ignore',
        ],
        env: environment(spec),
        // A session of its own: Ctrl-C is for the main program, which ends its workers; and the
        // whole group, with what tasks have started, can be killed.
        detached: posix,
        windowsHide: true,
      });
    } catch (error) {
      own.release();
      share?.close();
      pipes?.close();
      throw error;
    } finally {
      if (page !== null) native.workers.closeDescriptor(page);
      pipes?.closeChild();
    }
    this.#release = own.release;
    this.#channel = pipes ?? new StdioChannel(this.#child, INBOX, OUTBOX);
    try {
      this.#listen(events);
    } catch (error) {
      // The child ends when it finds its pipes closed.
      share?.close();
      this.#channel.close();
      throw error;
    }
    this.#child.unref();
    noteStart(this);
    const { cwd: _, ...init } = initMessage(spec);
    this.send(folders.next === undefined ? init : { ...init, cwd: folders.next });
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
      noteUp(this);
      this.#share?.close();
      this.#release();
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
      this.#outgoing.drop();
      exit = signal ? { reason: 'signal', signal } : { reason: 'exit', code: code ?? 0 };
      if (ended) finish();
      // A child of the worker may hold the pipe open.
      else setTimeout(finish, DRAIN_MS);
    });
    const reader = new FrameReader((message: FromWorker) => {
      if (message.type === 'ready') noteUp(this);
      events.message(message);
    });
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
    return { host: hostName(), pid: this.#child.pid ?? -1 };
  }

  send(message: ToWorker): void {
    if (!this.#gone) this.#outgoing.put(message, encodeFrame(message));
  }

  flush(): void {
    this.#outgoing.flush();
  }

  /** Small frames are copied into one, for one write. */
  #write(frames: readonly Buffer[]): void {
    let bytes = 0;
    for (const { length } of frames) bytes += length;
    const [only] = frames;
    if (frames.length === 1) this.#channel.write(only!);
    else if (bytes <= JOINED_BYTES) this.#channel.write(Buffer.concat(frames, bytes));
    else for (const frame of frames) this.#channel.write(frame);
  }

  working(working: boolean): void {
    this.#share?.working(working);
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
    settings,
    start: (spec, events) => new ProcessHandle(spec, events),
  };
}
