/**
 * Files of one value: a head with everything but large buffers, and these after it, page by page, so
 * that they can be mapped.
 *
 * ```text
 *  0  "HEDDLE", the version of the format, the method of compression      8 bytes
 *  8  bytes of the head in the file                                       float64
 * 16  bytes of the head when it is not compressed                         float64
 * 24  bytes of the file                                                   float64
 * 32  CRC-32 of the head in the file, CRC-32 of the 36 bytes so far       2 × uint32
 * 40  the head; then the buffers, each from a multiple of 4096 on
 * ```
 *
 * A file is written under another name and renamed when it is complete, so that nobody ever sees a
 * part of one.
 */
import fs from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { threadId } from 'node:worker_threads';
import {
  deserialize,
  encodeStored,
  type StoredValue,
  serialize,
  storedReady,
  storedValue,
} from '../codec/index.ts';
import { mapPrivately } from '../memory/index.ts';
import {
  type Compression,
  compress,
  decompress,
  methodNumber,
  methodOf,
  unreadable,
} from './compression.ts';

/** A file that is no value of ours, or no longer what was written. */
export class DumpError extends Error {
  override readonly name = 'DumpError';
  readonly code = 'ERR_HEDDLE_DUMP';
  readonly path: string;

  constructor(file: string, what: string, options?: ErrorOptions) {
    super(`'${file}' ${what}`, options);
    this.path = file;
  }
}

/** Where a buffer lies in the file. */
interface Section {
  /** From the first page after the head on, whose length depends on these numbers. */
  readonly offset: number;
  /** Bytes in the file. */
  readonly stored: number;
  /** Bytes of the buffer. */
  readonly bytes: number;
  /** CRC-32 of the buffer. */
  readonly sum: number;
}

interface Head {
  readonly value: StoredValue;
  readonly sections: readonly Section[];
  /** What the writer adds about the value. */
  readonly about: unknown;
}

const FORMAT = 1;
const PREFIX = 40;
const MAGIC = Buffer.from('HEDDLE');
const PAGE = 4096;
/** Bytes from which a buffer lies outside of the head: from there on mapping pays. */
const LARGE = 2 ** 20;
/** What is read, written and summed at once (bytes). */
const PIECE = 2 ** 23;

/** CRC-32 of bytes, in pieces that leave the thread to others in between. */
async function sumOf(bytes: Uint8Array): Promise<number> {
  const { crc32 } = process.getBuiltinModule('node:zlib');
  let sum = 0;
  for (let at = 0; at < bytes.length; at += PIECE) {
    if (at > 0) await turn();
    sum = crc32(bytes.subarray(at, at + PIECE), sum);
  }
  return sum;
}

function crcOf(bytes: Uint8Array): number {
  return process.getBuiltinModule('node:zlib').crc32(bytes);
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const length = Math.min(PIECE * 16, bytes.length - at);
    const { bytesWritten } = await file.write(bytes, at, length, position + at);
    at += bytesWritten;
  }
}

const read = promisify(fs.read);

/**
 * What is read at once (bytes), without a way through libuv's threads, which takes longer than a
 * page that the kernel has.
 */
const AT_ONCE = 2 ** 16;

async function readAll(file: number, length: number, position: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length; ) {
    const most = Math.min(PIECE * 16, length - at);
    const count =
      length <= AT_ONCE
        ? fs.readSync(file, bytes, at, most, position + at)
        : (await read(file, bytes, at, most, position + at)).bytesRead;
    if (count === 0) throw new Error('the file has become shorter');
    at += count;
  }
  return bytes;
}

function pageAfter(offset: number): number {
  return Math.ceil(offset / PAGE) * PAGE;
}

let written = 0;

/**
 * Writes a value to a file, all of it or none.
 *
 * @param name - what the value is called in errors
 * @param about - plain data that is kept with it
 * @returns the bytes of the file
 */
export async function writeValue(
  target: string,
  name: string,
  value: unknown,
  method: Compression,
  about: unknown,
): Promise<number> {
  const { stored, buffers } = encodeStored(value, LARGE, name);
  const sections: Section[] = [];
  const contents: Uint8Array[] = [];
  let offset = 0;
  for (const buffer of buffers) {
    const raw = new Uint8Array(buffer);
    const sum = await sumOf(raw);
    const content = await compress(raw, method);
    contents.push(content);
    sections.push({ offset, stored: content.length, bytes: raw.length, sum });
    offset = pageAfter(offset + content.length);
  }
  const plain = serialize({ value: stored, sections, about } satisfies Head);
  const head = await compress(plain, method);
  const base = pageAfter(PREFIX + head.length);
  const last = sections.at(-1);
  const length = last ? base + last.offset + last.stored : PREFIX + head.length;
  const prefix = Buffer.alloc(PREFIX);
  MAGIC.copy(prefix);
  prefix[6] = FORMAT;
  prefix[7] = methodNumber(method);
  prefix.writeDoubleLE(head.length, 8);
  prefix.writeDoubleLE(plain.length, 16);
  prefix.writeDoubleLE(length, 24);
  prefix.writeUInt32LE(crcOf(head), 32);
  prefix.writeUInt32LE(crcOf(prefix.subarray(0, 36)), 36);
  const unique = `${process.pid}-${threadId}-${++written}-${Math.random().toString(36).slice(2)}`;
  const temporary = path.join(path.dirname(target), `.${path.basename(target)}.${unique}.tmp`);
  const file = await open(temporary, 'wx');
  try {
    try {
      await writeAll(file, Buffer.concat([prefix, head]), 0);
      for (const [i, content] of contents.entries()) {
        await writeAll(file, content, base + sections[i]!.offset);
      }
      // In whole milliseconds, so that it can be set to the same again.
      const now = new Date();
      await file.utimes(now, now);
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return length;
}

/** A value and what was kept with it. */
export interface ReadValue {
  readonly value: unknown;
  readonly about: unknown;
  /** When it was written, and when it was last read, as far as the file system tells (ms). */
  readonly writtenAt: number;
  readonly usedAt: number;
}

/** Files whose buffers have been compared with their sums; by what tells a file from others. */
const verified = new Set<string>();
const MAX_VERIFIED = 10_000;

function remember(key: string): void {
  if (verified.size >= MAX_VERIFIED) verified.delete(verified.values().next().value!);
  verified.add(key);
}

/** Reads prefix and head; throws for what is not as it was written. */
async function readHead(
  name: string,
  file: number,
  size: number,
): Promise<{ readonly head: Head; readonly method: Compression; readonly base: number }> {
  if (size < PREFIX) throw new DumpError(name, 'is no file that dump() has written');
  const prefix = await readAll(file, PREFIX, 0);
  if (!prefix.subarray(0, 6).equals(MAGIC)) {
    throw new DumpError(name, 'is no file that dump() has written');
  }
  if (prefix[6] !== FORMAT) {
    throw new DumpError(
      name,
      `has the format ${prefix[6]}; this version of heddle reads ${FORMAT}`,
    );
  }
  if (prefix.readUInt32LE(36) !== crcOf(prefix.subarray(0, 36))) {
    throw new DumpError(name, 'is damaged: the checksum of its first bytes differs');
  }
  const method = methodOf(prefix[7]!);
  if (method === undefined) throw new DumpError(name, 'is compressed by an unknown method');
  const why = unreadable(method);
  if (why !== null) throw new DumpError(name, why);
  const [stored, bytes, length] = [8, 16, 24].map((at) => prefix.readDoubleLE(at)) as [
    number,
    number,
    number,
  ];
  if (length !== size) {
    throw new DumpError(name, `is damaged: it has ${size} bytes, and ${length} were written`);
  }
  const packed = await readAll(file, stored, PREFIX);
  if (crcOf(packed) !== prefix.readUInt32LE(32)) {
    throw new DumpError(name, 'is damaged: the checksum of its head differs');
  }
  const plain = await decompress(packed, method, bytes);
  return { head: deserialize(plain) as Head, method, base: pageAfter(PREFIX + stored) };
}

/**
 * Reads a file that {@link writeValue} has written. Buffers that are not compressed are mapped
 * copy-on-write; those of a file that this thread has not read yet are compared with their checksums.
 *
 * @param map - false: read them instead
 * @throws {@link DumpError}; the error of the system where the file can't be read
 */
export async function readValue(name: string, map: boolean): Promise<ReadValue> {
  const file = fs.openSync(name, 'r');
  try {
    const { dev, ino, size, mtimeNs, mtimeMs, atimeMs } = fs.fstatSync(file, { bigint: true });
    const { head, method, base } = await readHead(name, file, Number(size));
    const { value, sections, about } = head;
    const mapped = map && method === 'none';
    const buffers: ArrayBuffer[] = [];
    for (const section of sections) {
      const at = base + section.offset;
      if (mapped) buffers.push(mapPrivately(name, at, section.bytes));
      else {
        const bytes = await readAll(file, section.stored, at);
        const made = await decompress(bytes, method, section.bytes);
        buffers.push(bufferOf(made));
      }
    }
    if (mapped && sections.length > 0) {
      // It was mapped by its name, which may have gone to another file since this one was opened.
      const now = fs.statSync(name, { bigint: true });
      if (now.ino !== ino || now.dev !== dev) throw new Replaced();
    }
    const key = `${dev}:${ino}:${size}:${mtimeNs}`;
    if (!mapped || !verified.has(key)) await verify(name, buffers, sections);
    if (mapped && sections.length > 0) remember(key);
    const wait = storedReady(value);
    if (wait) await wait;
    const times = { writtenAt: Number(mtimeMs), usedAt: Number(atimeMs) };
    return { value: storedValue(value, buffers), about, ...times };
  } catch (error) {
    if (error instanceof Replaced) return await readValue(name, map);
    throw error;
  } finally {
    fs.closeSync(file);
  }
}

class Replaced extends Error {}

async function verify(
  name: string,
  buffers: readonly ArrayBuffer[],
  sections: readonly Section[],
): Promise<void> {
  for (const [i, { sum }] of sections.entries()) {
    if ((await sumOf(new Uint8Array(buffers[i]!))) !== sum) {
      throw new DumpError(name, 'is damaged: the checksum of an array differs');
    }
  }
}

/** The buffer of bytes, if they are all of it. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes as Uint8Array<ArrayBuffer>;
  if (byteLength === buffer.byteLength) return buffer;
  return buffer.slice(byteOffset, byteOffset + byteLength);
}
