import { describe, expect, it } from 'vitest';
import { imap, invokeProgress, map } from '../src/index.ts';
import { Display } from '../src/progress/display.ts';
import { duration, Meter, rate } from '../src/progress/meter.ts';

/** A terminal of a width, and what it shows. */
function terminal(columns: number) {
  const written: string[] = [];
  return {
    isTTY: true,
    columns,
    write: (text: string) => written.push(text),
    written,
  };
}

describe('a meter', () => {
  const settings = { label: 'fit', unit: 'tasks' };

  it('tells counts, rate and time left', () => {
    const meter = new Meter(settings, 200, 0);
    meter.counts.dispatched = 60;
    meter.counts.finished = 50;
    meter.counts.failed = 2;
    expect(meter.line(false, 200, 5000)).toBe(
      'fit: 50/200 tasks (25%), 10 in progress, 2 failed, 10/s, 15 s left',
    );
    expect(meter.line(true, 200, 5000)).toMatch(/^fit: {2}25% │██████ {18}│ {2} 50\/200 tasks/);
    meter.counts.finished = 200;
    meter.end(20_000);
    expect(meter.line(false, 200, 99_000)).toBe(
      'fit: 200/200 tasks (100%), 2 failed, 10/s, in 20 s',
    );
  });

  it('works without a total', () => {
    const meter = new Meter({ label: '', unit: 'users' }, null, 0);
    meter.counts.finished = 3;
    meter.counts.dispatched = 4;
    expect(meter.line(false, 200, 1000)).toBe('3 users, 1 in progress, 3.00/s');
  });

  it('keeps its width while it counts, and within that of the terminal', () => {
    const meter = new Meter(settings, 1000, 0);
    const bars = [0, 9, 99, 999].map((finished) => {
      meter.counts.finished = finished;
      return meter.line(true, 200, 1000).indexOf('/1000');
    });
    expect(new Set(bars).size).toBe(1);
    expect(meter.line(true, 30, 1000).length).toBeLessThanOrEqual(30);
  });

  it.each([
    [4.4, '4 s'],
    [65, '1:05'],
    [7205, '2:00:05'],
  ])('writes %d seconds as %s', (seconds, text) => expect(duration(seconds)).toBe(text));

  it.each([
    [0.42, '0.42/s'],
    [120.4, '120/s'],
    [54_321, '54k/s'],
    [1_234_567, '1.2M/s'],
    [0, '–/s'],
  ])('writes a rate of %d as %s', (value, text) => expect(rate(value)).toBe(text));
});

describe('a display', () => {
  it('draws over what it drew, and lets others write between', () => {
    const stream = terminal(80);
    const display = new Display(stream, {});
    const meter = new Meter({ label: 'one', unit: 'steps' }, 2);
    display.add(meter);
    display.interrupt(() => stream.write('a line of its own\n'));
    display.interrupt(() => stream.write('another\n'));
    meter.counts.finished = 2;
    meter.end();
    display.remove(meter);
    const text = stream.written.join('');
    // Rows of a terminal after all escapes.
    const rows: string[] = [''];
    const plain = text.replaceAll('\u001b[1A', '<up>').replaceAll('\u001b[2K', '<clear>');
    for (const part of plain.split(/(\n|\r|<up>|<clear>)/)) {
      if (part === '\n') rows.push('');
      else if (part === '<up>') rows.pop();
      else if (part === '<clear>' || part === '\r') rows[rows.length - 1] = '';
      else rows[rows.length - 1] += part;
    }
    expect(rows.slice(0, 2)).toEqual(['a line of its own', 'another']);
    expect(rows[2]).toMatch(/^one: 100% .*2\/2 steps/);
    expect(rows).toHaveLength(4);
  });

  it('writes whole lines where there is no terminal', () => {
    const written: string[] = [];
    const progress = invokeProgress({
      label: 'reading',
      total: 3,
      unit: 'files',
      stream: { write: (text) => written.push(text) },
    });
    progress.advance();
    progress.advance(2);
    expect(progress.completed).toBe(3);
    progress.finish();
    progress.finish();
    expect(written).toHaveLength(1);
    expect(written[0]).toMatch(/^reading: 3\/3 files \(100%\), .*\n$/);
  });

  it('refuses a total that makes no sense', () => {
    expect(() => invokeProgress({ total: -1 })).toThrow(RangeError);
    expect(() => invokeProgress({ total: 'x' as never })).toThrow(TypeError);
  });
});

describe('the progress of a job', () => {
  const capture = async (work: () => Promise<unknown>): Promise<string> => {
    const { write } = process.stderr;
    let text = '';
    process.stderr.write = ((chunk: string) => {
      text += chunk;
      return true;
    }) as typeof write;
    try {
      await work();
    } finally {
      process.stderr.write = write;
    }
    return text;
  };

  it('counts tasks', async () => {
    const text = await capture(() =>
      map([1, 2, 3], (x) => x, { jobs: 1, progress: { label: 'job', unit: 'things' } }),
    );
    expect(text).toMatch(/job: 3\/3 things \(100%\)/);
  });

  it('counts what tasks count, once they do', async () => {
    const text = await capture(() =>
      imap([1, 2, 3], (_x, ctx) => ctx.progress.advance(10), {
        jobs: 1,
        progress: { label: 'job', total: 30, unit: 'users' },
      }).toArray(),
    );
    expect(text).toMatch(/job: 30\/30 users \(100%\)/);
  });
});
