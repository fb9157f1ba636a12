/**
 * Runs the contenders of a group in interleaved rounds (A B C, B C A, …).
 *
 * A shared machine drifts: whatever slows it for a second slows neighbours in time alike. So a
 * ratio is taken within each round, and the median of these ratios is what the report states.
 */
import { median, spread } from './statistics.ts';
import type {
  Contender,
  ContenderResult,
  Group,
  GroupResult,
  Running,
  RunOptions,
  Sample,
  TargetResult,
} from './types.ts';

interface Entry {
  readonly contender: Contender;
  readonly running: Running;
  readonly samples: Sample[];
  iterations: number;
}

/** How many iterations a sample needs to take `seconds`. The search is the warm-up as well. */
async function calibrate(running: Running, seconds: number): Promise<number> {
  let iterations = 1;
  for (;;) {
    const { seconds: took } = await running.sample(iterations);
    if (took >= seconds || iterations >= 1e9) return iterations;
    // At most tenfold at once: the first runs are slow ones, before the code is optimised.
    const factor = took > 0 ? Math.min(10, (1.2 * seconds) / took) : 10;
    iterations = Math.max(iterations + 1, Math.ceil(iterations * factor));
  }
}

function perOperation(entry: Entry, group: Group, figure: 'seconds' | 'cpuSeconds'): number[] {
  const scale = group.operations ?? 1;
  return entry.samples.map((sample) => sample[figure] / (sample.operations * scale));
}

function summarise(entry: Entry, baseline: Entry, group: Group): ContenderResult {
  const seconds = perOperation(entry, group, 'seconds');
  const reference = perOperation(baseline, group, 'seconds');
  const operations = entry.samples.reduce((sum, sample) => sum + sample.operations, 0);
  const cpu = entry.samples.reduce((sum, sample) => sum + sample.cpuSeconds, 0);
  const metrics: Record<string, number> = {};
  for (const key of new Set(entry.samples.flatMap((sample) => Object.keys(sample.metrics)))) {
    metrics[key] = median(entry.samples.map((sample) => sample.metrics[key] ?? Number.NaN));
  }
  const summary = spread(seconds);
  return {
    name: entry.contender.name,
    seconds: summary,
    cpuSeconds: cpu / (operations * (group.operations ?? 1)),
    rate: 1 / summary.median,
    ratio: spread(seconds.map((value, round) => value / reference[round]!)),
    metrics,
    iterations: entry.iterations,
  };
}

function checkTargets(group: Group, entries: ReadonlyMap<string, Entry>): TargetResult[] {
  const times = (name: string) => {
    const entry = entries.get(name);
    if (!entry) throw new RangeError(`a target of '${group.name}' names no contender: '${name}'`);
    return perOperation(entry, group, 'seconds');
  };
  return (group.targets ?? []).map((target) => {
    const own = times(target.contender);
    if ('against' in target) {
      const other = times(target.against);
      const value = median(own.map((seconds, round) => other[round]! / seconds));
      return {
        text: `${target.contender} at least ${target.speedup} × as fast as ${target.against}`,
        reached: value >= target.speedup,
        value,
      };
    }
    const value = median(own);
    return {
      text: `${target.contender} at most ${target.seconds * 1e6} µs`,
      reached: value <= target.seconds,
      value,
    };
  });
}

/** Measures one group; contenders are started before its first round and closed after its last. */
export async function measureGroup(
  group: Group,
  options: RunOptions,
  log: (line: string) => void,
): Promise<GroupResult> {
  const names = group.contenders.map((contender) => contender.name);
  if (new Set(names).size !== names.length) {
    throw new RangeError(`'${group.name}' has two contenders of one name: ${names.join(', ')}`);
  }
  const baselineName = group.baseline ?? names[0];
  const rounds = options.short ? options.rounds : (group.rounds ?? options.rounds);
  const entries = new Map<string, Entry>();
  try {
    for (const contender of group.contenders) {
      const running = await contender.start();
      const entry: Entry = { contender, running, samples: [], iterations: 1 };
      entries.set(contender.name, entry);
      if (group.verify && running.result) group.verify(await running.result(), contender.name);
      if (contender.once) continue;
      entry.iterations = group.iterations ?? (await calibrate(running, options.sampleSeconds));
    }
    const baseline = baselineName === undefined ? undefined : entries.get(baselineName);
    if (!baseline) throw new RangeError(`'${group.name}' has no contender '${baselineName}'`);
    const order = [...entries.values()];
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < order.length; i++) {
        const entry = order[(i + round) % order.length]!;
        entry.samples.push(await entry.running.sample(entry.iterations));
      }
      log(`  round ${round + 1} of ${rounds}`);
    }
    return {
      name: group.name,
      ...(group.about === undefined ? {} : { about: group.about }),
      unit: group.unit ?? 'call',
      baseline: baseline.contender.name,
      rounds,
      ...(group.x === undefined ? {} : { x: group.x }),
      contenders: order.map((entry) => summarise(entry, baseline, group)),
      targets: checkTargets(group, entries),
    };
  } finally {
    for (const entry of entries.values()) await entry.running.close?.();
  }
}
