/**
 * The cores that the operations of workers really had, as the elastic budget lends them: told with the results on
 * every backend that has workers, and together never more than there are.
 */
import '../helpers/built.ts';
import { channel } from 'node:diagnostics_channel';
import { coreBudget, map, shutdownWorkers } from 'heddle';
import { Cluster } from 'heddle/cluster';
import { cholesky, choleskySync, executorStats } from 'heddle/linalg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CoreSpan, Slice } from '../../src/feed/messages.ts';
import { Spans } from '../../src/feed/page/heights.ts';
import { fc, runsOf } from '../helpers/seeds.ts';
import { rejection, sleep } from '../parallel/support.ts';

interface Told {
  readonly run: number;
  readonly worker: number;
  readonly by?: { readonly engine: number };
  readonly started: number;
  readonly completed: number;
  readonly threads: number;
  readonly cores?: readonly number[];
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly cores: number;
}

const spansOf = ({ cores = [] }: Told): Span[] =>
  Array.from({ length: cores.length / 3 }, (_, i) => ({
    from: cores[3 * i]!,
    to: cores[3 * i + 1]!,
    cores: cores[3 * i + 2]!,
  }));

let told: Told[] = [];
const batches = channel('heddle:batch:finished');
const listener = (event: unknown): void => void told.push(event as Told);

const cores = coreBudget();
let cluster: Cluster;
const backends = {
  threads: () => 'threads',
  processes: () => 'processes',
  engines: async () => (await cluster.client()).backend,
} as const;
const names = Object.keys(backends) as (keyof typeof backends)[];
const optionsFor = async (name: keyof typeof backends) =>
  ({ backend: (await backends[name]()) as 'threads', jobs: cores, batchSize: 1 }) as const;

beforeAll(async () => {
  cluster = await Cluster.start({ n: cores });
});
beforeEach(() => {
  told = [];
});
afterAll(async () => {
  await cluster.stop();
  await shutdownWorkers({ kill: true });
});

/** Operations until some have had more than one core, or so many. */
async function compute(most: number): Promise<number> {
  const n = 500;
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) data[i * n + i] = 4;
  const { wide } = executorStats();
  let done = 0;
  while (done < most && executorStats().wide < wide + 3) {
    await cholesky({ data, shape: [n, n] });
    done++;
  }
  return done;
}

describe.each(names)('%s', (name) => {
  /** A worker that computes, beside others that have nothing to do. */
  const first = async (most: number, options: object): Promise<void> => {
    batches.subscribe(listener);
    try {
      const settings = { ...(await optionsFor(name)), ...options };
      await map([most, ...Array.from({ length: cores - 1 }, () => 0)], compute, settings);
    } finally {
      batches.unsubscribe(listener);
    }
  };

  it('1 tell what was lent, while the tasks ran', async () => {
    // What nobody has asked for is not told later.
    await map([1], compute, await optionsFor(name));
    await first(2000, {});
    const spans = told.flatMap(spansOf);
    expect(Math.max(...spans.map((span) => span.cores))).toBe(cores);
    for (const batch of told) {
      expect(batch.threads).toBe(1);
      expect(batch.by === undefined).toBe(name !== 'engines');
      for (const { from, to } of spansOf(batch)) {
        expect(from).toBeGreaterThanOrEqual(batch.started);
        expect(to).toBeGreaterThan(from);
        expect(to).toBeLessThanOrEqual(batch.completed);
      }
    }
  });

  if (name === 'engines') return; // whose cores are no job's to say

  it('2 tell their share where nothing is lent', async () => {
    await first(30, { elastic: false });
    const spans = told.flatMap(spansOf);
    expect(spans.length).toBeGreaterThan(0);
    expect(Math.max(...spans.map((span) => span.cores))).toBe(1);
  });
});

describe('nobody is told', () => {
  it('3 of operations where tasks have none', async () => {
    batches.subscribe(listener);
    await map([1, 2, 3, 4], (x) => x, { backend: 'processes', jobs: cores });
    batches.unsubscribe(listener);
    expect(told.length).toBeGreaterThan(0);
    expect(told.some((batch) => 'cores' in batch)).toBe(false);
  });
});

interface Plan {
  /** Sizes of the operations of each task, one after the other. */
  readonly tasks: readonly (readonly number[])[];
  readonly jobs: number;
  readonly sync: boolean;
  readonly end: 'done' | 'abort' | 'death';
}

async function operations({
  sizes,
  sync,
  dies,
}: {
  sizes: readonly number[];
  sync: boolean;
  dies: boolean;
}) {
  for (const n of sizes) {
    const data = new Float64Array(n * n);
    for (let i = 0; i < n; i++) data[i * n + i] = 4;
    const a = { data, shape: [n, n] };
    if (sync) choleskySync(a);
    else await cholesky(a);
  }
  if (dies) process.kill(process.pid, 'SIGKILL');
  return sizes.length;
}

/** Times longer than `least` (ms) in which spans together have more than `most` cores. */
function above(spans: readonly Span[], most: number, least: number): string[] {
  const changes = spans
    .flatMap(({ from, to, cores: n }) => [
      [from, n],
      [to, -n],
    ])
    // Of two at the same time the end comes first.
    .sort(([a, n], [b, m]) => a! - b! || n! - m!);
  const found: string[] = [];
  let sum = 0;
  for (const [i, [time, change]] of changes.entries()) {
    sum += change!;
    const until = changes[i + 1]?.[0] ?? time!;
    if (sum > most && until - time! > least) found.push(`${sum} for ${until - time!} ms`);
  }
  return found;
}

/** Operations that follow each other within this are told as one (native/executor/core_spans.cpp); ms. */
const PAUSE = 0.1;

it('4 never have more than all cores together, whatever ends or dies', {
  timeout: 60_000,
}, async () => {
  const plans = fc.record<Plan>({
    tasks: fc.array(fc.array(fc.integer({ min: 100, max: 500 }), { maxLength: 8 }), {
      minLength: 1,
      maxLength: 2 * cores + 2,
    }),
    jobs: fc.integer({ min: 1, max: cores }),
    sync: fc.boolean(),
    end: fc.constantFrom('done', 'done', 'abort', 'death'),
  });
  let most = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), plans, async (name, plan) => {
      told = [];
      batches.subscribe(listener);
      const controller = new AbortController();
      // A thread can't be killed without its process.
      const mayDie = name !== 'threads' && plan.jobs > 1; // nor can this one, where one job runs
      const end = plan.end === 'death' && !mayDie ? 'done' : plan.end;
      const tasks = plan.tasks.map((sizes, i) => ({
        sizes,
        sync: plan.sync,
        dies: end === 'death' && i === 0,
      }));
      const options = { ...(await optionsFor(name)), jobs: plan.jobs, signal: controller.signal };
      const job = map(tasks, operations, options);
      if (end === 'abort') {
        void sleep(5).then(() => controller.abort());
        await job.catch(() => {});
      } else if (end === 'death') await rejection(job);
      else expect(await job).toEqual(plan.tasks.map(({ length }) => length));
      batches.unsubscribe(listener);
      const spans = told.flatMap(spansOf);
      expect(above(spans, cores, PAUSE)).toEqual([]);
      most = Math.max(most, ...spans.map((span) => span.cores));
    }),
    { numRuns: runsOf(25) },
  );
  expect(most).toBeGreaterThan(0);
});

it('5 give a bar its heights: all of its time, each part once', () => {
  const time = fc.integer({ min: 0, max: 100 });
  const pairs = fc.uniqueArray(time, { minLength: 2, maxLength: 12 }).map((all) => {
    const sorted = all.sort((a, b) => a - b);
    return Array.from({ length: sorted.length >> 1 }, (_, i) => [
      sorted[2 * i]!,
      sorted[2 * i + 1]!,
    ]);
  });
  fc.assert(
    fc.property(pairs, fc.array(fc.nat(8)), time, time, (all, heights, a, b) => {
      const spans = all.map(([from, to], i): CoreSpan => [7, from!, to!, heights[i] ?? 2]);
      const [started, completed] = [Math.min(a, b), Math.max(a, b) + 1];
      const slice: Slice = [7, 1, 1, started, completed, 1, 0, 3];
      const other: CoreSpan = [8, 0, 200, 99];
      const pieces = new Spans([other, ...spans.toReversed()]).pieces(slice);
      expect(pieces[0]!.from).toBe(started);
      expect(pieces.at(-1)!.to).toBe(completed);
      for (const [i, piece] of pieces.entries()) {
        if (i > 0) expect(piece.from).toBe(pieces[i - 1]!.to);
        expect(piece.to).toBeGreaterThan(piece.from);
      }
      const within = spans.filter(([, from, to]) => to > started && from < completed);
      for (let at = started + 0.5; at < completed; at++) {
        const span = spans.find(([, from, to]) => from < at && at < to);
        const piece = pieces.find(({ from, to }) => from < at && at < to)!;
        expect(piece.threads).toBe(span ? span[3] : within.length > 0 ? 1 : 3);
      }
    }),
  );
});
