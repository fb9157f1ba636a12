/**
 * Programs whose `moduleResolution` is node10, which reads no `exports`, find the types of every
 * entry by `typesVersions`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { root } from './parallel/support.ts';

const { exports } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
};
const entries = Object.keys(exports).filter((name) => !name.endsWith('.json'));

it('tsc with moduleResolution node10 finds every entry, with its types', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'heddle-node10-'));
  try {
    mkdirSync(path.join(folder, 'node_modules'));
    symlinkSync(root, path.join(folder, 'node_modules/heddle'), 'dir');
    const lines = entries.map((name, i) => `import * as m${i} from 'heddle${name.slice(1)}';`);
    lines.push(
      ...entries.map(
        (_, i) => `export const is${i}: typeof m${i} extends object ? true : 1 = true;`,
      ),
      "import { map } from 'heddle';",
      "import { matmulSync } from 'heddle/linalg';",
      '// Not any: what is wrong is told.',
      'export const wrong: string = matmulSync;',
      'export const numbers: Promise<number[]> = map([1], (x) => x + 1);',
    );
    writeFileSync(path.join(folder, 'main.ts'), lines.join('\n'));
    const flags = ['--module', 'commonjs', '--moduleResolution', 'node10', '--target', 'es2022'];
    const { stdout } = spawnSync(
      process.execPath,
      [
        path.join(root, 'node_modules/typescript/bin/tsc'),
        ...['main.ts', '--noEmit', '--strict', '--skipLibCheck', ...flags],
        ...['--lib', 'esnext', '--types', 'node', '--typeRoots', `${root}/node_modules/@types`],
        ...['--ignoreDeprecations', '6.0'],
      ],
      { cwd: folder, encoding: 'utf8' },
    );
    const errors = stdout.trim().split('\n');
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/main\.ts\(\d+,14\): error TS2322: .*'string'/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
