/**
 * Programs that open their page by an option or a variable, and programs that don't.
 */
import '../helpers/built.ts';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { ended } from '../helpers/child.ts';
import { root } from '../parallel/support.ts';

/** Starts a program of this text. */
function program(code: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: root,
    env: { ...process.env, HEDDLE_DASHBOARD: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const waits = 'setInterval(() => {}, 1000);';

/** The address that a program prints. */
async function addressOf(child: ChildProcess): Promise<string> {
  let text = '';
  for (;;) {
    const [part] = (await once(child.stderr!, 'data')) as [Buffer];
    text += part;
    const url = /^heddle: dashboard at (http:\S+)$/m.exec(text)?.[1];
    if (url) return url;
  }
}

it.each([
  [
    'the option',
    `import { initialize } from 'heddle'; initialize({ dashboard: true, processes: 1 }); ${waits}`,
    {},
  ],
  ['the variable', `import 'heddle'; ${waits}`, { HEDDLE_DASHBOARD: '1' }],
])('opens a page by %s, and says where', async (_, code, env) => {
  const child = program(code, env);
  try {
    const url = await addressOf(child);
    const metrics = await fetch(`${url}metrics`);
    expect(await metrics.text()).toContain('heddle_runs_total 0');
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

it('keeps no program up, though somebody looks at the page', async () => {
  const child = program(`
    import { dashboard } from 'heddle/dashboard';
    const page = await dashboard();
    console.log(page.url);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  `);
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  const reading = await fetch(`${String(line).trim()}events`);
  const drained = reading.text().catch(() => 'cut off');
  const { code: status } = await ended(child, 20);
  expect(status).toBe(0);
  await drained;
});

it('opens nothing where the variable is 0', async () => {
  const asks = `
    import { initialize } from 'heddle';
    import { dashboard } from 'heddle/dashboard';
    initialize({ dashboard: true });
    await dashboard().catch((error) => console.log(error.code));
  `;
  const { stdout, stderr, code } = await ended(program(asks, { HEDDLE_DASHBOARD: '0' }), 20);
  expect(code).toBe(0);
  expect(stdout).toBe('ERR_HEDDLE_DASHBOARD_OFF\n');
  expect(stderr).toMatch(/HEDDLE_DASHBOARD.*There is no dashboard: .*HEDDLE_DASHBOARD is 0/s);
});

it('warns of a variable that makes no sense, and goes on', async () => {
  const { stdout, stderr, code } = await ended(
    program("import 'heddle'; console.log('ran');", { HEDDLE_DASHBOARD: 'yes' }),
    20,
  );
  expect([code, stdout]).toEqual([0, 'ran\n']);
  expect(stderr).toMatch(/'HEDDLE_DASHBOARD' must be 0, 1 or 'attach', but 'yes' was given/);
});

it('refuses an option that makes no sense', async () => {
  const code = `
    import { initialize } from 'heddle';
    for (const dashboard of [3, null, 'yes']) {
      try { initialize({ dashboard }); } catch (error) { console.log(error.name, error.code); }
    }
  `;
  const { stdout } = await ended(program(code), 20);
  expect(stdout).toBe('TypeError ERR_HEDDLE_INVALID_ARGUMENT\n'.repeat(3));
});

it('is not loaded by a program that does not ask for it', async () => {
  const code = `
    import { map } from 'heddle';
    import { createRequire } from 'node:module';
    import { channel } from 'node:diagnostics_channel';
    await map([1, 2, 3], (x) => x, { backend: 'threads', jobs: 2 });
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    console.log(loaded.some((file) => file.includes('bundles')), loaded.filter((file) => /dashboard|feed/.test(file)));
    console.log(['run:started', 'run:ended', 'batch:finished', 'task:rejected'].some((name) =>
      channel('heddle:' + name).hasSubscribers));
    console.log(process.getActiveResourcesInfo().filter((name) => /TCP|Pipe/.test(name) && name !== 'PipeWrap').length);
  `;
  const { stdout } = await ended(program(code), 20);
  expect(stdout).toBe('true []\nfalse\n0\n');
});

it('opens none for each worker process of a program', async () => {
  const code = `
    import { map, shutdownWorkers } from 'heddle';
    const inside = await map([0, 1], async () => {
      await import('heddle');
      await new Promise((resolve) => setTimeout(resolve, 200));
      return process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length;
    }, { backend: 'processes', jobs: 2, batchSize: 1 });
    console.log(JSON.stringify(inside));
    shutdownWorkers();
  `;
  const { stdout, stderr } = await ended(program(code, { HEDDLE_DASHBOARD: '1' }), 30);
  expect(stdout).toBe('[0,0]\n');
  expect(stderr.match(/dashboard at/g)).toHaveLength(1);
});
