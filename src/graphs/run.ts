/**
 * A graph as what the scheduler runs: the source of its tasks, and the sink of their results, which make
 * more tasks ready.
 */
import { inspect } from 'node:util';
import type {
  GraphSnapshot,
  GraphView,
  Job,
  Sink,
  TaskDescriber,
  TaskSource,
} from '../scheduler/index.ts';
import { type Call, nameOf } from './call.ts';
import { withResults } from './containers.ts';
import { DependencyError } from './errors.ts';
import { DIRECT, type Graph, PLAIN } from './expand.ts';
import { makeTasks, type Tasks } from './plan.ts';
import { GraphState } from './state.ts';

/** How a task of a graph has ended, where errors are results. */
type Settled = PromiseSettledResult<unknown>;

/** Calls that fit in a name. */
const MAX_NAMES = 4;

export class GraphRun implements TaskSource, Sink, TaskDescriber {
  readonly window = null;
  readonly waiting = 0;
  readonly position = null;
  /** Resolves when all tasks have ended. */
  readonly ended: Promise<void>;
  readonly #graph: Graph;
  readonly #tasks: Tasks;
  readonly #state: GraphState;
  readonly #job: Job;
  /** Results by task, as long as they are needed. */
  readonly #values: unknown[];
  /** The tasks in the order in which they were given out, which is how the scheduler counts them. */
  readonly #given: number[] = [];
  /** Errors are results. */
  readonly #settles: boolean;
  #ready: (() => void) | null = null;
  #telling = false;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  constructor(graph: Graph, job: Job) {
    const { timeout, progress, trace, collectErrors } = job.options;
    this.#graph = graph;
    this.#job = job;
    this.#settles = collectErrors;
    // What is timed, counted or drawn is each call.
    this.#tasks = makeTasks(graph, timeout === null && progress === false && trace === null);
    this.#state = new GraphState(this.#tasks);
    this.#values = new Array<unknown>(this.#tasks.count);
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    job.describer = this;
    this.#takeKnown();
  }

  /** What is known needs not be run. */
  #takeKnown(): void {
    const { calls } = this.#graph;
    const { last, count } = this.#tasks;
    // Calls that are known need nothing: all of them are ready at once, and none else if one waits for it.
    if (!calls.some(({ known }) => known)) return;
    for (let task = 0; task < count; task++) {
      const { known } = calls[last[task]!]!;
      if (!known) continue;
      this.#state.begin(task);
      this.#accept(task, this.#settles ? { status: 'fulfilled', ...known } : known.value);
    }
  }

  // ---- Source -------------------------------------------------------------------------------

  get done(): boolean {
    return this.#state.left === 0;
  }

  get remaining(): number {
    return this.#state.left;
  }

  get available(): number {
    return this.#state.ready;
  }

  take(most: number): unknown[] {
    const tasks: unknown[] = [];
    while (tasks.length < most) {
      const task = this.#state.start();
      if (task < 0) break;
      this.#given.push(task);
      tasks.push(this.#messageOf(task));
      this.#state.taken(task, this.#drop);
    }
    return tasks;
  }

  whenReady(callback: () => void): void {
    this.#ready = callback;
  }

  close(): void {
    this.#state.close();
    this.#ready = null;
  }

  readonly #drop = (task: number): void => {
    this.#values[task] = undefined;
  };

  /** What the worker is told: see `CallMode` 'calls'. */
  #messageOf(task: number): unknown[] {
    const { before, last } = this.#tasks;
    const end = last[task]!;
    if (before[end]! < 0) return [this.#functionOf(end), this.#argumentsOf(end, -1)];
    const message: unknown[] = [];
    for (const node of this.#nodesOf(task)) {
      const previous = before[node]!;
      const called = this.#functionOf(node);
      if (previous < 0) message.push(called, this.#argumentsOf(node, previous));
      else if (this.#isFilledAlone(node, previous)) message.push(called, null, null);
      else message.push(called, this.#argumentsOf(node, previous), this.#holes(node, previous));
    }
    return message;
  }

  #functionOf(node: number): number {
    const call = this.#graph.calls[node]!;
    return this.#job.addFunction(call.fn, nameOf(call));
  }

  /** Whether the result of the call before is the only argument. */
  #isFilledAlone(node: number, previous: number): boolean {
    const { calls } = this.#graph;
    const { args } = calls[node]!;
    return args.length === 1 && args[0] === calls[previous];
  }

  /** Where the result of the call before goes. */
  #holes(node: number, previous: number): number[] {
    const { calls } = this.#graph;
    const before = calls[previous];
    const holes: number[] = [];
    for (const [at, argument] of calls[node]!.args.entries())
      if (argument === before) holes.push(at);
    return holes;
  }

  /** @param previous - the call whose result the worker fills in; −1 for none */
  #argumentsOf(node: number, previous: number): readonly unknown[] {
    const { calls, kinds, indexOf } = this.#graph;
    const { args } = calls[node]!;
    if (kinds[node] === PLAIN) return args;
    const resultOf = (call: Call): unknown => {
      const need = indexOf.get(call);
      if (need === previous) return undefined;
      // One that was put there after the graph was read.
      if (need === undefined)
        throw new TypeError(`the arguments of '${nameOf(calls[node]!)}' have changed`);
      return this.#value(this.#tasks.taskOf[need]!);
    };
    if (kinds[node] !== DIRECT) return withResults(args, resultOf) as unknown[];
    const filled = new Array<unknown>(args.length);
    for (let i = 0; i < args.length; i++) {
      const argument = args[i];
      filled[i] =
        typeof argument === 'object' && indexOf.has(argument as Call)
          ? resultOf(argument as Call)
          : argument;
    }
    return filled;
  }

  #value(task: number): unknown {
    const value = this.#values[task];
    return this.#settles ? (value as PromiseFulfilledResult<unknown>).value : value;
  }

  // ---- Sink ---------------------------------------------------------------------------------

  accept(first: number, values: ArrayLike<unknown>): void {
    const ready = this.#state.ready;
    for (let i = 0; i < values.length; i++) this.#accept(this.#given[first + i]!, values[i]);
    if (this.#state.ready > ready) this.#tell();
  }

  #accept(task: number, value: unknown): void {
    if (!this.#settles || (value as Settled).status === 'fulfilled') {
      if (this.#state.done(task)) this.#values[task] = value;
      return;
    }
    this.#values[task] = value;
    const { reason } = value as PromiseRejectedResult;
    const failed = (reason as { label?: string }).label ?? this.#nameOfTask(task);
    const cancel = (user: number): void => {
      if (!this.#tasks.wanted[user]) return;
      const label = nameOf(this.#graph.calls[this.#tasks.last[user]!]!);
      const error = new DependencyError(label, failed, reason);
      this.#values[user] = { status: 'rejected', reason: error } satisfies Settled;
    };
    this.#state.failed(task, cancel, this.#drop);
  }

  /** Who waits for tasks asks again, when whoever gave us these results is done with them. */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      this.#ready?.();
    });
  }

  end(): void {
    this.#resolve();
  }

  fail(error: unknown): void {
    this.#values.length = 0;
    this.#reject(error);
  }

  /** The result of a call that was asked for, once all have ended. */
  resultOf(call: Call): unknown {
    return this.#values[this.#tasks.taskOf[this.#graph.indexOf.get(call)!]!];
  }

  // ---- What people read ---------------------------------------------------------------------

  #nodesOf(task: number): number[] {
    const { before, last } = this.#tasks;
    const nodes: number[] = [];
    for (let node = last[task]!; node >= 0; node = before[node]!) nodes.push(node);
    return nodes.reverse();
  }

  #nameOfTask(task: number): string {
    const names = this.#nodesOf(task).map((node) => nameOf(this.#graph.calls[node]!));
    const shown = names.length > MAX_NAMES ? [names[0], '…', names.at(-1)] : names;
    return shown.join(' → ');
  }

  get graph(): GraphView {
    return {
      size: this.#tasks.count,
      labelOf: (index) => this.#nameOfTask(this.#given[index]!),
      snapshot: () => this.#snapshot(),
    };
  }

  #snapshot(): GraphSnapshot {
    const { count, needsAt, needs } = this.#tasks;
    const tasks = Array.from({ length: count }, (_, task) => task);
    return {
      labels: tasks.map((task) => this.#nameOfTask(task)),
      states: tasks.map((task) => this.#state.of(task)),
      needs: tasks.flatMap((task) =>
        Array.from(
          needs.subarray(needsAt[task], needsAt[task + 1]),
          (need) => [need, task] as const,
        ),
      ),
    };
  }

  describe(
    index: number,
    task: unknown,
    step: number | null,
  ): { label: string; argument: unknown } {
    const given = this.#given[index]!;
    const message = task as readonly unknown[];
    const nodes = this.#nodesOf(given);
    if (step === null || nodes.length === 1) {
      return { label: this.#nameOfTask(given), argument: message[1] };
    }
    const call = this.#graph.calls[nodes[step]!]!;
    if (step === 0) return { label: nameOf(call), argument: message[1] };
    const before = nameOf(this.#graph.calls[nodes[step - 1]!]!);
    const shown = [...((message[3 * step] as readonly unknown[] | null) ?? [undefined])];
    for (const hole of (message[3 * step + 1] as readonly number[] | null) ?? [0]) {
      shown[hole] = { [inspect.custom]: () => `<result of '${before}'>` };
    }
    return { label: nameOf(call), argument: shown };
  }
}
