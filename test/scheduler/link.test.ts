/**
 * The pipes between a process and its workers, on the event loop.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { addonFile, type NativeLink, native } from '../../src/native.ts';

const { workers } = native;

/** A link and the other ends of its pipes, which block. */
function pair(bytes: Uint8Array, received: (count: number) => void) {
  const [there, writing] = workers.createPipe(1);
  const [reading, back] = workers.createPipe(0);
  const link = new workers.Link(reading, writing, bytes, received);
  return { link, there, back };
}

function ended(link: NativeLink, ...fds: number[]): void {
  link.close();
  for (const fd of fds) workers.closeDescriptor(fd);
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

/** Runs a script in a process of its own; gives what it printed. */
function run(script: string): string {
  const head = `
    const { workers } = require(${JSON.stringify(addonFile)});
    const fs = require('node:fs');
    const [there, writing] = workers.createPipe(1);
    const [reading, back] = workers.createPipe(0);`;
  return execFileSync(process.execPath, ['-e', head + script], {
    encoding: 'utf8',
    timeout: 10_000,
  });
}

describe.skipIf(process.platform === 'win32')('a link', () => {
  it('brings bytes in order, a piece at a time, and then the end, once', async () => {
    const buffer = Buffer.alloc(1000);
    const seen: Buffer[] = [];
    let ends = 0;
    const { link, there, back } = pair(buffer, (count) => {
      if (count > 0) seen.push(Buffer.from(buffer.subarray(0, count)));
      else ends++;
    });
    const sent = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));
    fs.writeSync(back, sent);
    await turn();
    expect(Buffer.concat(seen).equals(sent)).toBe(true);
    expect(Math.max(...seen.map((piece) => piece.length))).toBe(1000);
    workers.closeDescriptor(back);
    await turn();
    expect(ends).toBe(1);
    ended(link, there);
  });

  it('writes what there is room for, and tells when there is more', async () => {
    const { link, there, back } = pair(Buffer.alloc(10), () => {});
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
    let at = link.write(sent);
    expect(at).toBeGreaterThan(0);
    expect(at).toBeLessThan(sent.length);
    expect(link.write(sent)).toBe(0);
    const came: Buffer[] = [];
    const piece = Buffer.alloc(65_536);
    const read = (): void => {
      const count = fs.readSync(there, piece);
      came.push(Buffer.from(piece.subarray(0, count)));
    };
    let calls = 0;
    while (at < sent.length) {
      const room = new Promise<void>((resolve) => link.whenWritable(resolve));
      read();
      await room;
      calls++;
      at += link.write(sent.subarray(at));
    }
    while (Buffer.concat(came).length < sent.length) read();
    expect(Buffer.concat(came).equals(sent)).toBe(true);
    expect(calls).toBeGreaterThan(1);
    workers.closeDescriptor(there);
    expect(link.write(sent)).toBe(-1);
    ended(link, back);
  });

  it('tells a writer that waits when nobody reads any more', async () => {
    const { link, there, back } = pair(Buffer.alloc(10), () => {});
    while (link.write(Buffer.alloc(65_536)) > 0);
    const told = new Promise<void>((resolve) => link.whenWritable(resolve));
    workers.closeDescriptor(there);
    await told;
    expect(link.write(Buffer.alloc(1))).toBe(-1);
    ended(link, back);
  });

  it('calls nobody when it is closed, and closes what it has', async () => {
    const buffer = Buffer.alloc(10);
    let calls = 0;
    const { link, there, back } = pair(buffer, () => {
      calls++;
      link.close();
    });
    link.whenWritable(() => calls++);
    fs.writeSync(back, 'much more than ten bytes');
    await turn();
    await turn();
    // Whether it is readable or writable is seen in the same turn, in any order.
    expect(calls).toBeLessThanOrEqual(2);
    const before = calls;
    await turn();
    expect(calls).toBe(before);
    expect(() => fs.writeSync(back, 'x')).toThrow('EPIPE');
    expect(fs.readSync(there, buffer)).toBe(0);
    link.close();
    link.ref();
    link.whenWritable(() => {});
    expect(link.write(Buffer.alloc(1))).toBe(0);
    ended(link, there, back);
  });

  it('says what it was given wrong', () => {
    const make = workers.Link as unknown as new (...args: unknown[]) => NativeLink;
    const bytes = Buffer.alloc(1);
    expect(() => new make(-1, 1, bytes, () => {})).toThrow('not a descriptor');
    expect(() => new make(0, '1', bytes, () => {})).toThrow('not a descriptor');
    expect(() => new make(0, 1, new Float64Array(1), () => {})).toThrow('not a Uint8Array');
    expect(() => new make(0, 1, bytes, 5)).toThrow('not a function');
    expect(() => new make(12_345, 1, bytes, () => {})).toThrow("a link to a worker can't be made");
    const { link, there, back } = pair(bytes, () => {});
    expect(() => link.write('x' as never)).toThrow('not a Uint8Array');
    expect(() => link.whenWritable(null as never)).toThrow('not a function');
    ended(link, there, back);
  });

  it('keeps a process alive unless it is told not to', () => {
    const link = `
      const link = new workers.Link(reading, writing, Buffer.alloc(1), () => { console.log('came'); link.close(); });
      process.on('exit', () => console.log('exit'));`;
    expect(run(`${link} setTimeout(() => fs.writeSync(back, 'x'), 100).unref();`)).toBe(
      'came\nexit\n',
    );
    expect(
      run(`${link} link.unref(); setTimeout(() => fs.writeSync(back, 'x'), 1e4).unref();`),
    ).toBe('exit\n');
    expect(
      run(
        `${link} link.unref(); link.ref(); setTimeout(() => fs.writeSync(back, 'x'), 100).unref();`,
      ),
    ).toBe('came\nexit\n');
  });

  it('makes an uncaught exception of what its callback throws', () => {
    const out = run(`
      const link = new workers.Link(reading, writing, Buffer.alloc(1), () => { throw new Error('mine'); });
      process.on('uncaughtException', ({ message }) => { console.log(message); link.close(); });
      fs.writeSync(back, 'x');`);
    expect(out).toBe('mine\n');
  });

  it('lets promises and ticks of its callback run before it calls again', () => {
    const out = run(`
      const order = [];
      const bytes = Buffer.alloc(1);
      const link = new workers.Link(reading, writing, bytes, () => {
        const what = String(bytes);
        order.push(what);
        process.nextTick(() => order.push('tick ' + what));
        Promise.resolve().then(() => order.push('then ' + what));
        if (what === 'b') { link.close(); setImmediate(() => console.log(order.join())); }
      });
      fs.writeSync(back, 'ab');`);
    expect(out).toBe('a,tick a,then a,b,tick b,then b\n');
  });

  it('ends with its thread, and its descriptors with it', async () => {
    const descriptors = () => fs.readdirSync('/dev/fd').length;
    const start = async (): Promise<Worker> => {
      const worker = new Worker(
        `const { parentPort } = require('node:worker_threads');
         const { workers } = require(${JSON.stringify(addonFile)});
         const links = Array.from({ length: 20 }, () => {
           const [there, writing] = workers.createPipe(1);
           const [reading, back] = workers.createPipe(0);
           workers.closeDescriptor(there);
           workers.closeDescriptor(back);
           return new workers.Link(reading, writing, Buffer.alloc(1), () => {});
         });
         setInterval(() => links, 1000);
         parentPort.postMessage('ready');`,
        { eval: true },
      );
      await new Promise((resolve) => worker.once('message', resolve));
      return worker;
    };
    await (await start()).terminate();
    const before = descriptors();
    for (let i = 0; i < 3; i++) await (await start()).terminate();
    expect(descriptors()).toBeLessThan(before + 10);
  });
});
