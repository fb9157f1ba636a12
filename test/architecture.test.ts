/**
 * The house as CONTRIBUTING.md and docs/architecture.md describe it, and what happens to a tree in
 * which a rule of it is broken.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  type Floor,
  fileCircles,
  floorsOf,
  folderCircles,
  importsOf,
  includesOf,
  logicInIndex,
  MAX_LINES,
  pastIndex,
  reaches,
  type Tree,
  tableErrors,
  throughOwnIndex,
  tooLong,
  upward,
} from './architecture/rules.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** All files that are kept, and those that are new and not ignored. */
function readTree(): Map<string, string> {
  const listed = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate'],
    { cwd: root, encoding: 'utf8' },
  );
  const tree = new Map<string, string>();
  for (const file of listed.split('\n')) {
    if (!/^(src|native|test|bench|scripts|examples)\/.*\.(ts|mts|mjs|cjs|h|cpp|c|py)$/.test(file)) {
      continue;
    }
    try {
      tree.set(file, readFileSync(path.join(root, file), 'utf8'));
    } catch {
      // Removed, and not yet committed.
    }
  }
  return tree;
}

const tree = readTree();
const floors = floorsOf(readFileSync(path.join(root, 'CONTRIBUTING.md'), 'utf8'));

const broken = (changes: Readonly<Record<string, string>>): Tree =>
  new Map([...tree, ...Object.entries(changes)]);
const appended = (file: string, text: string): Tree =>
  broken({ [file]: `${tree.get(file) ?? ''}\n${text}\n` });

describe('the house', () => {
  it('1 is read: imports, includes and floors are found', () => {
    expect(importsOf(tree).length).toBeGreaterThan(300);
    expect(includesOf(tree).length).toBeGreaterThan(50);
    expect(floors.length).toBeGreaterThan(15);
  });

  const rules: readonly (readonly [string, (tree: Tree) => string[], Tree, RegExp])[] = [
    [
      '2 no import points up',
      (of) => upward(of, floors),
      appended('src/machine/machine.ts', "import type { Job } from '../scheduler/index.ts';"),
      /^src\/machine\/machine\.ts imports src\/scheduler\/index\.ts/,
    ],
    [
      '3 no dynamic import points up',
      (of) => upward(of, floors),
      appended('src/codec/scan.ts', "void import('../functions/index.ts');"),
      /^src\/codec\/scan\.ts imports src\/functions/,
    ],
    [
      '4 a floor is imported through its index',
      pastIndex,
      appended('src/scheduler/scheduler.ts', "import { encode } from '../codec/codec.ts';"),
      /^src\/scheduler\/scheduler\.ts imports src\/codec\/codec\.ts/,
    ],
    [
      '5 a floor does not import its own index',
      throughOwnIndex,
      appended('src/codec/scan.ts', "import { encode } from './index.ts';"),
      /^src\/codec\/scan\.ts imports src\/codec\/index\.ts/,
    ],
    [
      '6 no circle of files, of types too',
      fileCircles,
      broken({
        'src/sync/one.ts': "import type { Two } from './two.ts';\nexport type One = Two;\n",
        'src/sync/two.ts': "import type { One } from './one.ts';\nexport type Two = One;\n",
      }),
      /src\/sync\/one\.ts > src\/sync\/two\.ts > src\/sync\/one\.ts/,
    ],
    [
      '7 no circle of headers',
      fileCircles,
      broken({
        'native/executor/one.h': '#include "executor/two.h"\n',
        'native/executor/two.h': '#include "executor/one.h"\n',
      }),
      /native\/executor\/one\.h > native\/executor\/two\.h/,
    ],
    [
      '8 no circle of folders',
      folderCircles,
      appended('src/cli/watch/sampler.ts', "import '../main.ts';"),
      /src\/cli > src\/cli\/watch > src\/cli|src\/cli\/watch > src\/cli > src\/cli\/watch/,
    ],
    [
      '9 an index re-exports, and does nothing else',
      logicInIndex,
      appended('src/sync/index.ts', 'export const one = 1;'),
      /^src\/sync\/index\.ts:\d+ is no re-export/,
    ],
    [
      `10 no file has more than ${MAX_LINES} lines`,
      tooLong,
      broken({ 'src/sync/long.ts': '\n'.repeat(MAX_LINES + 1) }),
      /^src\/sync\/long\.ts has 501 lines/,
    ],
    [
      '11 CONTRIBUTING.md lists the floors that there are',
      (of) => tableErrors(of, floors),
      broken({ 'src/attic/index.ts': '' }),
      /^src\/attic is in no row/,
    ],
    [
      '12 a worker knows neither scheduler nor launchers',
      (of) => reaches(of, 'src/worker', ['src/scheduler', 'src/backends']),
      appended('src/protocol/clock.ts', "import { backendNamed } from '../backends/index.ts';"),
      /^src\/backends\//,
    ],
  ];

  describe.each(rules)('%s', (_name, rule, mutated, message) => {
    it('holds', () => {
      expect(rule(tree)).toEqual([]);
    });

    it('is seen where it is broken', () => {
      expect(rule(mutated).join('\n')).toMatch(new RegExp(message, 'm'));
    });
  });

  it('13 a row too many in the table is seen', () => {
    const extra: Floor[] = [...floors, { path: 'src/cellar' }];
    expect(tableErrors(tree, extra)).toEqual(['src/cellar is not there']);
  });
});
