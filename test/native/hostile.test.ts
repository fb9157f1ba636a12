/**
 * Arguments that TypeScript would not let through, over every function that the addon exports: wrong
 * types, numbers that are none or huge, buffers that have gone or become shorter, objects that throw
 * when they are looked at, and what other functions and addons have wrapped.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { addonFile, native } from '../../src/native.ts';
import { ended } from '../helpers/child.ts';
import { testSeed } from '../helpers/seeds.ts';
import { probe, probeFolder } from '../threadpools/probe.ts';

const fixture = fileURLToPath(new URL('../fixtures/hostile.mjs', import.meta.url));
const folder = mkdtempSync(path.join(os.tmpdir(), 'heddle-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Of each function; instrumented code takes ten times as long. */
const CALLS = process.env.HEDDLE_SANITIZER ? 100 : 800;

interface Report {
  readonly made: number;
  readonly given: number;
  readonly problems: readonly string[];
  readonly codes: Readonly<Record<string, number>>;
}

describe.runIf(process.platform === 'linux')('the addon', () => {
  it('gives a value or an error with a code, whatever it is given', {
    timeout: 300_000,
  }, async () => {
    const journal = path.join(folder, 'journal');
    const work = mkdtempSync(path.join(folder, 'cwd-')); // for files that it makes
    const args = [
      String(CALLS),
      String(testSeed),
      journal,
      addonFile,
      path.join(probeFolder, 'heddle-probe.node'),
    ];
    const child = spawn(process.execPath, ['--expose-gc', fixture, ...args], {
      cwd: work,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { code, signal, stdout } = await ended(child, 280);
    expect({ code, signal, at: readFileSync(journal, 'utf8') }).toEqual({
      code: 0,
      signal: null,
      at: 'the end',
    });
    const { made, given, problems, codes } = JSON.parse(stdout) as Report;
    expect(problems).toEqual([]);
    const functions = Object.values(native).flatMap((module) =>
      Object.values(module as object).filter((one) => typeof one === 'function'),
    );
    expect(made).toBe(CALLS * functions.length);
    // Neither is all refused, nor all taken.
    expect(given).toBeGreaterThan(made / 20);
    expect(codes.ERR_HEDDLE_INVALID_ARGUMENT).toBeGreaterThan(made / 20);
    console.log(`${made} calls of ${functions.length} functions, ${made - given} refused`);
  });
});

function linkPrototype(): object {
  const { workers } = native;
  if (process.platform === 'win32') return {};
  const [there, writing] = workers.createPipe(1);
  const [reading, back] = workers.createPipe(0);
  const link = new workers.Link(reading, writing, new Uint8Array(8), () => {});
  link.close();
  for (const fd of [there, back]) workers.closeDescriptor(fd);
  return Object.getPrototypeOf(link) as object;
}

describe('what the addon has wrapped', () => {
  const { memory, neighbors } = native;
  const segment = memory.create(64);
  const keeper = neighbors.radiusKeeper();
  /** Of links; what is made of it alone has none behind it. */
  const prototype = linkPrototype();
  const call = (one: unknown, ...args: unknown[]): unknown =>
    (one as (...args: unknown[]) => unknown)(...args);

  /** Every function that takes something wrapped, and what it takes. */
  const takers: readonly (readonly [string, unknown, unknown, readonly unknown[]])[] = [
    ['memory.handle', memory.handle, segment, []],
    ['memory.opened', memory.opened, segment, []],
    ['memory.markOpened', memory.markOpened, segment, []],
    ['memory.mappings', memory.mappings, segment, []],
    ['memory.renew', memory.renew, segment, []],
    ['memory.write', memory.write, segment, [new Uint8Array(8), 'once', 1]],
    ['memory.map', memory.map, segment, ['shared']],
    ['neighbors.takeRadius', neighbors.takeRadius, keeper, [new Float64Array(8)]],
  ];
  /** Things with a pointer behind them that none of these may follow. */
  const foreign = {
    'a segment': segment,
    'a keeper': keeper,
    'an External without a tag': process.platform === 'linux' ? probe.load('libc.so.6') : {},
    'a link': Object.create(prototype) as object,
    'an object': {},
  };

  it.each(takers)('%s takes its own alone', (_, one, own, rest) => {
    for (const [what, value] of Object.entries(foreign)) {
      if (value === own) continue;
      expect(() => call(one, value, ...rest), what).toThrow(
        expect.objectContaining({ code: 'ERR_HEDDLE_INVALID_ARGUMENT' }),
      );
    }
  });

  it('is left alone by release()', () => {
    for (const value of Object.values(foreign)) {
      if (value !== segment) expect(call(memory.release, value)).toBeUndefined();
    }
    expect(memory.handle(segment).bytes).toBe(64);
  });

  it.runIf(process.platform !== 'win32')('is what the methods of a link are called on', () => {
    const methods = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
    expect(methods).toContain('write');
    for (const name of methods) {
      const method = (prototype as Record<string, () => unknown>)[name]!;
      for (const value of [undefined, {}, segment, keeper, prototype, new Proxy(prototype, {})]) {
        expect(() => method.call(value as never), name).toThrow(Error);
      }
    }
  });
});
