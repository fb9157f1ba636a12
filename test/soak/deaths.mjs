// Jobs of every kind while their workers are killed at random: nothing may hang, come out wrong, or grow.
//
//   node test/soak/deaths.mjs [--minutes 30] [--periods 10] [--seed 42] [--kinds map,locked]
//
// It runs the built package. After each period all workers are ended and what the process holds is
// counted; the last line is a report as JSON. The exit status is 1 where something grew or came out wrong,
// 2 where something hung.
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import v8 from 'node:v8';
import vm from 'node:vm';
import * as heddle from '../../dist/index.js';
import { Lock, Queue } from '../../dist/sync/index.js';

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    periods: { type: 'string', default: '10' },
    seed: { type: 'string', default: '42' },
    kinds: { type: 'string' },
  },
});
const periods = Number(flags.periods);
const periodMs = (Number(flags.minutes) * 60_000) / periods;

/** The longest that a call may take (ms): far more than any does, on whatever machine. */
const HUNG_MS = 120_000;

/** What engine and allocator may keep (bytes); a copy of one array for each call would be far more. */
const KEPT_BYTES = 64e6;

/** How long after a call its memory may still be there (ms). */
const KEPT_MS = 20_000;

const BIG = 200_000;

v8.setFlagsFromString('--expose-gc');
const gc = vm.runInNewContext('gc');

/** Random numbers from 0 to 1 (mulberry32), so that a run can be repeated as far as time allows. */
let state = Number(flags.seed) >>> 0;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const range = (n) => Array.from({ length: n }, (_, i) => i);

const counts = { calls: 0, tasks: 0, kills: 0, crashed: 0, unstarted: 0 };

function children() {
  const found = [];
  for (const thread of fs.readdirSync('/proc/self/task')) {
    try {
      const text = fs.readFileSync(`/proc/self/task/${thread}/children`, 'utf8').trim();
      if (text !== '') found.push(...text.split(' ').map(Number));
    } catch {
      // The thread has ended.
    }
  }
  return found;
}

/** What this process holds. */
function holdings() {
  let segments = 0;
  let orphans = 0;
  let descriptors = 0;
  for (const fd of fs.readdirSync('/proc/self/fd')) {
    try {
      const target = fs.readlinkSync(`/proc/self/fd/${fd}`);
      if (target.includes('memfd:heddle')) segments++;
      // Node leaves those open whose thread ends while it opens them.
      if (/\.[cm]?js$/.test(target)) orphans++;
      else descriptors++;
    } catch {
      // The one by which the folder was read.
    }
  }
  const mapped = fs.readFileSync('/proc/self/maps', 'utf8').split('memfd:heddle').length - 1;
  return {
    descriptors,
    orphans,
    threads: fs.readdirSync('/proc/self/task').length,
    children: children().length,
    segments,
    mapped,
    megabytes: Math.round(process.memoryUsage.rss() / 1e6),
  };
}

/** Ends what is expected to end now and then, and says what else an error is. */
function allow(error) {
  if (error instanceof heddle.WorkerCrashedError) counts.crashed++;
  // Three were killed in a row before they were up.
  else if (error instanceof heddle.WorkerStartError) counts.unstarted++;
  else throw error;
}

function check(condition, what) {
  if (!condition) throw new Error(`wrong: ${what}`);
}

/** Ends its worker now and then, by itself. */
const dying = (x, { worker }) => {
  // Of a thread that ends while it loads modules Node leaves what it opens for that open.
  if (worker.backend === 'processes' && Math.random() < 0.002) process.exit(1);
  return x * 2;
};

const kinds = {
  async map(options) {
    const n = 1 + below(300);
    counts.tasks += n;
    const results = await heddle.map(range(n), dying, options);
    check(results.length === n && results.every((x, i) => x === 2 * i), 'results of map');
  },
  async arrays(options) {
    counts.tasks += 4;
    const task = (x) => new Float64Array(200_000).fill(x);
    const results = await heddle.map([1, 2, 3, 4], task, options);
    check(
      results.every((a, i) => a.length === BIG && a[0] === i + 1 && a[BIG - 1] === i + 1),
      'arrays',
    );
  },
  async arguments(options) {
    const tasks = range(6).map((i) => new Float64Array(BIG).fill(i));
    counts.tasks += tasks.length;
    const sums = await heddle.map(tasks, (a) => a[0] + a[a.length - 1], options);
    check(
      sums.every((sum, i) => sum === 2 * i),
      'sums of arguments',
    );
  },
  async stream(options) {
    const last = below(200);
    let next = 0;
    for await (const { n } of heddle.imap(range(400), (n) => ({ n }), options)) {
      check(n === next++, 'the order of a stream');
      counts.tasks++;
      if (n === last) break;
    }
  },
  async invoker(options) {
    const weights = new Float64Array(BIG).fill(3);
    const scorer = heddle.invoker({ weights }, (m, x) => m.weights[x] * x, options);
    try {
      for (let i = 0; i < 3; i++) {
        counts.tasks += 20;
        const scores = await scorer.map(range(20)).toArray();
        check(
          scores.every((score, x) => score === 3 * x),
          'scores',
        );
      }
    } finally {
      scorer.shutdown();
    }
  },
  async futures(options) {
    const pool = heddle.executor(options);
    const futures = range(8).map((x) => pool.submit((y) => y + 1, x));
    for (const future of futures) if (random() < 0.2) future.cancel();
    const outcomes = await Promise.allSettled(futures);
    counts.tasks += futures.length;
    for (const [x, { status, value, reason }] of outcomes.entries()) {
      if (status === 'fulfilled') check(value === x + 1, 'a future');
      else if (reason.name !== 'AbortError') allow(reason);
    }
    await pool.close();
  },
  async late(options) {
    const loop = (x) => {
      if (x === 1) for (;;);
      return x;
    };
    counts.tasks += 4;
    const settled = await heddle.map(range(4), loop, {
      ...options,
      timeout: 80,
      returnErrors: true,
    });
    for (const [x, { status, value, reason }] of settled.entries()) {
      if (status === 'fulfilled') check(value === x, 'a task beside one that is late');
      else if (!(reason instanceof heddle.TaskTimeoutError)) allow(reason);
    }
  },
  async aborted(options) {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), below(40));
    const nap = (x) => new Promise((resolve) => setTimeout(resolve, 5, x));
    counts.tasks += 100;
    await heddle.map(range(100), nap, { ...options, signal: controller.signal }).catch((error) => {
      if (error.name !== 'AbortError') allow(error);
    });
  },
  async locked(options) {
    const lock = new Lock();
    const queue = new Queue();
    counts.tasks += 8;
    const settled = await heddle.map(
      range(8),
      async (x) => {
        const held = await lock.acquire();
        await queue.put(x);
        held.release();
        return x;
      },
      { ...options, returnErrors: true },
    );
    for (const { status, reason } of settled) if (status === 'rejected') allow(reason);
    for (let left = queue.size; left > 0; left--) {
      const got = await queue.get({ timeout: 1000 });
      check(got === null || got.value < 8, 'what was in a queue');
    }
  },
  async own(options) {
    const initializer = () => new Float64Array(1000);
    const teardown = () => {};
    counts.tasks += 2;
    const settings = { ...options, initializer, teardown, env: { SOAK: String(below(3)) } };
    const seen = await heddle.map([1, 2], () => process.env.SOAK, settings);
    check(
      seen.every((value) => value === settings.env.SOAK),
      'an environment',
    );
  },
};

/** Those that were asked for, or all. */
const chosen = flags.kinds?.split(',') ?? Object.keys(kinds);

let running = true;
const what = new Map();

/** Calls of random kinds one after the other. */
async function lane(name) {
  while (running) {
    const kind = pick(chosen);
    const backend = pick(['processes', 'processes', 'threads']);
    const options = { backend, jobs: 2 + below(2), retries: pick([0, 1, 5]) };
    what.set(name, { kind, options, since: Date.now() });
    counts.calls++;
    await kinds[kind](options).catch(allow);
  }
  what.delete(name);
}

/** Ends workers by signals. One that has been stopped can't say anything, and is killed a little later. */
async function killer() {
  while (running) {
    await sleep(20 + below(500));
    const pid = pick(children());
    if (pid === undefined) continue;
    const signal = pick(['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGSEGV', 'SIGTERM', 'SIGSTOP']);
    try {
      process.kill(pid, signal);
      counts.kills++;
      if (signal === 'SIGSTOP') setTimeout(() => kill(pid), 50);
    } catch {
      // It has just ended.
    }
  }
}

function kill(pid) {
  try {
    if (children().includes(pid)) process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

const watch = setInterval(() => {
  for (const [name, { kind, options, since }] of what) {
    if (Date.now() - since < HUNG_MS) continue;
    console.log(JSON.stringify({ hung: name, kind, options, counts }));
    process.exit(2);
  }
}, 1000);

/** Ends all workers, and waits until nothing goes on. */
async function settle() {
  heddle.shutdownWorkers({ kill: true });
  const end = Date.now() + HUNG_MS;
  while (children().length > 0 && Date.now() < end) await sleep(20);
  // Memory is kept for a while to be used again, and what is mapped ends when its array is collected.
  const kept = Date.now() + KEPT_MS;
  do {
    await sleep(100);
    gc();
  } while (holdings().mapped > 0 && Date.now() < kept);
  return holdings();
}

// What the system says of each crash.
const quiet = Object.fromEntries(
  ['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) => [level, () => {}]),
);
heddle.setLogger(quiet);
// What is kept for good comes up with the first calls.
for (const kind of chosen) {
  for (const backend of ['processes', 'threads']) {
    await kinds[kind]({ backend, jobs: 3, retries: 1 }).catch(allow);
  }
}
const levels = [await settle()];
for (let period = 0; period < periods; period++) {
  running = true;
  const end = setTimeout(() => {
    running = false;
  }, periodMs);
  await Promise.all([lane('a'), lane('b'), lane('c'), killer()]);
  clearTimeout(end);
  levels.push(await settle());
  if (periods > 1) console.log(JSON.stringify({ period: period + 1, ...levels.at(-1), ...counts }));
}
clearInterval(watch);

const [first, last] = [levels[0], levels.at(-1)];
const grown = Object.keys(first).filter((name) => {
  if (name === 'orphans') return false;
  const room = { megabytes: KEPT_BYTES / 1e6, descriptors: 2, threads: 1 }[name] ?? 0;
  return last[name] > first[name] + room;
});
console.log(JSON.stringify({ counts, first, last, grown }));
process.exitCode = grown.length > 0 ? 1 : 0;
