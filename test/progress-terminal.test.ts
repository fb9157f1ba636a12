/**
 * Bars on a terminal that is one, beside what the program writes: `script` makes it, and what a person
 * would see is worked out from what came.
 */
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import './helpers/built.ts';
import { endsWithinLine } from '../src/progress/terminal.ts';
import { ended } from './helpers/child.ts';

const fixture = fileURLToPath(new URL('./fixtures/progress-lines.mjs', import.meta.url));
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const command = `${quoted(process.execPath)} ${quoted(fixture)}`;
const hasScript = spawnSync('script', ['--version']).status === 0;

/** What comes out of a terminal that the program has. */
async function onTerminal(environment: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { ...process.env, CI: '', TERM: 'xterm', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const { code, stdout } = await ended(child, 60);
  expect(code).toBe(0);
  return stdout;
}

const ESC = '\u001b';
/** A control sequence, the end of a line, or text. */
const pieces = new RegExp(`${ESC}\\[[0-9;?]*[A-Za-z]|\\r|\\n|[^${ESC}\\r\\n]+`, 'g');

/** The rows of a terminal that has shown this. */
function rowsOf(text: string): string[] {
  const rows: string[] = [''];
  let row = 0;
  let column = 0;
  for (const [part] of text.matchAll(pieces)) {
    if (part === '\n') {
      row++;
      rows[row] ??= '';
    } else if (part === '\r') column = 0;
    else if (part === '\u001b[1A') row = Math.max(row - 1, 0);
    else if (part === '\u001b[2K') rows[row] = '';
    else if (!part.startsWith('\u001b')) {
      const before = rows[row]!.padEnd(column).slice(0, column);
      rows[row] = before + part + rows[row]!.slice(column + part.length);
      column += part.length;
    }
  }
  return rows;
}

const lines = Array.from({ length: 11 }, (_, i) =>
  i === 3 ? 'line 4, begun and ended' : `line ${i + 1}`,
);

describe.runIf(hasScript && process.platform === 'linux')('a bar on a terminal', () => {
  it('leaves every line that the program writes', { timeout: 90_000 }, async () => {
    const text = await onTerminal({});
    // It has been drawn over again and again: the lines have survived something.
    expect(text.split('\u001b[1A').length).toBeGreaterThan(11);
    const rows = rowsOf(text);
    expect(rows.slice(0, 11)).toEqual(lines);
    expect(rows[11]).toMatch(/^reading: 100% │█{24}│ {2}11\/11 files/);
    expect(rows.slice(12)).toEqual(['after', '']);
  });

  it.each([{ CI: 'true' }, { TERM: 'dumb' }])(
    'stands still with %o',
    { timeout: 90_000 },
    async (environment) => {
      const text = await onTerminal(environment);
      expect(text).not.toContain('\u001b');
      const rows = rowsOf(text);
      expect(rows.slice(0, 11)).toEqual(lines);
      expect(rows[11]).toMatch(/^reading: 11\/11 files \(100%\)/);
      expect(rows.slice(12)).toEqual(['after', '']);
    },
  );

  it('has no colours', { timeout: 90_000 }, async () => {
    expect(await onTerminal({ NO_COLOR: '1' })).not.toMatch(new RegExp(`${ESC}\\[[0-9;]*m`));
  });
});

it('writes one line where there is no terminal', { timeout: 90_000 }, async () => {
  const child = spawn(process.execPath, [fixture], { stdio: ['ignore', 'pipe', 'pipe'] });
  const { code, stderr } = await ended(child, 60);
  expect(code).toBe(0);
  expect(stderr.split('\n').filter((line) => line.startsWith('reading'))).toHaveLength(1);
});

it.each([
  ['a line\n', true, false],
  ['begun', false, true],
  ['', true, true],
  ['', false, false],
  ['\u001b[31mred\n\u001b[0m', true, false],
  [Buffer.from('bytes\n'), true, false],
  [new Uint8Array([65]), false, true],
])('knows whether %j ends within a line', (chunk, before, within) => {
  expect(endsWithinLine(chunk, before)).toBe(within);
});
