/** Where a listener can be reached. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rangeError, typeError } from '../errors.ts';
import { checkKeys } from '../options.ts';

/** A Unix socket (on Windows a named pipe), or a port of TCP. */
export type Address =
  | { readonly path: string; readonly port?: undefined; readonly host?: undefined }
  | { readonly port: number; readonly host?: string | undefined; readonly path?: undefined };

/** Nobody but this machine. */
const LOOPBACK = '127.0.0.1';

/** The longest path of a Unix socket in bytes, without the zero at its end: that of macOS, Linux has 107. */
const MAX_PATH = process.platform === 'darwin' ? 103 : 107;

/** An address that has been checked, as Node's `net` takes it. */
export type NetAddress =
  | { readonly path: string }
  | { readonly port: number; readonly host: string };

/**
 * Checks an address.
 *
 * @param anyPort - whether the port may be 0, for one that is free
 */
export function checkAddress(address: unknown, anyPort: boolean): NetAddress {
  const right = 'an object with a path ({ path }) or a port ({ port, host })';
  if (typeof address !== 'object' || address === null) throw typeError('address', address, right);
  checkKeys('address', address, ['path', 'port', 'host']);
  const { path: file, port, host = LOOPBACK } = address as Address;
  if ((file === undefined) === (port === undefined)) throw rangeError('address', address, right);
  if (file !== undefined) {
    if (typeof file !== 'string') throw typeError('address.path', file, 'a path');
    const pipe = file.startsWith('\\\\.\\pipe\\') || file.startsWith('\\\\?\\pipe\\');
    if (process.platform === 'win32' ? !pipe : pipe) {
      const form = pipe ? 'the path of a Unix socket' : "a path like '\\\\\\\\.\\\\pipe\\\\name'";
      throw rangeError('address.path', file, `${form} on ${process.platform}`);
    }
    if (file.length === 0 || file.includes('\0') || (!pipe && Buffer.byteLength(file) > MAX_PATH)) {
      throw rangeError('address.path', file, `a path of 1 to ${MAX_PATH} bytes`);
    }
    return { path: file };
  }
  const least = anyPort ? 0 : 1;
  if (!Number.isInteger(port) || port! < least || port! > 65535) {
    throw rangeError('address.port', port, `a whole number from ${least} to 65535`);
  }
  if (typeof host !== 'string' || host.length === 0) {
    throw typeError('address.host', host, "a name or number of a host, such as '127.0.0.1'");
  }
  return { port: port!, host };
}

/** Folders of sockets that are there. */
const folders = new Set<string>();

function removeFolder(folder: string): void {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true });
}

/** A listener that nobody closes goes with its program, and its folder has to as well. */
function removeAtExit(folder: string): void {
  if (!watchesExit) process.on('exit', () => [...folders].forEach(removeFolder));
  watchesExit = true;
  folders.add(folder);
}

let watchesExit = false;

/** An address that nobody else has, and what takes it away again. */
export function privateAddress(): { readonly address: { path: string }; remove(): void } {
  if (process.platform === 'win32') {
    const name = `\\\\.\\pipe\\heddle-${process.pid}-${crypto.randomUUID()}`;
    return { address: { path: name }, remove() {} };
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'heddle-')); // for this user alone
  removeAtExit(folder);
  return {
    address: { path: path.join(folder, 'socket') },
    remove: () => removeFolder(folder),
  };
}

/** The other side's address as its system tells it; null for Unix sockets, which have none. */
export function peerOf(socket: Socket): { readonly host: string; readonly port: number } | null {
  const { remoteAddress, remotePort } = socket;
  return remoteAddress === undefined || remotePort === undefined
    ? null
    : { host: remoteAddress, port: remotePort };
}
