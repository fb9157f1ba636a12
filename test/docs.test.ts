/**
 * Every block of code in README and docs runs as it stands, and prints what it says that it prints.
 *
 * What a line prints stands behind its console.log as a comment: the words of several calls of one
 * line one after the other, '…' for any text; comment lines below a loop stand for its lines. A
 * block that can't run by itself says why: ```ts no-run: the reason.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import './helpers/built.ts';
import { spawn } from 'node:child_process';
import { ended } from './helpers/child.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = path.join(root, 'build', 'docs');

/** Their blocks are recipes for other programs, which test/runners has run by these. */
const ELSEWHERE = ['testing.md', 'bundlers.md'];

interface Block {
  readonly name: string;
  readonly language: string;
  readonly reason: string | undefined;
  readonly code: string;
}

function blocksOf(file: string): Block[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  return [...text.matchAll(/^```(ts|js)\b(?: no-run: ([^\n]+))?([^\n]*)\n([\s\S]*?)^```/gm)].map(
    (match) => {
      expect(match[3]).toBe('');
      const line = text.slice(0, match.index).split('\n').length;
      return { name: `${file}:${line}`, language: match[1]!, reason: match[2], code: match[4]! };
    },
  );
}

/** What the code says that it prints, as a pattern; null where it says nothing. */
function printed(code: string): RegExp | null {
  const said: string[] = [];
  let follows = false;
  for (const line of code.split('\n')) {
    const comment = /^\s*\/\/ (.*)$/.exec(line)?.[1];
    if (comment !== undefined && follows) said.push(comment);
    else if (comment === undefined) {
      const behind = /console\.log\(.*\).*?; \/\/ (.*)$/.exec(line)?.[1];
      if (behind !== undefined) said.push(behind);
      follows = line.includes('console.log(');
    }
  }
  if (said.length === 0) return null;
  const words = said
    .join(' ')
    .split(/\s+/)
    .map((word) =>
      word
        .split('…')
        .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
        .join('[^]*?'),
    );
  return new RegExp(`^${words.join(' ')}`);
}

const files = [
  'README.md',
  ...readdirSync(path.join(root, 'docs'))
    .filter((name) => name.endsWith('.md') && !ELSEWHERE.includes(name))
    .map((name) => `docs/${name}`),
];
const blocks = files.flatMap(blocksOf);

describe('the code in', () => {
  beforeAll(() => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('the guides is found', () => {
    expect(blocks.length).toBeGreaterThan(30);
    expect(blocks.filter(({ reason }) => reason).length).toBeLessThan(8);
    expect(printed('console.log(1); // 1\nf(); // no\n')?.test('1')).toBe(true);
    expect(printed('console.log(1); // 1\n')?.test('2')).toBe(false);
    expect(printed('for (a of b) console.log(a);\n// x …\n// z\n')?.test('x y z')).toBe(true);
    expect(printed('f();\n// a comment\n')).toBeNull();
  });

  it.each(blocks.filter(({ reason }) => !reason))(
    '$name runs, and prints what it says',
    async ({ name, language, code }) => {
      const file = path.join(
        folder,
        `${path.basename(name).replace(/\W/g, '-')}.${language === 'ts' ? 'mts' : 'mjs'}`,
      );
      writeFileSync(file, code);
      const child = spawn(process.execPath, ['--import', 'tsx', file], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
      });
      const { code: status, stdout, stderr } = await ended(child, 100);
      expect({ status, errors: status === 0 ? '' : stderr }).toEqual({ status: 0, errors: '' });
      const expected = printed(code);
      if (expected) expect(stdout.trim().split(/\s+/).join(' ')).toMatch(expected);
    },
    120_000,
  );
});
