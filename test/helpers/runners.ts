/** Programs in the folder of the test runners and bundlers. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { knownRunners } from '../../scripts/runners.mjs';
import { root } from '../parallel/support.ts';

/** Whether they are there; with CI set they must be. */
export function hasRunners(): boolean {
  return knownRunners() !== null || process.env.CI !== undefined;
}

/** The files that a page of the documentation shows, by their names. */
export function filesOf(page: string): ReadonlyMap<string, string> {
  const text = readFileSync(path.join(root, 'docs', page), 'utf8');
  const blocks = text.matchAll(/<!-- file: (\S+) -->\s*```\w*\n([\s\S]*?)```/g);
  return new Map([...blocks].map(([, name, code]) => [name!, code!]));
}

/** A folder of its own beside what the runners were installed to. */
export class Project implements Disposable {
  readonly folder: string;
  readonly #runners: string;

  constructor(files: Iterable<readonly [string, string]>) {
    const runners = knownRunners();
    if (runners === null) throw new Error('run: node scripts/runners.mjs');
    this.#runners = runners;
    this.folder = mkdtempSync(path.join(runners, 'project-'));
    for (const [name, code] of files) {
      const file = path.join(this.folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, code);
    }
  }

  /** A file of an installed package. */
  installed(file: string): string {
    return path.join(this.#runners, 'node_modules', file);
  }

  /** Runs a program of Node's to its end. */
  node(
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): { output: string; code: number | null } {
    // A test runner in a test runner must not take itself for a worker of the other.
    const inherited = Object.entries(process.env).filter(
      ([key]) => !/^(VITEST|JEST|NODE_)/.test(key),
    );
    const { stdout, stderr, status } = spawnSync(process.execPath, args, {
      cwd: this.folder,
      encoding: 'utf8',
      timeout: 120_000,
      env: { ...Object.fromEntries(inherited), ...env },
    });
    return { output: stdout + stderr, code: status };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
