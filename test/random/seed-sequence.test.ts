import { describe, expect, it } from 'vitest';
import { PCG64, SeedSequence } from '../../src/random/index.ts';
import { strings, vectors } from './helpers.ts';

const { cases } = vectors('numpy-random-vectors.json');

describe('SeedSequence, compared with NumPy', () => {
  it('mixes entropy and spawn keys', () => {
    for (const { entropy, spawn_key, pool_size, pool, states } of cases.seed_sequence) {
      const sequence = new SeedSequence(entropy, { spawnKey: spawn_key, poolSize: pool_size });
      expect([...sequence.pool]).toEqual(pool);
      for (const { n_words, dtype, state } of states) {
        expect(strings(sequence.generateState(n_words, dtype))).toEqual(state);
      }
    }
    for (const { entropy_list, state } of cases.seed_sequence_strings) {
      expect([...new SeedSequence(entropy_list).generateState(4)]).toEqual(state);
    }
  });

  it('spawns trees', () => {
    const same = (sequence: SeedSequence, node: Record<string, unknown>) => {
      expect(strings(sequence.spawnKey)).toEqual(node.spawn_key);
      expect(strings(sequence.generateState(4, 'uint64'))).toEqual(node.state);
      const children = (node.children ?? []) as Record<string, unknown>[];
      sequence.spawn(children.length).forEach((child, i) => {
        same(child, children[i] as Record<string, unknown>);
      });
      if (node.n_children_spawned !== undefined) {
        expect(sequence.nChildrenSpawned).toBe(node.n_children_spawned);
      }
    };
    for (const { entropy, root } of cases.spawn_tree) same(new SeedSequence(entropy), root);

    const { entropy, keys, state } = cases.spawn_incremental;
    const sequence = new SeedSequence(entropy);
    const children = [...sequence.spawn(2), ...sequence.spawn(3)];
    expect(children.map((child) => strings(child.spawnKey))).toEqual(keys);
    expect(children.map((child) => strings(child.generateState(2, 'uint64')))).toEqual(
      state.map((words: string[]) => words.slice(0, 2)),
    );

    const { n_children_spawned, key } = cases.spawn_resume;
    const resumed = new SeedSequence(cases.spawn_resume.entropy, {
      nChildrenSpawned: n_children_spawned,
    });
    expect(strings(resumed.spawn(1)[0]!.spawnKey)).toEqual(key);
  });
});

describe('SeedSequence', () => {
  it('takes fresh entropy that can be read and used again', () => {
    const fresh = new SeedSequence();
    expect(typeof fresh.entropy).toBe('bigint');
    expect(fresh.entropy).not.toBe(new SeedSequence().entropy);
    const again = new SeedSequence(fresh.entropy as bigint);
    expect(again.generateState(8)).toEqual(fresh.generateState(8));
  });

  it('goes through JSON and on where it was', () => {
    const sequence = new SeedSequence([1, 2n ** 70n], { spawnKey: [3], poolSize: 5 });
    sequence.spawn(4);
    const again = SeedSequence.fromJSON(JSON.parse(JSON.stringify(sequence)));
    expect(again.toJSON()).toEqual(sequence.toJSON());
    expect(again.generateState(4)).toEqual(sequence.generateState(4));
    expect(again.spawn(1)[0]!.spawnKey.map(Number)).toEqual([3, 4]);
  });

  it('refuses what is no entropy', () => {
    for (const bad of [-1, 1.5, Number.NaN, 2 ** 53, -3n, [1, -1]]) {
      expect(() => new SeedSequence(bad as number)).toThrow(RangeError);
    }
    for (const bad of ['twelve', {}, true, [undefined]]) {
      expect(() => new SeedSequence(bad as never)).toThrow(TypeError);
    }
    expect(() => new SeedSequence(1, { poolSize: 3 })).toThrow(RangeError);
    expect(() => new SeedSequence(1, { spawnKey: [-1] })).toThrow(RangeError);
    expect(() => new SeedSequence(1).spawn(-1)).toThrow(RangeError);
    expect(() => new SeedSequence(1).generateState(2, 'uint8' as never)).toThrow(TypeError);
    expect(() => new PCG64(-1)).toThrow(RangeError);
  });
});
