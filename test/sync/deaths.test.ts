/**
 * Deaths at every step: for each object of heddle/sync, a process is killed before each of its
 * writes to shared memory in turn. What it leaves must be whole, and nobody may wait for it for
 * ever. `HEDDLE_DEATHS=all` tries every write and each one three times; the suite takes every write
 * of the shorter scripts and every fifth of the others; `HEDDLE_DEATHS=few`, for sanitizers, under which
 * a process takes much longer to start, one in twenty-four.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import '../helpers/built.ts';
import { encode, heddle } from '../../src/codec/index.ts';
import {
  Barrier,
  BoundedSemaphore,
  BrokenBarrierError,
  Condition,
  Event,
  JoinableQueue,
  Lock,
  Queue,
  QueueClosedError,
  RLock,
  Semaphore,
  ShareableList,
  Array as SharedArray,
  Value,
} from '../../src/sync/index.ts';

const mortal = fileURLToPath(new URL('./mortal.mjs', import.meta.url));

/** Writes of a script that are tried at least, how many are left out after that, and how often each. */
const forms = {
  all: { first: Number.POSITIVE_INFINITY, step: 1, rounds: 3 },
  some: { first: 8, step: 5, rounds: 1 },
  few: { first: 1, step: 24, rounds: 1 },
};
const { first, step, rounds } =
  forms[(process.env.HEDDLE_DEATHS ?? 'some') as keyof typeof forms] ?? forms.some;

/** Long enough for any load; whoever waits longer waits for the dead. */
const LIMIT = { timeout: 20_000 };

type Shared = { [heddle.state](): unknown };

/** Has a process run a script; 'died' when it did before it had come to its end. */
function attempt(object: Shared, script: string, write: number): Promise<unknown> {
  const options = { to: 'process', maxBytes: 1 } as const;
  // A lock inside another object goes as its words: its class is that of the sources here.
  const inner = object[heddle.state]() as { lock?: Lock | RLock };
  const { lock } = inner;
  const state = lock ? { ...inner, lock: lock[heddle.state]() } : inner;
  const { message, release } = encode(state, options);
  return new Promise((resolve) => {
    const child = fork(mortal, { serialization: 'advanced' });
    let result: unknown = 'died';
    child.on('message', (done) => {
      result = done;
    });
    child.on('exit', () => {
      release();
      resolve(result);
    });
    const kind = object instanceof Semaphore ? 'Semaphore' : object.constructor.name;
    const name = kind.replace(/^Shared/, '');
    child.send({ kind: name, lockKind: lock?.constructor.name, state: message, script, write });
  });
}

interface Case {
  readonly script: string;
  make(): Shared;
  /** What happens before the victim starts; a wait that goes on belongs to `check`. */
  before?(object: never): unknown;
  /** Whether the object is whole after the victim's end. */
  check(object: never, outcome: unknown, before: unknown): boolean | Promise<boolean>;
}

function define<T extends Shared, B = unknown>(one: {
  script: string;
  make(): T;
  before?(object: T): B;
  check(object: T, outcome: unknown, before: Awaited<B>): boolean | Promise<boolean>;
}): Case {
  return one as unknown as Case;
}

/** How a wait at a barrier ends. */
const ended = (wait: Promise<number>): Promise<unknown> =>
  wait.then(
    () => 'passed',
    (error: unknown) => {
      if (!(error instanceof BrokenBarrierError) || /time is up/.test(error.message)) throw error;
      return 'broken';
    },
  );

const onePermit = async (semaphore: Semaphore): Promise<boolean> => {
  if (!(await semaphore.acquire(LIMIT))) return false;
  const more = semaphore.acquireSync({ timeout: 0 });
  semaphore.release();
  return !more && semaphore.value === 1;
};

/** Whether two can meet at the barrier, after a reset where it is broken. */
const meets = async (barrier: Barrier): Promise<boolean> => {
  if (barrier.broken) barrier.reset();
  const both = await Promise.all([ended(barrier.wait(LIMIT)), ended(barrier.wait(LIMIT))]);
  return both.join() === 'passed,passed';
};

/** Values in a queue, until it is empty. */
async function drained(queue: Queue<unknown>): Promise<unknown[]> {
  const values: unknown[] = [];
  for (;;) {
    try {
      const got = await queue.get({ timeout: 0 });
      if (!got) return values;
      values.push(got.value);
    } catch (error) {
      if (error instanceof QueueClosedError) return values;
      values.push(error);
    }
  }
}

const value = () => ({ text: 'mine', array: new Float64Array(20_000).fill(2) });

const cases: Case[] = [
  define({
    script: 'semaphore',
    make: () => new BoundedSemaphore(1),
    // First one dies that has the permit, so that the next has to give that back as well.
    before: async (semaphore) =>
      expect(await attempt(semaphore, 'semaphore, held', -1)).toBe('died'),
    check: onePermit,
  }),
  define({ script: 'semaphore', make: () => new Semaphore(1), check: onePermit }),
  define({
    script: 'lock',
    make: () => new Lock(),
    async check(lock) {
      const held = await lock.acquire(LIMIT);
      held?.release();
      return held !== null && !lock.locked;
    },
  }),
  define({
    script: 'lock, by run',
    make: () => new Lock(),
    async check(lock) {
      // Two wait: the one that is told of the death frees it for the other.
      const waits = [lock.acquire(LIMIT), lock.acquire(LIMIT)];
      for (const wait of waits) wait.then((held) => held?.release());
      return (await Promise.all(waits)).every((held) => held !== null) && !lock.locked;
    },
  }),
  // The victim comes first, and another one when it has been counted.
  define({
    script: 'barrier',
    make: () => new Barrier(2),
    before(barrier) {
      const victim = { gone: false };
      const come = async () => {
        await until(() => barrier.waiting === 1 || victim.gone);
        return barrier.waiting === 1 ? ended(barrier.wait(LIMIT)) : 'never';
      };
      return { victim, wait: come() };
    },
    async check(barrier, outcome, { victim, wait }) {
      victim.gone = true;
      const end = await wait;
      if (outcome === true) return end === 'passed';
      // One that has not been counted is found where the next come, and breaks their round.
      return (await meets(barrier)) || meets(barrier);
    },
  }),
  // The victim comes last, and opens the round.
  define({
    script: 'barrier',
    make: () => new Barrier(2),
    async before(barrier) {
      const wait = ended(barrier.wait(LIMIT));
      await until(() => barrier.waiting === 1);
      return { wait };
    },
    async check(barrier, _, { wait }) {
      // Either it has counted itself, and then the round is open; or it has never come.
      if (barrier.waiting === 1) {
        expect(await ended(barrier.wait(LIMIT))).toBe('passed');
      }
      return (await wait) === 'passed' && meets(barrier);
    },
  }),
  ...['barrier, reset', 'barrier, abort'].map((script) =>
    define({
      script,
      make: () => new Barrier(3),
      async before(barrier) {
        const wait = ended(barrier.wait(LIMIT));
        await until(() => barrier.waiting === 1);
        return { wait };
      },
      async check(barrier, _, { wait }) {
        // Done, half done, or not begun: then it is done here.
        if (barrier.waiting === 1 && !barrier.broken) barrier.reset();
        const end = await wait;
        barrier.reset();
        return end === 'broken' && barrier.waiting === 0;
      },
    }),
  ),
  define({
    script: 'event',
    make: () => new Event(),
    before: (event) => ({ wait: event.wait(LIMIT) }),
    async check(event, _, { wait }) {
      if (!event.isSet) event.set();
      return (await wait) && event.isSet;
    },
  }),
  define({
    script: 'event, cleared',
    make: () => new Event(),
    before: (event) => event.set(),
    async check(event) {
      event.set();
      return event.wait(LIMIT);
    },
  }),
  define({
    script: 'put',
    make: () => new Queue<unknown>(),
    before: (queue) => queue.putSync(value()),
    async check(queue, outcome) {
      queue.putSync(value());
      const values = await drained(queue);
      // Arrays live with the process that put them; what it has put without them stays.
      const mine = values.filter((one) => (one as { text?: string }).text === 'mine');
      const others = values.length - mine.length;
      return (
        mine.length === 2 && others <= 1 && (outcome !== true || others === 1) && queue.size === 0
      );
    },
  }),
  define({
    script: 'get',
    make: () => new Queue<unknown>(),
    before(queue) {
      queue.putSync(value());
      queue.putSync(value());
    },
    async check(queue) {
      const left = await drained(queue);
      const whole = left.every((one) => (one as { array: Float64Array }).array[19_999] === 2);
      return whole && (left.length === 1 || left.length === 2) && queue.size === 0;
    },
  }),
  define({
    script: 'rlock, twice',
    make: () => new RLock(),
    async check(lock) {
      const held = await lock.acquire(LIMIT);
      const again = lock.acquireSync({ timeout: 0 });
      held?.release();
      again?.release();
      return held !== null && again !== null && !lock.locked;
    },
  }),
  define({
    script: 'condition, waits',
    make: () => new Condition(),
    before(condition) {
      const victim = { gone: false };
      const notify = async () => {
        while (!victim.gone) {
          await condition.run(() => condition.notify());
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      };
      return { victim, notifying: notify() };
    },
    async check(condition, _, { victim, notifying }) {
      victim.gone = true;
      await notifying;
      return hearsOne(condition);
    },
  }),
  define({
    script: 'condition, notifies',
    make: () => new Condition(),
    async before(condition) {
      let came = 0;
      const waits = [1, 2].map(() =>
        condition.run(() => {
          came++;
          return condition.wait(LIMIT);
        }),
      );
      await until(() => came === 2 && !condition.lock.locked);
      return { waits };
    },
    async check(condition, _, { waits }) {
      // Whom the victim has not told is told here.
      await condition.run(() => condition.notifyAll());
      return (await Promise.all(waits)).every(Boolean) && hearsOne(condition);
    },
  }),
  define({
    script: 'put',
    make: () => new JoinableQueue<unknown>(),
    before: (queue) => queue.putSync(value()),
    async check(queue, outcome) {
      const values = await drained(queue);
      for (const one of values) if (!(one instanceof Error)) queue.taskDone();
      return (outcome !== true || values.length === 2) && queue.join(LIMIT);
    },
  }),
  define({
    script: 'get, and done',
    make: () => new JoinableQueue<unknown>(),
    before(queue) {
      queue.putSync(value());
      queue.putSync(value());
    },
    async check(queue, outcome) {
      const left = await drained(queue);
      for (const _ of left) queue.taskDone();
      const joined = await queue.join(LIMIT);
      // Got means lost, unless it had been done; not got means that it is here.
      const lost = queue.abandoned;
      const right = left.length === 2 ? lost === 0 : left.length === 1 && lost <= 1;
      return joined && right && queue.unfinished === 0 && (outcome !== true || lost === 0);
    },
  }),
  define({
    script: 'list, changed',
    make: () => new ShareableList(['old', true, 'same']),
    check(list, outcome) {
      const before = list.toArray();
      const whole =
        ['old', 'new', 'newest'].includes(before[0] as string) &&
        (before[1] === true || before[1] === 7) &&
        (outcome !== true || before[0] === 'newest');
      list.set(0, 'mine');
      list.set(1, null);
      return whole && list.get(0) === 'mine' && list.get(1) === null && list.get(2) === 'same';
    },
  }),
  define({
    script: 'close',
    make: () => new Queue<unknown>(),
    before: (queue) => ({ wait: drainedWhenClosed(queue) }),
    async check(queue, _, { wait }) {
      queue.close();
      return (await wait) && queue.closed;
    },
  }),
  define({
    script: 'value',
    make: () => new Value('float64', 1),
    async check(one) {
      const before = one.value;
      return (before === 1 || before === 2) && (await one.update((x) => x + 1)) === before + 1;
    },
  }),
  define({
    script: 'array',
    make: () => new SharedArray('int32', [5, 5]),
    async check(array) {
      const held = await array.lock.acquire(LIMIT);
      const [a, b] = array.data;
      const torn = a !== b;
      held!.release();
      // Who finds it half written has been told.
      return !torn || held!.abandoned;
    },
  }),
];

/** Whether one that waits is woken by one notification, whoever has died before. */
async function hearsOne(condition: Condition): Promise<boolean> {
  let came = false;
  const wait = condition.run(() => {
    came = true;
    return condition.wait(LIMIT);
  });
  await until(() => came && !condition.lock.locked);
  return (await condition.run(() => condition.notify())) === 1 && wait;
}

async function drainedWhenClosed(queue: Queue<unknown>): Promise<boolean> {
  for await (const _ of queue);
  return true;
}

async function until(condition: () => boolean): Promise<true> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  return true;
}

it.each(cases.map((one, index) => [`${index + 1}. ${one.script}`, one] as const))(
  'is whole after a death at any step: %s',
  async (_, { script, make, before, check }) => {
    const points: number[] = [];
    let next = 0;
    let through = false;
    const lane = async () => {
      while (!through) {
        const write = next;
        next += next < first ? 1 : step;
        for (let round = rounds; round > 0; round--) {
          const object = make();
          const begun = await before?.(object as never);
          const outcome = await attempt(object, script, write);
          if (outcome !== 'died') through = true;
          expect({ write, outcome: outcome === 'died' || outcome === true }).toEqual({
            write,
            outcome: true,
          });
          const whole = await check(object as never, outcome, begun);
          expect({ write, outcome, whole }).toEqual({ write, outcome, whole: true });
        }
        points.push(write);
      }
    };
    await Promise.all([lane(), lane(), lane()]);
    expect(points.length).toBeGreaterThan(0);
    console.log(`${script}: ${points.length} points`);
  },
  240_000,
);
