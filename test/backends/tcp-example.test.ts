/**
 * The example of an outside backend: packed, installed beside the packed library, type-checked and
 * run, so that it reaches into nothing that is not exported.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addonFile } from '../../src/native.ts';
import '../helpers/built.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'heddle-outside-'));
// Install scripts would build the addon.
const env = { ...process.env, HEDDLE_ADDON: addonFile };

function npm(cwd: string, ...args: string[]): string {
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  return execFileSync('npm', [...args, ...quiet], { cwd, encoding: 'utf8' });
}

function pack(from: string): string {
  const [packed] = JSON.parse(npm(from, 'pack', '--json', '--pack-destination', folder)) as [
    { filename: string },
  ];
  return `./${packed.filename}`;
}

beforeAll(() => {
  fs.writeFileSync(path.join(folder, 'package.json'), '{"type":"module","private":true}');
  const example = path.join(root, 'examples/tcp-backend');
  npm(folder, 'install', '--prefer-offline', pack(root), pack(example));
}, 120_000);

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

function run(code: string): { stdout: string; stderr: string } {
  const file = path.join(folder, 'program.mjs');
  fs.writeFileSync(file, code);
  return spawnSync(process.execPath, [file], {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
}

describe('the packed example of a backend', { timeout: 120_000 }, () => {
  it('has the types of what it implements', () => {
    const installed = path.join(folder, 'node_modules/heddle-tcp-backend');
    const settings = {
      compilerOptions: {
        module: 'nodenext',
        target: 'es2023',
        lib: ['es2023', 'esnext.disposable'],
        strict: true,
        allowJs: true,
        checkJs: true,
        noEmit: true,
        typeRoots: [path.join(root, 'node_modules/@types')],
        types: ['node'],
        maxNodeModuleJsDepth: 0,
      },
      files: ['backend.mjs', 'server.mjs', 'worker.mjs', 'demo.mjs'],
    };
    // A copy: what is in node_modules is not checked.
    const copy = path.join(folder, 'checked');
    fs.cpSync(installed, copy, { recursive: true });
    fs.writeFileSync(path.join(copy, 'tsconfig.json'), JSON.stringify(settings));
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', copy], { encoding: 'utf8' });
    expect(stdout).toBe('');
  });

  it('runs its demo', () => {
    const demo = path.join(folder, 'node_modules/heddle-tcp-backend/demo.mjs');
    const { stdout, stderr } = spawnSync(process.execPath, [demo], { env, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual([
      'the last of a thousand squares: 998001',
      'with a model: [ 9, 9, 9 ]',
      'in other processes: true',
      'a crash: ERR_HEDDLE_WORKER_CRASHED 3',
    ]);
  });

  it('carries errors, logs and aborts, ends loops, and survives the loss of a worker', async () => {
    const server = spawn(
      process.execPath,
      [path.join(folder, 'node_modules/heddle-tcp-backend/server.mjs')],
      { env, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = (await once(server.stdout.setEncoding('utf8'), 'data')) as [string];
    const port = Number(/:(\d+)/.exec(line)![1]);
    const { stdout, stderr } = run(`
      import { imap, map, registerBackend, shared, shutdownWorkers } from 'heddle';
      import { tcp } from 'heddle-tcp-backend';
      registerBackend('tcp', () => tcp({ port: ${port}, workers: 2 }));
      const backend = 'tcp';
      const error = await map([1, 2], (x) => { if (x === 2) throw new RangeError('two'); return x; },
        { backend }).catch((error) => error);
      console.log(error.code, error.index, error.cause instanceof RangeError);
      await map([1], () => console.log('from there'), { backend });
      const loop = await map([1], () => { for (;;); }, { backend, timeout: 500 }).catch((e) => e);
      console.log(loop.code);
      const stopped = await map([1, 2], () => new Promise(() => {}),
        { backend, signal: AbortSignal.timeout(300) }).catch((e) => e);
      console.log(stopped.name);
      const { tasks } = await (async () => {
        const stream = imap([1, 2, 3], (x) => x, { backend });
        await stream.toArray();
        return stream.stats;
      })();
      // Both clocks are this machine's: what was corrected is less than a message's way.
      console.log(tasks.every(({ submitted, started, completed }) =>
        started - submitted > -1000 && started - submitted < 20000 && completed >= started));
      const flag = ${JSON.stringify(path.join(folder, 'died'))};
      const survived = await map([1, 2, 3, 4], (x, { index }) => {
        const fs = process.getBuiltinModule('node:fs');
        if (index === 1 && !fs.existsSync(flag)) {
          fs.writeFileSync(flag, '');
          process.exit(5);
        }
        return x * 2;
      }, { backend, retries: 1, batchSize: 1 });
      console.log(survived.join());
      const own = shared.zeros('float64', 8);
      const refused = await map([1, 2], () => own[0], { backend }).catch((e) => e);
      console.log(refused.code, /other machines cannot map/.test(refused.message));
      const big = await map([300_000], (n) => new Float64Array(n).fill(2), { backend });
      console.log(big[0].length, big[0][299_999]);
      shutdownWorkers();
    `);
    server.kill();
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual([
      'ERR_HEDDLE_TASK 1 true',
      expect.stringMatching(/^\[worker \d+ info\] from there$/),
      'ERR_HEDDLE_TIMEOUT',
      'TimeoutError',
      'true',
      '2,4,6,8',
      'ERR_HEDDLE_CLONE true',
      '300000 2',
    ]);
  });
});
