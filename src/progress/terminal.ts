/**
 * Knows what the program itself writes to the terminal while bars are on it.
 */
import { stripVTControlCharacters } from 'node:util';

type Write = typeof process.stdout.write;

/** What stands on the terminal and has to give way. */
export interface Guest {
  /** The program is about to write. */
  hide(): void;
  /** It has written; a line that it has only begun must not be written into. */
  show(within: boolean): void;
}

/** Whether a text ends within a line; an empty one leaves it as it was. */
export function endsWithinLine(chunk: unknown, before: boolean): boolean {
  const text =
    typeof chunk === 'string'
      ? chunk
      : ArrayBuffer.isView(chunk)
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
        : '';
  const plain = stripVTControlCharacters(text.slice(-256));
  return plain === '' ? before : !plain.endsWith('\n');
}

/**
 * Lets a guest give way whenever the program writes to a terminal: by `console`, or by the streams.
 *
 * @returns the streams' own way of writing, for the guest, and how to stop
 */
export function watchTerminal(guest: Guest): { write(text: string): void; stop(): void } {
  let watching = true;
  let within = false;
  /** Writing makes some streams write again, and a guest's own text is none of the program's. */
  let inside = false;
  const stops: (() => void)[] = [];
  const writes = new Map<NodeJS.WriteStream, Write>();
  for (const stream of new Set([process.stdout, process.stderr])) {
    if (stream.isTTY !== true) continue;
    const own = Object.getOwnPropertyDescriptor(stream, 'write');
    const { write } = stream;
    writes.set(stream, write.bind(stream) as Write);
    const watched = function (this: unknown, ...args: Parameters<Write>): boolean {
      if (!watching || inside) return write.apply(stream, args);
      inside = true;
      try {
        guest.hide();
        return write.apply(stream, args);
      } finally {
        within = endsWithinLine(args[0], within);
        guest.show(within);
        inside = false;
      }
    } as Write;
    stream.write = watched;
    stops.push(() => {
      // Whoever has put something of his own over it since keeps that.
      if (stream.write !== watched) return;
      if (own) Object.defineProperty(stream, 'write', own);
      else delete (stream as { write?: Write }).write;
    });
  }
  return {
    write(text) {
      (writes.get(process.stderr) ?? writes.get(process.stdout))?.(text);
    },
    stop() {
      watching = false;
      for (const stop of stops) stop();
    },
  };
}
