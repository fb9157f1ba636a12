/** Managers and other programs, and how they and their objects end. See `managers.test.ts` for what is left out. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { shutdownWorkers, submit } from 'heddle';
import { ManagedObjectError, Manager, ManagerClosedError, ManagerLostError } from 'heddle/cluster';
import { AuthenticationError } from 'heddle/connection';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failure, hasEnded } from './support.ts';

class Greeter {
  greet(): string {
    return 'hello';
  }
}

/** Waits until something is so; the test's own time-out is the limit. */
async function until(test: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await test())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Runs a program of its own. */
function run(program: string, env: Record<string, string> = {}) {
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...process.env, ...env },
  });
}

let manager: Manager;
beforeAll(async () => {
  manager = await Manager.start();
});
afterAll(async () => {
  await manager.close();
  await shutdownWorkers({ kill: true });
});

describe('other programs', () => {
  it('test_remote: connect by address and key, and find what was published', async () => {
    const queue = await manager.queue<string>();
    await manager.publish('queue', queue);
    const program = `
      import { Manager } from 'heddle/cluster';
      const remote = await Manager.connect(${JSON.stringify(manager.address)}, {
        key: process.env.MANAGER_KEY,
      });
      const queue = await remote.named('queue');
      await queue.put('hello from ' + remote.pid);
    `;
    const { status, stderr } = run(program, { MANAGER_KEY: manager.key });
    expect([status, stderr]).toEqual([0, '']);
    expect(await queue.get()).toEqual({ value: 'hello from null' });
    expect(await failure(manager.named('nothing'))).toBeInstanceOf(RangeError);
    const wrong = await failure(
      Manager.connect(manager.address, { key: 'another key, that is wrong' }),
    );
    expect(wrong).toBeInstanceOf(ManagerLostError);
    expect(wrong.cause).toBeInstanceOf(AuthenticationError);
  });

  it('test_rapid_restart: over TCP, at once again at the same port', async () => {
    const first = await Manager.start({ address: { port: 0 } });
    const { address, key } = first;
    expect(await (await first.list([1])).copy()).toEqual([1]);
    await first.close();
    await using second = await Manager.start({ address, key });
    await using remote = await Manager.connect(address, { key });
    expect(await (await remote.dict({ a: 1 })).get('a')).toBe(1);
    expect(await second.count()).toBe(1);
  });
});

describe('its life', () => {
  it('objects go with free(), with `await using`, and with their only proxy', async () => {
    await using own = await Manager.start();
    const lock = await own.lock();
    await lock.acquire();
    const waits = lock.acquire();
    await lock.free();
    expect(await failure(waits)).toBeInstanceOf(ManagedObjectError);
    expect(await failure(lock.locked())).toBeInstanceOf(ManagedObjectError);
    {
      await using list = await own.list([1]);
      expect(await list.length()).toBe(1);
      await using greeter = await own.create(Greeter);
      await greeter.greet();
    }
    expect(await own.count()).toBe(0);
    for (let i = 0; i < 100; i++) await own.list();
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    await until(async () => {
      gc();
      return (await own.count()) === 0;
    });
  });

  it('after close() calls fail here and elsewhere, those that wait too', async () => {
    const own = await Manager.start();
    const [lock, event] = [await own.lock(), await own.event()];
    await lock.acquire();
    const there = submit(async () => {
      const call = lock.acquire();
      await event.set();
      return await call.then(
        () => 'acquired',
        (error: Error) => error.name,
      );
    });
    await event.wait();
    const waits = failure(lock.acquire());
    const { pid } = own;
    await own.close();
    expect(await waits).toBeInstanceOf(ManagerClosedError);
    expect(await failure(lock.locked())).toMatchObject({ code: 'ERR_HEDDLE_MANAGER_CLOSED' });
    expect(await there).toBe('ManagerClosedError');
    expect(hasEnded(pid!)).toBe(true);
    await own.close();
  });

  it('when its process is killed, calls fail here and elsewhere, and its socket goes', async () => {
    const own = await Manager.start();
    const [lock, ready] = [await own.lock(), await manager.event()];
    await lock.acquire();
    const there = submit(async () => {
      const waits = lock.acquire();
      await lock.locked();
      await ready.set();
      return await waits.then(
        () => 'acquired',
        (error: Error & { code: string }) => error.code,
      );
    });
    await ready.wait();
    const waits = lock.acquire();
    process.kill(own.pid!, 'SIGKILL');
    expect(await failure(waits)).toBeInstanceOf(ManagerLostError);
    expect(await there).toBe('ERR_HEDDLE_MANAGER_LOST');
    expect(await failure(lock.locked())).toBeInstanceOf(ManagerLostError);
    expect(await failure(own.dict())).toBeInstanceOf(ManagerLostError);
    expect(existsSync(own.address.path!)).toBe(false);
    await own.close();
  });

  it('keeps no program up, and ends with it', () => {
    const program = `
      import { Manager } from 'heddle/cluster';
      const manager = await Manager.start();
      const d = await manager.dict({ a: 1 });
      console.log(manager.pid, await d.get('a'), manager.address.path);
    `;
    const { stdout, status } = run(program);
    const [pid, value, socket] = stdout.trim().split(' ');
    expect([status, value]).toEqual([0, '1']);
    return until(() => hasEnded(Number(pid)) && !existsSync(path.dirname(socket!)));
  });
});
