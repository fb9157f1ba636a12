/**
 * In which library a thread of another process began.
 *
 * Threads inherit the name of the thread that makes them, so that nearly all threads of a Node
 * process are called "node". But the C library keeps, at the top of each thread's stack, the
 * address of the function that the thread was started with. Of a thread that waits in the kernel,
 * /proc/…/syscall tells the stack pointer, and /proc/…/maps the stack around it (see proc(5)); of
 * one that runs, the stack is found by the thread's number, which the C library keeps there too.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import path from 'node:path';
import { readSymbols, type Symbols } from './symbols.ts';

/** Where a thread began. */
export interface Origin {
  /** The name of the file. */
  readonly file: string;
  /** The function, where it could be told. */
  readonly function?: string | undefined;
  /** Whether it waits for events (epoll), as an event loop does. */
  readonly waitsForEvents: boolean;
}

interface Mapping {
  readonly start: bigint;
  readonly end: bigint;
  readonly code: boolean;
  /** Whether it may be a stack: writable, and no file. */
  readonly memory: boolean;
  readonly file: string;
}

/** Below the libraries of the system and of C++, which start threads for all others. */
const STARTERS = /^(libc|libpthread|ld-|libstdc\+\+|libc\+\+|linux-vdso|\[)/;
const TOP_BYTES = 8192;
/** epoll_wait and epoll_pwait on x64; epoll_pwait elsewhere. */
const EPOLL = process.arch === 'x64' ? ['232', '281'] : ['22'];

const symbolsOf = new Map<string, Symbols | undefined>();

function mappings(pid: number): Mapping[] {
  const result: Mapping[] = [];
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+\s*(.*)$/.exec(line);
    if (!match) continue;
    const [, start, end, access, file] = match;
    result.push({
      start: BigInt(`0x${start}`),
      end: BigInt(`0x${end}`),
      code: access?.[2] === 'x' && file !== '',
      memory: access?.startsWith('rw') === true && file === '',
      file: file ?? '',
    });
  }
  return result;
}

function functionAt(pid: number, all: readonly Mapping[], where: Mapping, address: bigint) {
  // Only node's own threads need telling apart, and its table is large.
  if (!/\/node[^/]*$/.test(where.file)) return undefined;
  if (!symbolsOf.has(where.file)) {
    symbolsOf.set(where.file, readSymbols(`/proc/${pid}/exe`));
  }
  const symbols = symbolsOf.get(where.file);
  const base = all.find((mapping) => mapping.file === where.file)?.start ?? 0n;
  return symbols?.at(symbols.relocatable ? address - base : address);
}

/** Tells the origins of threads of one process, asked one after the other. */
export class StackReader {
  readonly #pid: number;
  #mappings: Mapping[] | undefined;
  #memory: number | undefined;
  #forbidden = false;

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** Whether the system refused to let the process be looked into. */
  get forbidden(): boolean {
    return this.#forbidden;
  }

  /** Undefined where it can't be told (now), or the process may not be looked into. */
  origin(tid: number): Origin | undefined {
    if (this.#forbidden) return undefined;
    try {
      this.#memory ??= openSync(`/proc/${this.#pid}/mem`, 'r');
      const call = readFileSync(`/proc/${this.#pid}/task/${tid}/syscall`, 'utf8').split(' ');
      const pointer = call.length < 9 ? undefined : BigInt(call[7] ?? '0');
      const stack = pointer === undefined ? this.#stackOf(tid) : this.#stackAround(pointer);
      return stack && this.#find(stack, pointer, EPOLL.includes(call[0] ?? ''));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EACCES' || code === 'EPERM') this.#forbidden = true;
      return undefined;
    }
  }

  #stackAround(pointer: bigint): Mapping | undefined {
    const inside = (mapping: Mapping) => pointer >= mapping.start && pointer < mapping.end;
    const known = this.#mappings?.find(inside);
    if (known) return known;
    this.#mappings = mappings(this.#pid);
    return this.#mappings.find(inside);
  }

  /**
   * The GNU C library's record of a thread has its number, four unused bytes, and the address of
   * the list head that comes right after that address.
   */
  #stackOf(tid: number): Mapping | undefined {
    this.#mappings = mappings(this.#pid);
    return this.#mappings.find((mapping) => {
      if (!mapping.memory) return false;
      const top = this.#top(mapping, mapping.start);
      for (let offset = 0; offset + 16 <= top.length; offset += 8) {
        if (top.readUInt32LE(offset) !== tid) continue;
        const address = mapping.end - BigInt(top.length - offset);
        if (top.readBigUInt64LE(offset + 8) === address + 16n) return true;
      }
      return false;
    });
  }

  /** The last bytes of a stack, from a pointer into it at the earliest. */
  #top(stack: Mapping, from: bigint): Buffer {
    const bytes = Math.min(TOP_BYTES, Number(stack.end - from)) & ~7;
    const top = Buffer.alloc(bytes);
    if (this.#memory === undefined) return top;
    try {
      readSync(this.#memory, top, 0, bytes, stack.end - BigInt(bytes));
    } catch (error) {
      // A mapping that has gone since; being forbidden shows when the file is opened.
      if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
    }
    return top;
  }

  #find(stack: Mapping, pointer: bigint | undefined, waitsForEvents: boolean) {
    const all = this.#mappings ?? [];
    const top = this.#top(stack, pointer ?? stack.start);
    for (let offset = top.length - 8; offset >= 0; offset -= 8) {
      const address = top.readBigUInt64LE(offset);
      const code = all.find((m) => m.code && address >= m.start && address < m.end);
      if (!code) continue;
      const file = path.basename(code.file.replace(/ \(deleted\)$/, ''));
      if (STARTERS.test(file)) continue;
      return { file, function: functionAt(this.#pid, all, code, address), waitsForEvents };
    }
    return undefined;
  }

  close(): void {
    if (this.#memory !== undefined) closeSync(this.#memory);
    this.#memory = undefined;
  }
}
