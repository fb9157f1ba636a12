/**
 * Worker processes that are stopped when their parent is killed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { builtUrl } from '../helpers/built.ts';
import { until } from './support.ts';

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

it.runIf(process.platform === 'linux')('end with it', { timeout: 60_000 }, async () => {
  const program = `
    import { map } from ${JSON.stringify(builtUrl)};
    const pids = await map([1, 2, 3, 4], async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return process.pid;
    }, { backend: 'processes', jobs: 2 });
    console.log(JSON.stringify([...new Set(pids)]));
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pids = JSON.parse(String(line)) as number[];
  expect(pids.length).toBeGreaterThan(0);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  await until(() => !pids.some(alive), 'that the workers end', 30_000);
});
