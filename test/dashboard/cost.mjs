// What an open page costs a program, in processor time: of a run of one task, which is the smallest thing that is
// told, and of the messages to the page. Prints both as parts of what the program takes anyway.
import { channel } from 'node:diagnostics_channel';
import { map, shutdownWorkers } from 'heddle';
import { dashboard } from 'heddle/dashboard';

const ROUNDS = 9;

function micros(work) {
  const before = process.cpuUsage();
  const done = work();
  const result = () => {
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  return done instanceof Promise ? done.then(result) : result();
}

const [started, batch, ended] = ['run:started', 'batch:finished', 'run:ended'].map((name) =>
  channel(`heddle:${name}`),
);
let run = 1e9;

/** Tells of runs as the scheduler does; nothing else. */
function tell(count) {
  for (let i = 0; i < count; i++) {
    run++;
    const time = i / 50;
    started.publish({ run, label: 'one', backend: 'threads', tasks: 1, time });
    const what = { first: 0, count: 1, failed: false, worker: 1, threads: 1 };
    batch.publish({ run, ...what, started: time, completed: time + 0.001 });
    ended.publish({ run, label: 'one', finished: 1, failed: 0, time });
  }
}

async function call(count) {
  for (let i = 0; i < count; i++) await map([i], (x) => x, { backend: 'threads', jobs: 2 });
}

/** The least of some rounds: what other programs do makes some longer, none shorter. */
async function least(count, work) {
  let best = Number.POSITIVE_INFINITY;
  await work(count);
  for (let i = 0; i < ROUNDS; i++) best = Math.min(best, (await micros(() => work(count))) / count);
  return best;
}

const whole = await least(1000, call);
const page = await dashboard();
const told = await least(10_000, tell);
// A page that reads: five messages a second, once what is kept has been sent.
const response = await fetch(`${page.url}events`);
const reader = response.body.getReader();
let idle = Number.POSITIVE_INFINITY;
for (let i = 0; i < 3; i++) {
  const second = async () => {
    const end = performance.now() + 1000;
    while (performance.now() < end) await reader.read();
  };
  idle = Math.min(idle, await micros(second));
}
console.log(JSON.stringify({ whole, told, ofRun: told / whole, ofSecond: idle / 1e6 }));
await reader.cancel();
await page.close();
shutdownWorkers();
