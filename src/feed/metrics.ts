/**
 * Counts in the text format of Prometheus (version 0.0.4).
 */
import type { PoolStats } from '../scheduler/index.ts';

/** What is told; what is not known is left out. */
export interface Metrics {
  readonly runs?: number;
  readonly active?: number;
  readonly finished?: number;
  readonly failed?: number;
  readonly errors?: number;
  readonly busyCores: number;
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  readonly pools: readonly PoolStats[];
}

type Labels = Readonly<Record<string, string>>;

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    const quoted = value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
    return `${name}="${quoted}"`;
  });
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** Writes counts down. */
export function metricsText(metrics: Metrics): string {
  const lines: string[] = [];
  const add = (
    name: string,
    type: 'counter' | 'gauge',
    help: string,
    values: readonly (readonly [Labels, number | undefined])[],
  ): void => {
    if (values.length === 0 || values[0]![1] === undefined) return;
    lines.push(`# HELP heddle_${name} ${help}`, `# TYPE heddle_${name} ${type}`);
    for (const [labels, value] of values) lines.push(`heddle_${name}${labelText(labels)} ${value}`);
  };
  const { pools } = metrics;
  add('runs_total', 'counter', 'Runs that have begun.', [[{}, metrics.runs]]);
  add('runs_active', 'gauge', 'Runs that go on.', [[{}, metrics.active]]);
  add('tasks_finished_total', 'counter', 'Tasks that are done, failed ones too.', [
    [{}, metrics.finished],
  ]);
  add('tasks_failed_total', 'counter', 'Tasks that have failed.', [[{}, metrics.failed]]);
  add('errors_total', 'counter', 'Errors of tasks, runs and workers.', [[{}, metrics.errors]]);
  add('cores_busy', 'gauge', 'Cores that the program and its workers kept busy.', [
    [{}, metrics.busyCores],
  ]);
  add('cores', 'gauge', "Cores that are the program's.", [[{}, metrics.cores]]);
  add('memory_bytes', 'gauge', 'Resident memory of the program and its workers.', [
    [{}, metrics.memory],
  ]);
  const poolLabels = (pool: PoolStats): Labels => ({
    backend: pool.backend,
    pool: pool.name ?? '',
  });
  add(
    'pool_workers',
    'gauge',
    'Workers of a pool by what they do.',
    merged(
      pools.flatMap((pool) =>
        Object.entries(pool.workers).map(
          ([state, count]) => [{ ...poolLabels(pool), state }, count] as const,
        ),
      ),
    ),
  );
  add(
    'pool_queue',
    'gauge',
    'Tasks that no worker has begun.',
    merged(pools.map((pool) => [poolLabels(pool), pool.queue] as const)),
  );
  return `${lines.join('\n')}\n`;
}

/** Several pools may differ in what no label tells: a series may be there only once. */
function merged(values: readonly (readonly [Labels, number])[]): (readonly [Labels, number])[] {
  const sums = new Map<string, readonly [Labels, number]>();
  for (const [labels, value] of values) {
    const key = labelText(labels);
    sums.set(key, [labels, value + (sums.get(key)?.[1] ?? 0)]);
  }
  return [...sums.values()];
}
