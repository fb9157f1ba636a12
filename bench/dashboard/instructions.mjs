// What an open page costs a program, in instructions, which are the same on a machine that does other things too:
//
//   node bench/dashboard/instructions.mjs [--runs 1000]
//
// It counts, under valgrind's callgrind (Debian: `apt-get install valgrind`), those of `map` of one task, which is the
// smallest thing that is told, those of being told of it, and those of a message to a page. Two programs that differ
// only in how often they do it have the same start, and the difference is the work. A minute or two each.
// Ends with status 1 where the page costs more than 3 % of a program that does nothing but dispatch tasks.
import { spawn } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** What is promised: the page's part of all instructions. */
const MOST = 0.03;
/** Messages to a page in a second. */
const MESSAGES = 5;

const file = fileURLToPath(import.meta.url);
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    // Of the programs that are measured.
    work: { type: 'string' },
    count: { type: 'string' },
  },
});
const runs = Number(values.runs);
if (!(Number.isInteger(runs) && runs > 0)) {
  throw new RangeError(`--runs is '${values.runs}': it has to be a whole number above 0`);
}

async function dispatch(count) {
  const { map } = await import('heddle');
  for (let i = 0; i < count; i++) await map([i], (x) => x, { backend: 'threads', jobs: 2 });
}

/** Tells of runs as the scheduler does; nothing else. */
function tell(count) {
  const [started, batch, ended] = ['run:started', 'batch:finished', 'run:ended'].map((name) =>
    channel(`heddle:${name}`),
  );
  for (let run = 1; run <= count; run++) {
    const time = run / 50;
    started.publish({ run, label: 'one', backend: 'threads', tasks: 1, time });
    const what = { first: 0, count: 1, failed: false, worker: 1, threads: 1 };
    batch.publish({ run, ...what, started: time, completed: time + 0.001 });
    ended.publish({ run, label: 'one', finished: 1, failed: 0, time });
  }
}

async function openFeed() {
  const { acquireFeed } = await import('../../dist/feed/index.js');
  return acquireFeed();
}

/** The programs that are measured. */
const works = {
  /** The smallest run that there is, and its worker thread. */
  run: dispatch,
  /** What a feed is told of as many runs. */
  async told(count) {
    await openFeed();
    tell(count);
  },
  /** Messages to a page, each of some runs more. */
  async messages(count) {
    const feed = await openFeed();
    const cursor = { slices: 0, spans: 0, samples: 0, logs: 0, errors: 0 };
    for (let i = 0; i < count; i++) {
      tell(100);
      JSON.stringify(feed.message(cursor));
    }
  },
};

async function measured(work, count) {
  await works[work](count);
  const { shutdownWorkers } = await import('heddle');
  await shutdownWorkers();
}

function output(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
    }
    child.on('error', (cause) => {
      reject(new Error(`'${command}' can't be run: apt-get install valgrind`, { cause }));
    });
    child.on('close', (code) => {
      if (code === 0) resolve(text);
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}:\n${text}`));
    });
  });
}

/** Instructions of a program, its worker threads included. */
async function instructions(folder, work, count) {
  const out = path.join(folder, 'callgrind.out');
  const text = await output('valgrind', [
    '--tool=callgrind',
    `--callgrind-out-file=${out}`,
    // V8 writes machine code while it runs.
    '--smc-check=all-non-file',
    process.execPath,
    // V8 compiles and collects on the thread that needs it: then how much of it is no matter of the moment.
    '--single-threaded',
    file,
    `--work=${work}`,
    `--count=${count}`,
  ]);
  const found = /Collected : (\d+)/.exec(text);
  if (!found) throw new Error(`callgrind did not tell the instructions:\n${text}`);
  return Number(found[1]);
}

/** Instructions of one of many repetitions. */
async function each(folder, work, count) {
  const few = await instructions(folder, work, count);
  const many = await instructions(folder, work, 3 * count);
  return (many - few) / (2 * count);
}

async function compare() {
  const folder = mkdtempSync(path.join(tmpdir(), 'heddle-instructions-'));
  try {
    const run = await each(folder, 'run', runs);
    const told = await each(folder, 'told', 10 * runs);
    const message = (await each(folder, 'messages', runs)) - 100 * told;
    // As many runs as a second has: the page is told of all, and has five messages of them.
    const before = process.cpuUsage();
    await dispatch(5000);
    const { user, system } = process.cpuUsage(before);
    const perSecond = 5000 / ((user + system) / 1e6);
    const ofRun = told / run;
    const ofMessages = (MESSAGES * message) / (perSecond * run);
    const text = (value) => Math.round(value).toLocaleString('en');
    const percent = (value) => `${(100 * value).toFixed(2)} %`;
    console.log(`a run of one task               ${text(run)} instructions`);
    console.log(`what the page is told of it     ${text(told)} (${percent(ofRun)})`);
    console.log(`a message to the page           ${text(message)}`);
    console.log(
      `${MESSAGES} of these, of a second's runs   ${percent(ofMessages)} (${text(perSecond)} runs)`,
    );
    console.log(
      `together                        ${percent(ofRun + ofMessages)} (at most ${percent(MOST)})`,
    );
    if (ofRun + ofMessages > MOST) process.exitCode = 1;
    const { shutdownWorkers } = await import('heddle');
    await shutdownWorkers();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (values.work === undefined) await compare();
else await measured(values.work, Number(values.count));
