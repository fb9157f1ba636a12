/**
 * The page of another program: through its feed, where that is open, or by what the system knows. Who may read
 * the feed is the user whose program it is, whatever others have put in the way.
 */
import '../helpers/built.ts';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { FeedMessage } from '../../src/feed/index.ts';
import { ended } from '../helpers/child.ts';
import { root, until } from '../parallel/support.ts';

const cli = path.join(root, 'dist/cli/main.js');
const isRoot = process.getuid?.() === 0;

let runtime: string;
let folder: string;
let children: ChildProcess[];

beforeEach(() => {
  runtime = mkdtempSync(path.join(os.tmpdir(), 'heddle-attach-'));
  folder = path.join(runtime, 'heddle');
  children = [];
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(runtime, { recursive: true, force: true });
});

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, HEDDLE_DASHBOARD: undefined, XDG_RUNTIME_DIR: runtime, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

/** A program that computes for ever. */
const program = `
  import { map } from 'heddle';
  console.log('up');
  for (;;) {
    await map([1, 2, 3, 4], (x) => x, { backend: 'threads', jobs: 2, label: 'for ever' });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
`;
const startProgram = (env: NodeJS.ProcessEnv = {}): ChildProcess =>
  start(['--input-type=module', '-e', program], env);

const socketOf = (child: ChildProcess): string => path.join(folder, `${child.pid}.sock`);

/** The address that the command prints on one of its streams. */
async function addressOf(child: ChildProcess, from: 'stdout' | 'stderr'): Promise<string> {
  let text = '';
  for (;;) {
    const [part] = (await once(child[from]!, 'data')) as [Buffer];
    text += part;
    const url = /^heddle: dashboard at (http:\S+)$/m.exec(text)?.[1];
    if (url) return url;
  }
}

/** The messages of a page, until one is as wanted. */
async function message(url: string, wanted: (one: FeedMessage) => boolean): Promise<FeedMessage> {
  for (;;) {
    const stop = new AbortController();
    const response = await fetch(`${url}events`, { signal: stop.signal });
    expect(response.status).toBe(200);
    let text = '';
    try {
      for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
        text += part;
        const events = text.split('\n\n');
        text = events.pop()!;
        for (const event of events) {
          if (!event.startsWith('data: ')) continue;
          const one = JSON.parse(event.slice(6)) as FeedMessage;
          if (wanted(one)) return one;
        }
      }
    } catch {
      // Pages are sent away when another source is there, and ask again.
    } finally {
      stop.abort();
    }
  }
}

it('shows a program that has its feed open, by its own numbers', async () => {
  const child = startProgram({ HEDDLE_DASHBOARD: 'attach' });
  await until(() => existsSync(socketOf(child)), 'the socket');
  expect(lstatSync(folder).mode & 0o777).toBe(0o700);
  expect(lstatSync(socketOf(child)).mode & 0o777).toBe(0o600);
  const shown = start([cli, 'dashboard', '--pid', String(child.pid)]);
  const url = await addressOf(shown, 'stdout');
  const { program: about, runs } = await message(url, ({ runs: all }) => all.length > 3);
  expect(about).toMatchObject({ pid: child.pid, source: 'program' });
  expect(runs.some(({ label, finished }) => label === 'for ever' && finished === 4)).toBe(true);
  const metrics = await (await fetch(`${url}metrics`)).text();
  expect(metrics).toMatch(/^heddle_runs_total [1-9]/m);
  expect(await (await fetch(url)).text()).toContain('<title>Heddle</title>');
  const bare = new URL(url);
  for (const place of ['/', '/events', '/metrics', '/wrong-token-of-some-length/events']) {
    expect((await fetch(new URL(place, bare.origin))).status).toBe(403);
  }
  child.kill('SIGTERM');
  expect((await ended(shown, 20)).code).toBe(0);
});

it('takes the only program there is, and says which where there are several', async () => {
  const none = await ended(start([cli, 'dashboard']), 20);
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('no program has its feed')]);
  const first = startProgram({ HEDDLE_DASHBOARD: 'attach' });
  await until(() => existsSync(socketOf(first)), 'the socket');
  const shown = start([cli, 'dashboard']);
  const url = await addressOf(shown, 'stdout');
  const { program: about } = await message(url, () => true);
  expect(about.pid).toBe(first.pid);
  const second = startProgram({ HEDDLE_DASHBOARD: 'attach' });
  await until(() => existsSync(socketOf(second)), 'the second socket');
  const several = await ended(start([cli, 'dashboard']), 20);
  expect(several.code).toBe(1);
  for (const { pid } of [first, second]) expect(several.stderr).toContain(String(pid));
});

it('listens on nothing unless asked to, and is then shown by what the system knows', async () => {
  const child = startProgram();
  await once(child.stdout!, 'data');
  const shown = start([cli, 'dashboard', '--pid', String(child.pid)]);
  const url = await addressOf(shown, 'stdout');
  const one = await message(
    url,
    ({ samples, threadpools }) => samples.items.length > 0 && threadpools.length > 0,
  );
  expect(one.program).toMatchObject({ pid: child.pid, source: 'system', node: null });
  expect(one.rows.map(({ pid }) => pid)).toContain(child.pid);
  expect(one.rows[0]!.memory).toBeGreaterThan(1e6);
  expect(one.threadpools.map(({ name }) => name)).toContain('main thread');
  expect(existsSync(folder)).toBe(false);
  const sockets = spawnSync(
    'sh',
    ['-c', `ls -l /proc/${child.pid}/fd | grep -o 'socket:.*' | tr -dc '0-9\\n'`],
    {
      encoding: 'utf8',
    },
  )
    .stdout.split('\n')
    .filter(Boolean);
  const listening = spawnSync('cat', ['/proc/net/unix', '/proc/net/tcp', '/proc/net/tcp6'], {
    encoding: 'utf8',
  })
    .stdout.split('\n')
    // Flag 00010000 of /proc/net/unix and state 0A of /proc/net/tcp: listening.
    .filter((line) => /^\S+ \S+ \S+ 00010000 /.test(line) || /^\s*\d+: \S+ \S+ 0A /.test(line));
  for (const inode of sockets) {
    expect(listening.filter((line) => line.split(/\s+/).includes(inode))).toEqual([]);
  }
});

it('starts a program, shows it by its feed as soon as that is there, and ends with it', async () => {
  const file = path.join(runtime, 'program.mjs');
  const go = path.join(runtime, 'go');
  writeFileSync(
    file,
    `import '${path.join(root, 'dist/index.js')}';
    import { existsSync } from 'node:fs';
    setInterval(() => existsSync('${go}') && process.exit(7), 50);`,
  );
  const shown = start([cli, 'dashboard', '--', process.execPath, file]);
  const url = await addressOf(shown, 'stderr');
  const one = await message(url, ({ program: { source } }) => source === 'program');
  expect(one.program.title).toBe('program.mjs');
  writeFileSync(go, '');
  expect((await ended(shown, 20)).code).toBe(7);
  expect(readdirSync(folder)).toEqual([]);
});

it('refuses what makes no sense', async () => {
  const gone = await ended(start([cli, 'dashboard', '--pid', '4194304']), 20);
  expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('there is no process')]);
  const both = await ended(start([cli, 'dashboard', '--pid', '1', '--', 'true']), 20);
  expect(both.stderr).toContain('either --pid N or');
  const port = await ended(start([cli, 'dashboard', '--port', '70000']), 20);
  expect(port.stderr).toContain('from 0 to 65535');
});

it('takes away what killed programs have left', async () => {
  const first = startProgram({ HEDDLE_DASHBOARD: 'attach' });
  await until(() => existsSync(socketOf(first)), 'the socket');
  first.kill('SIGKILL');
  await once(first, 'exit');
  expect(existsSync(socketOf(first))).toBe(true);
  const second = startProgram({ HEDDLE_DASHBOARD: 'attach' });
  await until(() => existsSync(socketOf(second)), 'the second socket');
  expect(readdirSync(folder)).toEqual([`${second.pid}.sock`]);
});

/** What somebody may have put where the folder of the sockets is to be. */
const traps: readonly (readonly [string, () => void, RegExp, boolean])[] = [
  ['a link to another folder', () => symlinkSync(os.tmpdir(), folder), /is no folder/, false],
  ['a file', () => writeFileSync(folder, ''), /is no folder/, false],
  [
    'a folder for all',
    () => {
      mkdirSync(folder);
      chmodSync(folder, 0o777);
    },
    /others may use/,
    false,
  ],
  [
    'a folder for the group',
    () => {
      mkdirSync(folder);
      chmodSync(folder, 0o770);
    },
    /others may use/,
    false,
  ],
  [
    'a folder of somebody else',
    () => {
      mkdirSync(folder, 0o700);
      chownSync(folder, 65_534, 65_534);
    },
    /belongs to user 65534/,
    true,
  ],
];

it.each(traps.filter(([, , , needsRoot]) => isRoot || !needsRoot))(
  'opens no feed in %s, and shows none from there',
  async (_, make, why) => {
    make();
    const child = startProgram({ HEDDLE_DASHBOARD: 'attach' });
    let text = '';
    child.stderr!.on('data', (part) => {
      text += part;
    });
    await until(() => why.test(text), `a warning of ${why}`);
    expect(text).toMatch(/There is no dashboard/);
    if (!lstatSync(folder).isDirectory()) return;
    expect(readdirSync(folder)).toEqual([]);
    // Somebody else answers for it there.
    const impostor = createServer().listen(socketOf(child));
    await once(impostor, 'listening');
    try {
      const shown = await ended(start([cli, 'dashboard', '--pid', String(child.pid)]), 20);
      expect([shown.code, shown.stderr]).toEqual([1, expect.stringMatching(why)]);
    } finally {
      impostor.close();
    }
  },
);

it('does not follow a link in place of the socket', async () => {
  const child = startProgram();
  await once(child.stdout!, 'data');
  mkdirSync(folder, { mode: 0o700 });
  const elsewhere = path.join(runtime, 'elsewhere.sock');
  const impostor = createServer().listen(elsewhere);
  await once(impostor, 'listening');
  symlinkSync(elsewhere, socketOf(child));
  try {
    const shown = await ended(start([cli, 'dashboard', '--pid', String(child.pid)]), 20);
    expect([shown.code, shown.stderr]).toEqual([1, expect.stringContaining('is no socket')]);
  } finally {
    impostor.close();
  }
});

it.runIf(isRoot)('lets no other user reach the socket', async () => {
  chmodSync(runtime, 0o755);
  const child = startProgram({ HEDDLE_DASHBOARD: 'attach' });
  await until(() => existsSync(socketOf(child)), 'the socket');
  const other = spawnSync(
    process.execPath,
    [
      '-e',
      `require('node:net').connect(process.argv[1]).on('error', (e) => console.log(e.code)).on('connect', () => console.log('connected'))`,
      socketOf(child),
    ],
    { uid: 65_534, gid: 65_534, encoding: 'utf8', cwd: '/' },
  );
  expect(other.stdout).toBe('EACCES\n');
});
