// A flood of tasks with the page open in a browser: neither the program's heap nor the page's may grow once
// the rings are full. `node test/dashboard/flood.mjs --minutes 10` for the long form; the suite runs some seconds.
// Prints a line for each period, and ends with status 1 where one of the heaps has grown.
import { channel } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { map, setLogger, shutdownWorkers } from 'heddle';
import { dashboard } from 'heddle/dashboard';
import { chromium } from 'playwright-core';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '100000' },
    periods: { type: 'string', default: '10' },
  },
});
const periods = Number(values.periods);
const periodMs = (Number(values.minutes) * 60_000) / periods;
const rate = Number(values.rate);

/** What either heap may grow by after the rings are full: what V8 leaves lying about. */
const ROOM = 8 * 2 ** 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const silent = () => {};
setLogger({
  trace: silent,
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
  fatal: silent,
});

const page = await dashboard();
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const view = await browser.newPage();
const complaints = [];
view.on('pageerror', (error) => complaints.push(String(error)));
await view.goto(`${page.url}#stream`);
const session = await view.context().newCDPSession(view);

async function heaps() {
  collect();
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  return { program: process.memoryUsage().heapUsed, page: usedSize };
}

/** Fills all rings at once: what takes minutes otherwise. */
async function fill() {
  const publish = (name, event) => channel(`heddle:${name}`).publish(event);
  for (let i = 0; i < 40_000; i++) {
    const run = 1e9 + i;
    const time = performance.now() + i / 1000;
    publish('run:started', {
      run,
      label: `function ${i % 300}`,
      backend: 'threads',
      tasks: 1,
      time,
    });
    const batch = { first: 0, count: 1, failed: i % 7 === 0, worker: 1, threads: 1 };
    publish('batch:finished', { run, ...batch, started: time, completed: time + 0.0005 });
    if (i % 20 === 0) {
      publish('task:rejected', { run, label: 'x', index: 0, error: new Error(`error ${i}`), time });
    }
    publish('run:ended', { run, label: 'x', finished: 1, failed: 0, time: time + 0.001 });
    if (i % 4000 === 3999) await sleep(250);
  }
}

const settings = { backend: 'threads', jobs: 2 };
let done = 0;

/** Tasks at the rate, in runs of all kinds, for a time. */
async function flood(ms) {
  const begun = performance.now();
  const before = done;
  const many = Array.from({ length: Math.ceil(rate / 20) }, (_, i) => i);
  const end = begun + ms;
  while (performance.now() < end) {
    await map(many, (x) => x, { ...settings, batchSize: 50, label: 'many' });
    await Promise.all(
      [1, 2, 3].map((x) => map([x], (y) => y, { ...settings, label: `one of ${x}` })),
    );
    const fails = (x) => {
      console.log('a line of some length', x);
      throw new RangeError('no');
    };
    await map([1], fails, { ...settings, returnErrors: true });
    done += many.length + 4;
    const due = begun + (1000 * (done - before)) / rate;
    await sleep(Math.max(due - performance.now(), 1));
  }
  return (1000 * (done - before)) / (performance.now() - begun);
}

await fill();
await flood(Math.min(periodMs, 5000));
const first = await heaps();
let grown = false;
for (let period = 1; period <= periods; period++) {
  const perSecond = await flood(periodMs);
  const now = await heaps();
  const mebibytes = (value) => (value / 2 ** 20).toFixed(1);
  console.log(
    `${period}/${periods}: ${Math.round(perSecond)} tasks/s; heap of the program ${mebibytes(now.program)} MiB ` +
      `(at first ${mebibytes(first.program)}), of the page ${mebibytes(now.page)} (${mebibytes(first.page)})`,
  );
  grown ||= now.program > first.program + ROOM || now.page > first.page + ROOM;
}
const shown = await view.evaluate("document.querySelectorAll('#view-stream .legend li').length");
if (shown === 0) complaints.push('the task stream was empty');
for (const complaint of complaints) console.log(complaint);
await browser.close();
await page.close();
shutdownWorkers();
if (grown) console.log('a heap has grown');
process.exitCode = grown || complaints.length > 0 ? 1 : 0;
