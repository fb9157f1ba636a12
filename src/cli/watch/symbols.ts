/**
 * Function names in an ELF file: enough to tell V8's threads from libuv's, which both start inside
 * the node program (ELF-64 specification; System V ABI, chapters 4 and 5).
 */
import { closeSync, openSync, readSync } from 'node:fs';

const SHT_SYMTAB = 2;
const ET_DYN = 3;
const SYMBOL_SIZE = 24;
const STT_FUNC = 2;

/** The functions of one file by their address, relative to where it is loaded. */
export class Symbols {
  /** Whether addresses count from where the file is loaded (else they are the real ones). */
  readonly relocatable: boolean;
  readonly #table: Buffer;
  readonly #names: Buffer;

  constructor(relocatable: boolean, table: Buffer, names: Buffer) {
    this.relocatable = relocatable;
    this.#table = table;
    this.#names = names;
  }

  /** The function that begins at the address. */
  at(address: bigint): string | undefined {
    for (let offset = 0; offset + SYMBOL_SIZE <= this.#table.length; offset += SYMBOL_SIZE) {
      if (this.#table.readBigUInt64LE(offset + 8) !== address) continue;
      if ((this.#table.readUInt8(offset + 4) & 15) !== STT_FUNC) continue;
      const name = this.#table.readUInt32LE(offset);
      return this.#names.toString('latin1', name, this.#names.indexOf(0, name));
    }
    return undefined;
  }
}

/** Reads the symbol table of a file; undefined where it has none (it was stripped). */
export function readSymbols(file: string): Symbols | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    const opened = descriptor;
    const read = (position: bigint, length: number) => {
      const buffer = Buffer.alloc(length);
      readSync(opened, buffer, 0, length, Number(position));
      return buffer;
    };
    const header = read(0n, 64);
    if (header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2) return undefined;
    const sections = header.readBigUInt64LE(0x28);
    const [size, count] = [header.readUInt16LE(0x3a), header.readUInt16LE(0x3c)];
    const section = (index: number) => {
      const entry = read(sections + BigInt(index * size), size);
      return {
        type: entry.readUInt32LE(4),
        offset: entry.readBigUInt64LE(0x18),
        bytes: Number(entry.readBigUInt64LE(0x20)),
        link: entry.readUInt32LE(0x28),
      };
    };
    for (let index = 0; index < count; index++) {
      const table = section(index);
      if (table.type !== SHT_SYMTAB) continue;
      const names = section(table.link);
      return new Symbols(
        header.readUInt16LE(0x10) === ET_DYN,
        read(table.offset, table.bytes),
        read(names.offset, names.bytes),
      );
    }
    return undefined;
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
