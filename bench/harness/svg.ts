/** Plots as SVG text: bars with quartile whiskers, and lines along a numeric axis. */
import { formatNumber, formatSeconds } from './report.ts';
import type { ContenderResult, GroupResult, Plot, Spread, SuiteResult } from './types.ts';

const WIDTH = 760;
const FONT = 'font-family="system-ui, sans-serif" font-size="12"';
// Okabe and Ito's colours, which people with colour-blindness can tell apart (jfly, 2008).
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#777', '#000'];

function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (found) => `&#${found.charCodeAt(0)};`);
}

function text(x: number, y: number, content: string, more = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escapeText(content)}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number, stroke: string): string {
  const at = [x1, y1, x2, y2].map((value) => value.toFixed(1));
  return `<line x1="${at[0]}" y1="${at[1]}" x2="${at[2]}" y2="${at[3]}" stroke="${stroke}"/>`;
}

/** Round numbers that cover low…high. */
export function ticks(low: number, high: number, log: boolean): number[] {
  const found: number[] = [];
  if (log) {
    const wide = Math.log10(high / low) > 3;
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
      for (const digit of wide ? [1] : [1, 2, 5]) {
        const value = digit * 10 ** power;
        if (value >= low * 0.999 && value <= high * 1.001) found.push(value);
      }
    }
    return found;
  }
  const raw = (high - low) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((digit) => digit * power >= raw) ?? 10) * power;
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-6; value += step) {
    found.push(value);
  }
  return found;
}

interface Scale {
  (value: number): number;
  readonly ticks: readonly number[];
}

function scaleOf(values: readonly number[], from: number, to: number, log: boolean): Scale {
  const usable = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  const high = Math.max(...usable);
  // A linear axis starts at zero: bars that do not would mislead.
  const low = log ? Math.min(...usable) / 1.3 : Math.min(0, ...usable);
  const map = log ? Math.log : (value: number) => value;
  const top = log ? high * 1.3 : high * 1.05;
  const scale = (value: number) =>
    from + ((map(Math.max(value, low)) - map(low)) / (map(top) - map(low) || 1)) * (to - from);
  return Object.assign(scale, { ticks: ticks(low, top, log) });
}

function figureOf(result: ContenderResult, figure: Plot['figure']): Spread {
  if (typeof figure === 'object') {
    const value = result.metrics[figure.metric] ?? Number.NaN;
    return { median: value, low: value, high: value };
  }
  if (figure === 'seconds' || figure === 'ratio') return result[figure];
  if (figure === 'rate') {
    const { low, median, high } = result.seconds;
    return { median: 1 / median, low: 1 / high, high: 1 / low };
  }
  return { median: result.cpuSeconds, low: result.cpuSeconds, high: result.cpuSeconds };
}

function labelOf(value: number, figure: Plot['figure']): string {
  return figure === 'seconds' || figure === 'cpuSeconds'
    ? formatSeconds(value)
    : formatNumber(value);
}

function axisTitle(plot: Plot, group: GroupResult): string {
  if (typeof plot.figure === 'object') return plot.figure.metric;
  const titles = {
    seconds: `time per ${group.unit}`,
    cpuSeconds: `CPU time per ${group.unit}`,
    rate: `${group.unit}s per second`,
    ratio: `time ÷ ${group.baseline}`,
  };
  return titles[plot.figure];
}

function frame(height: number, plot: Plot, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ${FONT}>`,
    `<title>${escapeText(plot.title)}</title>`, // what a reader hears in the picture's place
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(16, 24, plot.title, 'font-size="15" font-weight="600"'),
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

function bars(plot: Plot, groups: readonly GroupResult[], colours: Map<string, string>): string {
  const left = 190;
  const right = WIDTH - 90;
  const rows = groups.flatMap((group) =>
    group.contenders.map((result) => ({ group, result, value: figureOf(result, plot.figure) })),
  );
  const scale = scaleOf(
    rows.flatMap(({ value }) => [value.low, value.high]),
    left,
    right,
    plot.logY ?? false,
  );
  const body: string[] = [];
  let y = 44;
  let last: GroupResult | undefined;
  const top = y;
  for (const { group, result, value } of rows) {
    if (group !== last) {
      if (groups.length > 1) {
        body.push(text(16, y + 14, group.name, 'font-weight="600"'));
        y += 22;
      }
      last = group;
    }
    const end = scale(value.median);
    body.push(text(left - 8, y + 12, result.name, 'text-anchor="end"'));
    body.push(
      `<rect x="${left}" y="${y}" width="${Math.max(end - left, 0.5).toFixed(1)}" height="16" fill="${colours.get(result.name)}"/>`,
      line(scale(value.low), y + 8, scale(value.high), y + 8, '#333'),
      text(
        Math.max(end, scale(value.high)) + 6,
        y + 12,
        labelOf(value.median, plot.figure),
        'fill="#333"',
      ),
    );
    y += 22;
  }
  const grid = scale.ticks.flatMap((tick) => [
    line(scale(tick), top, scale(tick), y, '#ddd'),
    text(scale(tick), y + 16, labelOf(tick, plot.figure), 'text-anchor="middle" fill="#555"'),
  ]);
  const title = rows[0] ? axisTitle(plot, rows[0].group) : '';
  return frame(y + 44, plot, [
    ...grid,
    ...body,
    text((left + right) / 2, y + 36, title, 'text-anchor="middle"'),
  ]);
}

function lines(plot: Plot, groups: readonly GroupResult[], colours: Map<string, string>): string {
  const [left, right, top, bottom] = [80, WIDTH - 190, 48, 340];
  const first = groups[0]!;
  const points = [...colours.keys()].map((name) => ({
    name,
    at: groups.flatMap((group) => {
      const result = group.contenders.find((contender) => contender.name === name);
      return result ? [{ x: group.x!, value: figureOf(result, plot.figure) }] : [];
    }),
  }));
  const xs = scaleOf(
    groups.map((group) => group.x!),
    left,
    right,
    plot.logX ?? false,
  );
  const ys = scaleOf(
    points.flatMap(({ at }) => at.flatMap(({ value }) => [value.low, value.high])),
    bottom,
    top,
    plot.logY ?? false,
  );
  const body = ys.ticks.flatMap((tick) => [
    line(left, ys(tick), right, ys(tick), '#ddd'),
    text(left - 8, ys(tick) + 4, labelOf(tick, plot.figure), 'text-anchor="end" fill="#555"'),
  ]);
  for (const group of groups) {
    body.push(text(xs(group.x!), bottom + 18, formatNumber(group.x!), 'text-anchor="middle"'));
  }
  points.forEach(({ name, at }, index) => {
    const colour = colours.get(name)!;
    const path = at.map(({ x, value }) => `${xs(x).toFixed(1)},${ys(value.median).toFixed(1)}`);
    body.push(
      `<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...at.map(({ x, value }) => line(xs(x), ys(value.low), xs(x), ys(value.high), colour)),
      `<rect x="${right + 20}" y="${top + index * 20}" width="12" height="12" fill="${colour}"/>`,
      text(right + 38, top + 10 + index * 20, name),
    );
  });
  body.push(
    text((left + right) / 2, bottom + 40, plot.xLabel ?? '', 'text-anchor="middle"'),
    text(left, top - 8, axisTitle(plot, first)),
  );
  return frame(bottom + 56, plot, body);
}

/** The groups that a plot shows, of those that were measured: lines need a place on the x axis. */
export function plottedGroups(plot: Plot, suite: SuiteResult): readonly GroupResult[] {
  return suite.groups.filter(
    (group) =>
      (plot.groups?.test(group.name) ?? true) && (plot.kind === 'bars' || group.x !== undefined),
  );
}

/**
 * The plot as an SVG document.
 *
 * @throws RangeError where no measured group belongs to it.
 */
export function drawPlot(plot: Plot, suite: SuiteResult): string {
  const groups = plottedGroups(plot, suite);
  if (groups.length === 0) throw new RangeError(`no group belongs to the plot '${plot.title}'`);
  const names = new Set(groups.flatMap((group) => group.contenders.map((result) => result.name)));
  const colours = new Map([...names].map((name, i) => [name, COLOURS[i % COLOURS.length]!]));
  return plot.kind === 'bars' ? bars(plot, groups, colours) : lines(plot, groups, colours);
}
