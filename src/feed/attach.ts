/**
 * The feed of a program for others of the same user: a socket in a folder that only this user can enter.
 *
 * It is there only where the variable HEDDLE_DASHBOARD is 'attach'. A signal would need no variable, but ends a
 * program that does not expect it; and Node's inspector, which any program can be told to open, lets all users
 * of the machine run code in it.
 */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Answer, answerOf, refuse } from './serve.ts';
import { acquireFeed } from './sharing.ts';

function attachError(text: string, cause?: unknown): Error {
  return Object.assign(new Error(text, cause === undefined ? {} : { cause }), {
    code: 'ERR_HEDDLE_DASHBOARD_ATTACH',
  });
}

/** Where the sockets of a user may be: the first is where this process would put its own. */
function folders(uid: number): string[] {
  const runtime = process.env.XDG_RUNTIME_DIR;
  const given = runtime && path.isAbsolute(runtime) ? [path.join(runtime, 'heddle')] : [];
  return [
    ...new Set([
      ...given,
      `/run/user/${uid}/heddle`,
      path.join(tmpdir(), `heddle-${uid}`),
      `/tmp/heddle-${uid}`,
    ]),
  ];
}

/**
 * Sees to it that a folder, or a socket, is the user's and nobody else's: in a folder that all can write to
 * somebody may have put another one there before.
 *
 * @throws Error with the code `ERR_HEDDLE_DASHBOARD_ATTACH` that says what is wrong with it
 */
function checkOwn(place: string, uid: number, kind: 'folder' | 'socket'): void {
  const stat = lstatSync(place);
  const fits = kind === 'folder' ? stat.isDirectory() : stat.isSocket();
  if (!fits) throw attachError(`'${place}' is no ${kind} (a link counts as none): remove it`);
  if (stat.uid !== uid) {
    throw attachError(`the ${kind} '${place}' belongs to user ${stat.uid}, not to ${uid}`);
  }
  if ((stat.mode & 0o077) !== 0) {
    throw attachError(`others may use the ${kind} '${place}': chmod go= '${place}'`);
  }
}

/** The first folder whose parent is there; it is made. */
function makeFolder(uid: number): string {
  for (const folder of folders(uid)) {
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      // No parent, or it may not be written to.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') continue;
    }
    checkOwn(folder, uid, 'folder');
    return folder;
  }
  throw attachError(`none of ${folders(uid).join(', ')} can be made`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The processes that have a socket in a folder. */
function pidsIn(folder: string, ending: 'sock' | 'new' = 'sock'): number[] {
  return readdirSync(folder)
    .map((name) => path.parse(name))
    .filter(({ name, ext }) => ext === `.${ending}` && /^\d+$/.test(name))
    .map(({ name }) => Number(name));
}

/** Takes away what processes have left that were killed. */
function sweep(folder: string): void {
  for (const ending of ['sock', 'new'] as const) {
    for (const pid of pidsIn(folder, ending)) {
      if (pid !== process.pid && isAlive(pid)) continue;
      try {
        unlinkSync(path.join(folder, `${pid}.${ending}`));
      } catch {
        // Another program has done so.
      }
    }
  }
}

/**
 * Opens the feed of this program to others of its user, as long as it lives.
 *
 * @returns the socket's path
 * @throws Error with the code `ERR_HEDDLE_DASHBOARD_ATTACH` where no folder is safe, or can be made
 */
export async function openFeed(): Promise<string> {
  const uid = process.geteuid?.();
  if (uid === undefined) throw attachError('there are no sockets of users on this system');
  const folder = makeFolder(uid);
  sweep(folder);
  const place = path.join(folder, `${process.pid}.sock`);
  const made = path.join(folder, `${process.pid}.new`);
  const answer = answerOf(acquireFeed());
  const server: Server = createServer((request, response) => {
    const name = (request.url ?? '').replace(/^\//, '').replace(/\?.*$/, '');
    Promise.resolve(answer(name, request, response)).catch(() => response.destroy());
  });
  server.on('connection', (socket) => socket.unref());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(attachError(`no socket at '${place}'`, error)));
    server.listen(made, resolve);
  });
  // It has its name only once it is nobody else's.
  chmodSync(made, 0o600);
  renameSync(made, place);
  server.unref();
  process.on('exit', () => {
    try {
      unlinkSync(place);
    } catch {
      // It is gone with its folder.
    }
  });
  return place;
}

/** Who a process belongs to; undefined where there is none. */
function ownerOf(pid: number): number | undefined {
  try {
    return statSync(`/proc/${pid}`).uid;
  } catch {
    return isAlive(pid) ? process.geteuid?.() : undefined;
  }
}

/**
 * The socket of a running program; null where it has none.
 *
 * @throws Error with the code `ERR_HEDDLE_DASHBOARD_ATTACH` where there is one that others could have put there
 */
export function findFeed(pid: number): string | null {
  const uid = ownerOf(pid);
  if (uid === undefined) return null;
  for (const folder of folders(uid)) {
    const place = path.join(folder, `${pid}.sock`);
    try {
      lstatSync(place);
    } catch {
      continue;
    }
    checkOwn(folder, uid, 'folder');
    checkOwn(place, uid, 'socket');
    return place;
  }
  return null;
}

/** The running programs of this user that have a socket. */
export function listFeeds(): number[] {
  const uid = process.geteuid?.();
  if (uid === undefined) return [];
  const found = folders(uid).flatMap((folder) => {
    try {
      checkOwn(folder, uid, 'folder');
      return pidsIn(folder);
    } catch {
      return [];
    }
  });
  return [...new Set(found)].filter(isAlive).sort((a, b) => a - b);
}

/** Hands what a page asks for on to the socket of a program. */
export function answerFrom(place: string): Answer {
  return (name, request, response) =>
    new Promise<void>((resolve) => {
      const query = /\?.*$/.exec(request.url ?? '')?.[0] ?? '';
      const sent = httpRequest({ socketPath: place, path: `/${name}${query}` }, (answer) => {
        const headers: Record<string, string> = {};
        for (const header of ['content-type', 'content-disposition']) {
          const value = answer.headers[header];
          if (typeof value === 'string') headers[header] = value;
        }
        response.writeHead(answer.statusCode ?? 502, headers);
        answer.pipe(response);
        answer.on('error', () => response.destroy());
        answer.on('close', resolve);
      });
      sent.on('error', () => {
        if (response.headersSent) response.destroy();
        else refuse(response, 502, 'the program does not answer: it may have ended');
        resolve();
      });
      response.on('close', () => sent.destroy());
      sent.end();
    });
}
