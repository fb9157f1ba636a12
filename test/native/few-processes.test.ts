/**
 * A user that may have few more threads and processes, as in a container with a limit of them: really, by
 * RLIMIT_NPROC. Root has no such limit, so the program runs as somebody else.
 */
import { spawn, spawnSync } from 'node:child_process';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import '../helpers/built.ts';
import { ended } from '../helpers/child.ts';

const fixture = fileURLToPath(new URL('../fixtures/few-processes.mjs', import.meta.url));

it.runIf(process.platform === 'linux' && process.geteuid?.() === 0)(
  'everything is right or fails with a code where no more threads or processes can be had',
  { timeout: 300_000 },
  async () => {
    // A user of its own: the limit is on all that a user has.
    const id = 60_000 + (process.pid % 5000);
    const child = spawn(process.execPath, [fixture], {
      uid: id,
      gid: id,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    readline.createInterface({ input: child.stdout! }).on('line', (line) => {
      const count = /^limit (\d+)$/.exec(line)?.[1];
      if (count === undefined) return;
      // As that user, who may; in a process whose own limit is another.
      const args = ['--pid', String(child.pid), `--nproc=${count}:`];
      const set = spawnSync('prlimit', args, { uid: id, gid: id, encoding: 'utf8' });
      if (set.status !== 0) child.stdin!.write(`failed: ${set.stderr}\n`);
      else child.stdin!.write('done\n');
    });
    const { code, stdout, stderr } = await ended(child, 200);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? 'null') as {
      readonly problems: readonly string[];
      readonly outcomes: Readonly<Record<string, string>>;
    };
    expect({ code, problems: report.problems }).toEqual({ code: 0, problems: [] });
    const seen = Object.values(report.outcomes);
    // The limit was met, and operations of this process go on with the threads that it has.
    expect(seen.some((outcome) => outcome !== 'right')).toBe(true);
    for (const name of ['matmulSync', 'matmul', 'products', 'event', 'lock']) {
      expect([name, report.outcomes[`${name} with room for 0`]]).toEqual([name, 'right']);
    }
    expect(stderr).not.toMatch(/terminate called|std::system_error/);
  },
);
