import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadNpy, mapFile, saveNpy } from '../../src/memory/index.ts';
import { Peer } from './peer/start.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'heddle-files-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('mapFile', () => {
  it('maps raw numbers from an offset, in every mode', () => {
    const file = path.join(folder, 'raw.bin');
    const created = mapFile(file, 'float32', [2, 4], { mode: 'create', offset: 8 });
    expect(created.shape).toEqual([2, 4]);
    created.data.fill(1.25);
    expect(statSync(file).size).toBe(8 + 32);
    const own = mapFile(file, 'float32', 8, { offset: 8 });
    own.fill(3);
    const rest = mapFile(file, 'float32', undefined, { offset: 8 });
    expect(rest.data).toEqual(new Float32Array(8).fill(1.25));
    const writable = mapFile(file, 'float32', 2, { offset: 8, mode: 'readwrite' });
    writable[1] = 5;
    expect(created.data[1]).toBe(5);
    expect(new Float32Array(new Uint8Array(readFileSync(file)).buffer.slice(8, 16))).toEqual(
      new Float32Array([1.25, 5]),
    );
  });

  it('says what does not fit', () => {
    const file = path.join(folder, 'short.bin');
    writeFileSync(file, Buffer.alloc(20));
    expect(() => mapFile(file, 'float64', 3)).toThrow(/has 20 bytes, but 24 are needed/);
    expect(() => mapFile(file, 'float64')).toThrow(/divides 20 bytes/);
    expect(() => mapFile(file)).toThrow(/dtype/);
    expect(() => mapFile(file, 'float64', 1, { offset: -1 })).toThrow(RangeError);
    expect(() => mapFile(file, 'float64', 1, { offset: 4 })).toThrow(/multiple of 8/);
    expect(() => mapFile(path.join(folder, 'none'), 'int8', 1)).toThrow(/ENOENT|No such file/);
    expect(() => mapFile(file, 'int8', 1, { mode: 'r' as 'create' })).toThrow(TypeError);
    const code = 'ERR_HEDDLE_INVALID_ARGUMENT';
    for (const refused of [
      () => mapFile(file, 'float64', 3),
      () => mapFile(file, 'float64'),
      () => mapFile(file, 'float64', 2 ** 60),
      () => mapFile(file, 'float64', 2 ** 50),
      () => mapFile(file, 'int8', 2 ** 53 - 1, { offset: 8 }),
      () => mapFile(file, 'int8', [2 ** 40, 2 ** 40]),
      () => mapFile(file, 'constructor' as 'int8', 1),
    ]) {
      expect(refused).toThrow(expect.objectContaining({ code }));
    }
  });

  it.each(['process', 'thread'] as const)('sends a %s what was written here', async (kind) => {
    const file = path.join(folder, `written-${kind}.bin`);
    writeFileSync(file, new Float64Array(400_000).fill(1));
    const peer = new Peer(kind);
    try {
      const own = mapFile(file, 'float64', 200_000, { offset: 800_000 });
      expect(own[150_000]).toBe(1);
      expect(await peer.call('sum', own)).toBe(200_000);
      own[150_000] = 5;
      expect(await peer.call('sum', own)).toBe(200_004);
      expect(await peer.call('sum', own.subarray(150_000))).toBe(50_004);
      // A worker's writes go back with the array, and not what the file has.
      const filled = await peer.call('fillAndReturn', mapFile(file, 'float64', 10));
      expect(filled).toEqual(new Float64Array(10).fill(3));
      expect(mapFile(file, 'float64', 10)[9]).toBe(1);
    } finally {
      await peer.end();
    }
  });

  it.each(['process', 'thread'] as const)('shares a file with a %s', async (kind) => {
    const file = path.join(folder, `big-${kind}.npy`);
    await saveNpy(file, new Float64Array(300_000).fill(2));
    const peer = new Peer(kind);
    try {
      const { data } = mapFile(file, 'float64');
      expect(await peer.call('sum', data)).toBe(600_000);
      expect(await peer.call('fill', data)).toBe(3);
      expect(data[0]).toBe(2);
      const writable = mapFile(file, 'float64', [300_000], { mode: 'readwrite' });
      expect(await peer.call('fill', writable.data)).toBe(3);
      expect((await loadNpy(file)).data[299_999]).toBe(3);
    } finally {
      await peer.end();
    }
  });
});
