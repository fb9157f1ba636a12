import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import {
  type Contender,
  cpuBetween,
  inProcess,
  MissingPeer,
  measured,
  median,
  peer,
  python,
  quantile,
  type RunOptions,
  readCpu,
  wholeProcess,
} from '../../bench/harness/index.ts';
import { measureGroup } from '../../bench/harness/measure.ts';
import { endPythonHelpers } from '../../bench/harness/python.ts';
import { formatNumber, formatSeconds, groupMarkdown } from '../../bench/harness/report.ts';
import { drawPlot, plottedGroups, ticks } from '../../bench/harness/svg.ts';

const options: RunOptions = { short: false, rounds: 3, sampleSeconds: 0.001, flag: () => false };
const quiet = () => undefined;

/** A contender that tells a fixed time for each round and writes down when it was asked. */
function scripted(name: string, seconds: readonly number[], order: string[] = []): Contender {
  let round = 0;
  return {
    name,
    once: true,
    start: async () => ({
      async sample() {
        order.push(name);
        return { seconds: seconds[round++]!, cpuSeconds: 0.5, operations: 1, metrics: { round } };
      },
    }),
  };
}

describe('the order statistics', () => {
  it('interpolate between the values', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(median([])).toBeNaN();
  });
});

describe('measureGroup', () => {
  it('interleaves the rounds and takes the median of the ratios within each', async () => {
    const order: string[] = [];
    // The machine is ten times slower in round 2: the ratio of medians would be 1, not 2.
    const result = await measureGroup(
      {
        name: 'group',
        contenders: [scripted('a', [1, 10, 2], order), scripted('b', [2, 20, 2], order)],
        targets: [
          { contender: 'a', against: 'b', speedup: 1.5 },
          { contender: 'a', seconds: 1 },
        ],
      },
      options,
      quiet,
    );
    expect(order).toEqual(['a', 'b', 'b', 'a', 'a', 'b']);
    expect(result.contenders[1]?.ratio.median).toBe(2);
    expect(result.contenders[1]?.seconds.median).toBe(2);
    expect(result.contenders[0]?.cpuSeconds).toBe(0.5);
    expect(result.contenders[0]?.metrics).toEqual({ round: 2 });
    expect(result.targets.map((target) => target.reached)).toEqual([true, false]);
    expect(groupMarkdown(result)).toContain('**Not reached**: a at most 1000000 µs (2.00 s).');
  });

  it('divides by the operations of an iteration', async () => {
    const result = await measureGroup(
      { name: 'group', operations: 4, contenders: [scripted('a', [8, 8, 8])] },
      options,
      quiet,
    );
    expect(result.contenders[0]?.seconds.median).toBe(2);
  });

  it('stops at a wrong result and closes what it started', async () => {
    let closed = 0;
    const contender = inProcess('a', () => ({ run: () => 1, close: () => void closed++ }));
    const verify = (value: unknown) => {
      if (value !== 2) throw new Error(`wrong: ${value}`);
    };
    await expect(
      measureGroup({ name: 'group', contenders: [contender], verify }, options, quiet),
    ).rejects.toThrow('wrong: 1');
    expect(closed).toBe(1);
  });

  it('calibrates synchronous, asynchronous and self-made loops', async () => {
    let looped = 0;
    const result = await measureGroup(
      {
        name: 'group',
        contenders: [
          inProcess('sync', () => ({ run: () => Math.sqrt(2) })),
          inProcess('async', () => ({ run: async () => Math.sqrt(2) })),
          inProcess('loop', () => ({
            loop: (iterations) => {
              looped = iterations;
              for (let i = 0; i < iterations; i++) Math.sqrt(i);
            },
          })),
          inProcess('own clock', () => ({ run: () => measured({ seconds: 3, operations: 6 }) })),
        ],
      },
      options,
      quiet,
    );
    const [sync, , loop, own] = result.contenders;
    expect(sync!.iterations).toBeGreaterThan(100);
    expect(looped).toBe(loop!.iterations);
    expect(own!.seconds.median).toBe(0.5);
  });
});

describe('the kinds of contenders', () => {
  it('name the package to install for a missing peer', async () => {
    await expect(peer('heddle-no-such-peer')).rejects.toThrow(
      "the peer 'heddle-no-such-peer' is not installed: npm install --save-dev heddle-no-such-peer",
    );
    const contender = python('x', {
      modules: { heddle_no_such: 'python3-no-such' },
      source: 'def setup(params): return None',
    });
    await expect(contender.start()).rejects.toThrow(MissingPeer);
    await expect(contender.start()).rejects.toThrow(/apt-get install python3-no-such/);
    await expect(
      wholeProcess('x', 'heddle-no-such', [])
        .start()
        .then((run) => run.sample(1)),
    ).rejects.toThrow("'heddle-no-such' could not be run");
    endPythonHelpers();
  });

  it('time Python inside its own process and pass results and errors on', async () => {
    const good = await python('good', {
      modules: { math: 'python3' },
      source: `
import math, time
def setup(params):
    def run():
        time.sleep(0.002)
        return [params["x"], math.inf]
    return run
`,
      params: { x: 7 },
      env: { HEDDLE_TEST: '1' },
    }).start();
    const sample = await good.sample(3);
    expect(sample.seconds).toBeGreaterThanOrEqual(0.006);
    expect(sample.operations).toBe(3);
    const bad = await python('bad', {
      modules: {},
      source: 'def setup(params):\n  return lambda: 1 / 0',
      env: { HEDDLE_TEST: '1' },
    }).start();
    await expect(bad.sample(1)).rejects.toThrow("contender 'bad': ZeroDivisionError");
    await good.close?.();
    endPythonHelpers();
  });

  it('read a result and a clock of their own from whole processes', async () => {
    const running = await wholeProcess('node', process.execPath, [
      '-e',
      'console.log(JSON.stringify({ seconds: 42, metrics: { switches: 3 }, result: "yes" }))',
    ]).start();
    expect(await running.sample(1)).toMatchObject({ seconds: 42, metrics: { switches: 3 } });
    expect(await running.result?.()).toBe('yes');
    const failing = await wholeProcess('node', process.execPath, ['-e', 'process.exit(3)']).start();
    await expect(failing.sample(1)).rejects.toThrow('ended with exit code 3');
  });
});

describe.runIf(process.platform === 'linux')('the CPU reading', () => {
  it('counts a child that has been waited for', () => {
    const before = readCpu();
    const burn =
      'const end = process.cpuUsage().user + 3e5; while (process.cpuUsage().user < end);';
    spawnSync(process.execPath, ['-e', burn]);
    const used = cpuBetween(before, readCpu());
    expect(used).toBeGreaterThan(0.28);
    expect(used).toBeLessThan(3);
  });
});

describe('the report', () => {
  it('writes three digits and a unit', () => {
    expect(formatSeconds(0.00123456)).toBe('1.23 ms');
    expect(formatSeconds(5e-9)).toBe('5.00 ns');
    expect(formatSeconds(Number.NaN)).toBe('–');
    expect(formatNumber(1234567)).toBe('1\u2009230\u2009000');
    expect(formatNumber(0.0123)).toBe('0.0123');
    expect(formatNumber(0)).toBe('0');
  });

  it('finds round ticks', () => {
    expect(ticks(0, 10, false)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(ticks(1, 100, true)).toEqual([1, 2, 5, 10, 20, 50, 100]);
  });

  it('draws bars and lines', async () => {
    const groups = [];
    for (const x of [8, 16]) {
      const contenders = [scripted('a <1>', [1, 1, 1]), scripted('b', [2, 2, 2])];
      groups.push(await measureGroup({ name: `n = ${x}`, x, contenders }, options, quiet));
    }
    const suite = { name: 's', title: 'S', short: false, machine: {}, groups };
    const plot = { file: 's.svg', title: 'Sizes', figure: 'seconds' } as const;
    const bars = drawPlot({ ...plot, kind: 'bars' }, suite);
    expect(bars.match(/<rect/g)).toHaveLength(5);
    expect(bars).toContain('a &#60;1&#62;');
    const lines = drawPlot({ ...plot, kind: 'lines', logX: true }, suite);
    expect(lines.match(/<polyline/g)).toHaveLength(2);
  });

  it('leaves out the plots of what a filter left out', async () => {
    const contenders = [scripted('a', [1, 1, 1])];
    const groups = [await measureGroup({ name: 'cholesky', contenders }, options, quiet)];
    const suite = { name: 's', title: 'S', short: false, machine: {}, groups };
    const plot = { file: 's.svg', title: 'Sizes', figure: 'seconds', kind: 'lines' } as const;
    expect(plottedGroups(plot, suite)).toEqual([]);
    expect(() => drawPlot(plot, suite)).toThrow(/no group belongs to the plot 'Sizes'/);
    expect(plottedGroups({ ...plot, kind: 'bars' }, suite)).toEqual(groups);
  });
});
