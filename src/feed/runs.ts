/**
 * The runs that go on, and the latest that have ended.
 */
import {
  type BatchFinishedEvent,
  type GraphSnapshot,
  type GraphView,
  type RunEndedEvent,
  type RunStartedEvent,
  runningRuns,
} from '../scheduler/index.ts';
import type { GraphMessage, RunState } from './messages.ts';
import { errorLine, nameText } from './texts.ts';

/** Runs that have ended and are still shown, and runs that go on and are (the latest of them). */
const KEPT_ENDED = 100;
const MAX_SHOWN = 200;
/** Graphs of more calls are not drawn: nobody would see anything. */
const MAX_DRAWN = 400;

export interface RunRecord {
  readonly run: number;
  readonly label: string;
  readonly backend: string;
  readonly tasks: number | null;
  readonly started: number;
  finished: number;
  failed: number;
  ended: number | null;
  error: string | null;
  /** While it goes on. */
  graph: GraphView | null;
  /** Once it has ended. */
  lastGraph: GraphMessage | null;
  /** How it is shown, until something changes; kept of those that have ended, which change no more. */
  shown: RunState | null;
}

function graphMessage(run: number, graph: GraphView): GraphMessage {
  const { size } = graph;
  if (size > MAX_DRAWN) return { run, size, labels: [], states: [], needs: [] };
  const { labels, states, needs }: GraphSnapshot = graph.snapshot();
  return { run, size, labels: labels.map(nameText), states, needs };
}

function stateOf(record: RunRecord): RunState {
  if (record.shown) return record.shown;
  const { graph, lastGraph, shown: _, ...state } = record;
  const made = { ...state, graph: graph !== null || lastGraph !== null };
  if (record.ended !== null) record.shown = made;
  return made;
}

export class Runs {
  readonly #active = new Map<number, RunRecord>();
  /** The latest last; up to twice as many as are shown. */
  #ended: RunRecord[] = [];
  /** Runs that have begun, and tasks of all runs. */
  count = 0;
  finished = 0;
  failed = 0;

  /** Takes up what goes on already. */
  constructor() {
    for (const { id, job, waiting, stats } of runningRuns().map((run) => ({
      id: run.id,
      job: run.job,
      waiting: run.waiting,
      stats: run.stats(),
    }))) {
      this.#add({
        run: id,
        label: job.label,
        backend: job.options.backend.name,
        tasks: stats.dispatched + waiting || undefined,
        ...(job.describer?.graph ? { graph: job.describer.graph } : {}),
        time: performance.now() - stats.wallTime,
      }).finished = stats.finished;
    }
  }

  started(event: RunStartedEvent): void {
    this.#add(event);
  }

  #add({ run, label, backend, tasks, graph, time }: RunStartedEvent): RunRecord {
    this.count++;
    const record: RunRecord = {
      run,
      label: nameText(label || (graph ? 'calls' : 'tasks')),
      backend,
      tasks: tasks ?? null,
      started: time,
      finished: 0,
      failed: 0,
      ended: null,
      error: null,
      graph: graph ?? null,
      lastGraph: null,
      shown: null,
    };
    this.#active.set(run, record);
    return record;
  }

  /** The run of a batch, which counts as done. */
  batch({ run, count, failed }: BatchFinishedEvent): RunRecord | undefined {
    this.finished += count;
    if (failed) this.failed += count;
    // What ran when a run was stopped is told after its end.
    const record = this.#active.get(run) ?? this.#ended.findLast((one) => one.run === run);
    if (!record) return undefined;
    record.finished += count;
    if (failed) record.failed += count;
    record.shown = null;
    return record;
  }

  ended({ run, finished, failed, error, time }: RunEndedEvent): RunRecord | undefined {
    const record = this.#active.get(run);
    if (!record) return undefined;
    // Tasks that were lost with their worker are in no batch.
    this.finished += finished - record.finished;
    this.failed += failed - record.failed;
    record.finished = finished;
    record.failed = failed;
    record.ended = time;
    if (error !== undefined) {
      const { name, message } = errorLine('', error);
      record.error = `${name}: ${message}`;
    }
    if (record.graph) record.lastGraph = graphMessage(run, record.graph);
    record.graph = null;
    this.#active.delete(run);
    this.#ended.push(record);
    // Cut now and then: a program may make thousands of runs a second.
    if (this.#ended.length >= 2 * KEPT_ENDED) this.#ended = this.#ended.slice(-KEPT_ENDED);
    return record;
  }

  /** The latest first; those that go on before those that have ended. */
  shown(): RunState[] {
    const active = [...this.#active.values()].reverse().slice(0, MAX_SHOWN);
    return [...active, ...this.#ended.slice(-KEPT_ENDED).reverse()].map(stateOf);
  }

  graph(run: number): GraphMessage | null {
    const active = this.#active.get(run);
    if (active?.graph) return graphMessage(run, active.graph);
    return this.#ended.find((one) => one.run === run)?.lastGraph ?? null;
  }
}
