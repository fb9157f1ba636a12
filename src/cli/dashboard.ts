/**
 * `heddle dashboard`: the page of another program. Where that has its feed open it is shown as it shows itself;
 * else what the system knows of its processes and threads is.
 */
import { once } from 'node:events';
import {
  type Answer,
  answerFrom,
  answerOf,
  closeServer,
  findFeed,
  listen,
  listFeeds,
  makeToken,
  pageServer,
} from '../feed/index.ts';
import { readStat } from '../machine/index.ts';
import { start } from './start.ts';
import { SystemSource } from './watch/system-source.ts';

/** Options of the command. */
export interface DashboardCommandOptions {
  readonly pid?: number;
  readonly port?: number;
}

/** Between two looks at whether the program is there, and has opened its feed (ms). */
const LOOK_MS = 250;

/** The one program that can be shown where none is named. */
function onlyProgram(): number {
  const pids = listFeeds();
  if (pids.length === 1) return pids[0]!;
  const how =
    'heddle dashboard --pid N shows one that runs, heddle dashboard -- node x.js starts one';
  if (pids.length === 0) throw new Error(`no program has its feed open: ${how}`);
  throw new Error(`several programs have their feeds open (${pids.join(', ')}): ${how}`);
}

function isRunning(pid: number): boolean {
  const stat = readStat(pid);
  return stat !== undefined && stat.state !== 'Z' && stat.state !== 'X';
}

/** Waits for the end of a process, or for Ctrl-C, which a program that was started has been sent, too. */
function untilEnd(pid: number, look: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearInterval(timer);
      resolve();
    };
    const timer = setInterval(() => {
      try {
        look();
      } catch (error) {
        clearInterval(timer);
        reject(error);
      }
      if (!isRunning(pid)) end();
    }, LOOK_MS);
    process.once('SIGINT', end);
  });
}

/** Runs the command, until the program ends, and returns the exit status. */
export async function showDashboard(
  command: readonly string[],
  { pid: given, port = 0 }: DashboardCommandOptions,
): Promise<number> {
  if (process.platform !== 'linux') {
    throw new Error(
      'heddle dashboard reads /proc, which only Linux has; dashboard() works everywhere',
    );
  }
  if (command.length > 0 && given !== undefined) {
    throw new Error('give either --pid N or, after --, a command to start');
  }
  const asked = process.env.HEDDLE_DASHBOARD || 'attach';
  const child = command.length > 0 ? await start(command, { HEDDLE_DASHBOARD: asked }) : undefined;
  const exited = child && once(child, 'exit');
  const pid = child?.pid ?? given ?? onlyProgram();
  if (!child && !isRunning(pid)) throw new Error(`there is no process ${pid}`);

  let answer: Answer | null = null;
  const system = new SystemSource(pid);
  const fromSystem = answerOf(system);
  const token = makeToken();
  const server = pageServer(token, (...request) => (answer ?? fromSystem)(...request));
  /** Takes the program's own feed as soon as it is there. */
  const look = (): void => {
    const place = answer ? null : findFeed(pid);
    if (!place) return;
    answer = answerFrom(place);
    // Pages ask again, and get the other one.
    server.closeAllConnections();
  };
  try {
    look();
    const url = `http://127.0.0.1:${await listen(server, port)}/${token}/`;
    // The program that was started owns stdout.
    (child ? process.stderr : process.stdout).write(`heddle: dashboard at ${url}\n`);
    await untilEnd(pid, look);
  } finally {
    system.close();
    await closeServer(server);
  }
  if (!exited) return 0;
  const [code] = (await exited) as [number | null];
  return code ?? 1;
}
