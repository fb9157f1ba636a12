/**
 * Actors that die: before, in and after their calls, by themselves and by others; and their restarts.
 */
import { ActorDiedError, type Client } from 'heddle/cluster';
import { describe, expect, it } from 'vitest';
import { until } from '../parallel/support.ts';
import { Counter, Numbers } from './actor-classes.ts';
import { failure, hasEnded, isAlive, transports, withEngines } from './support.ts';

describe.each(transports)('the death of an actor, %s', (_name, start) => {
  let client: Client;

  withEngines(start, 1, (started) => {
    ({ client } = started);
  });

  it('that is idle: calls fail from then on', async () => {
    const actor = await client.actor(Counter, []);
    const { pid } = actor.$.engine;
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid), 'its end');
    const error = await failure(actor.add());
    expect(error).toBeInstanceOf(ActorDiedError);
    expect(error).toMatchObject({ code: 'ERR_HEDDLE_ACTOR_DIED', id: actor.$.id, method: 'add' });
    expect(await failure(actor.$.remote.add().get())).toBeInstanceOf(ActorDiedError);
    await actor.$.kill();
  });

  it('in a call: it fails, and so do those behind it', async () => {
    const actor = await client.actor(Counter, []);
    const calls = [actor.later(60_000), actor.add(), actor.add()];
    const errors = Promise.all(calls.map((call) => failure(call)));
    const { pid } = actor.$.engine;
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.kill(pid, 'SIGKILL');
    for (const error of await errors) {
      expect(error).toBeInstanceOf(ActorDiedError);
      expect(error).toMatchObject({ signal: 'SIGKILL', pid, restarting: false });
    }
  });

  it('by its own doing: exit codes and exceptions are told', async () => {
    const actor = await client.actor(Counter, []);
    expect(await failure(actor.exit(7))).toMatchObject({ exitCode: 7, signal: null });
    class Stray {
      go() {
        setTimeout(() => {
          throw new RangeError('from a timer');
        }, 1);
        return new Promise<never>(() => {});
      }
    }
    const stray = await client.actor(Stray, []);
    const error = await failure(stray.go());
    expect((error.cause as Error).message).toBe('from a timer');
  });

  it('with a large result that is not here yet: the call fails', async () => {
    class Last {
      pid() {
        return process.pid;
      }
      large() {
        // When the result has been sent.
        setImmediate(() => process.kill(process.pid, 'SIGKILL'));
        return new Float64Array(300_000);
      }
    }
    const actor = await client.actor(Last, []);
    const pid = await actor.pid();
    const [kept, direct] = [actor.$.remote.large(), failure(actor.large())];
    await new Promise((resolve) => setImmediate(resolve));
    // Nothing is read before it has ended.
    const deadline = performance.now() + 60_000;
    while (performance.now() < deadline && !hasEnded(pid)) {}
    expect(hasEnded(pid)).toBe(true);
    const error = await direct;
    expect(error).toBeInstanceOf(ActorDiedError);
    expect(error).toMatchObject({ method: 'large', id: actor.$.id });
    const lost = await failure(kept.get());
    expect(['ERR_HEDDLE_OBJECT_LOST', 'ERR_HEDDLE_ACTOR_DIED']).toContain(
      (lost as unknown as { code: string }).code,
    );
  });

  it('restarts: a new instance with the same arguments, as often as was said', async () => {
    const table = client.put(5);
    const actor = await client.actor(Counter, [table], { restarts: 2, name: 'phoenix' });
    for (let round = 0; round < 2; round++) {
      expect(await actor.add(round)).toBe(5 + round);
      const pid = await actor.pid();
      const dying = failure(actor.exit(3));
      // Sent after it: to the new one, or it has been sent to the old one and fails.
      expect(await dying).toMatchObject({ restarting: true, exitCode: 3 });
      expect(await actor.read()).toBe(5);
      expect(await actor.pid()).not.toBe(pid);
      expect(actor.$.engine.pid).toBe(await actor.pid());
      expect(await client.actor.named<Counter>('phoenix').read()).toBe(5);
    }
    expect(await failure(actor.exit(3))).toMatchObject({ restarting: false });
    expect(await failure(actor.read())).toBeInstanceOf(ActorDiedError);
    expect(() => client.actor.named('phoenix')).toThrow(RangeError);
  });

  it('a generator of one that has died ends', async () => {
    const actor = await client.actor(Numbers, [], { restarts: 1 });
    const values = actor.upTo(10);
    await values.next();
    process.kill(actor.$.engine.pid, 'SIGKILL');
    const error = await failure(until2(() => values.next()));
    expect(error).toMatchObject({ code: 'ERR_HEDDLE_ACTOR_DIED' });
    expect(await values.next()).toEqual({ done: true, value: undefined });
    await actor.$.kill();
  });

  it('from outside, again and again: each call is made at most once', async () => {
    const actor = await client.actor(Counter, [], { restarts: Number.POSITIVE_INFINITY });
    let [answered, failed] = [0, 0];
    let last = 0;
    while (failed < 5) {
      try {
        const now = await actor.add();
        // A new instance begins at 1; the same one goes on.
        expect([1, last + 1]).toContain(now);
        last = now;
        if (++answered % 20 === 0) process.kill(actor.$.engine.pid, 'SIGKILL');
      } catch (error) {
        expect(error).toBeInstanceOf(ActorDiedError);
        last = -1;
        failed++;
      }
    }
    expect(answered).toBeGreaterThan(80);
    await actor.$.kill();
  });

  it('kill ends it whatever it does, and what waits fails', async () => {
    class Loops {
      forever(): void {
        for (;;);
      }
    }
    const actor = await client.actor(Loops, [], { restarts: 5 });
    const { pid } = actor.$.engine;
    const call = failure(actor.forever());
    await actor.$.kill();
    expect(isAlive(pid)).toBe(false);
    expect(await call).toMatchObject({ code: 'ERR_HEDDLE_ACTOR_DIED', restarting: false });
    await actor.$.kill();
  });

  it('the end of the cluster ends actors, and their calls', async () => {
    const other = await start({ n: 1 });
    const actor = await (await other.client()).actor(Counter, [], { restarts: 3 });
    const { pid } = actor.$.engine;
    const call = failure(actor.later(60_000));
    await other.stop();
    expect(await call).toMatchObject({ code: 'ERR_HEDDLE_ACTOR_DIED' });
    expect(isAlive(pid)).toBe(false);
    expect(await failure(actor.read())).toMatchObject({ code: 'ERR_HEDDLE_ACTOR_DIED' });
  });
});

/** Calls until it throws. */
async function until2(call: () => Promise<unknown>): Promise<never> {
  for (;;) await call();
}
