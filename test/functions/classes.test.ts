/**
 * Classes arrive with what no text and no scope shows: bases, computed keys, members that were put
 * on them later, what their static fields hold.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { otherNode } from '../helpers/nodes.ts';
import { compile, emptyProject, install, project, run } from './programs.ts';

interface Output {
  readonly results: Record<'sequential' | 'threads' | 'processes', Record<string, unknown>>;
  readonly refusals: Record<string, unknown>;
}

const EXPECTED = {
  'patched members': [[10, 11, 'constant', 'symbol', 'undefined', 2]],
  'what a class captures': [[[1, 1]], [[2, 2]], [[1, 1]]],
  'a class of a task, sent on': [[10, 20, 30, 10, 20, 30, 10, 20, 30], [true, true, true], 30],
  mathjs: [
    [
      [2, 2],
      [
        [2, 4],
        [6, 8],
      ],
    ],
  ],
};

describe('instances arrive with all their members', () => {
  it.each(['20', '22', '24'])(
    'on Node %s',
    async (version) => {
      const at = project(`classes-${version}`, './apps', 'module');
      for (const name of ['dayjs', 'immutable', 'lodash', 'mathjs', 'ndarray']) {
        install(name, undefined, at);
      }
      const { stdout } = await run(otherNode(version), [path.join(at, 'classes.mjs')]);
      const { results, refusals } = JSON.parse(stdout) as Output;
      expect(results.sequential).toMatchObject(EXPECTED);
      expect(results.threads).toEqual(results.sequential);
      expect(results.processes).toEqual(results.sequential);
      expect(Object.keys(refusals)).toHaveLength(6);
      for (const refusal of Object.values(refusals))
        expect(refusal).toEqual(['ERR_HEDDLE_CLONE', true]);
    },
    120_000,
  );

  it('with the decorators that tsc writes for older targets', async () => {
    const at = emptyProject('decorators', 'module');
    writeFileSync(
      path.join(at, 'main.ts'),
      `import { map } from 'heddle';
       function twice(_: object, __: string, property: PropertyDescriptor): void {
         const { value } = property;
         property.value = function (this: object, ...args: unknown[]) { return 2 * value.apply(this, args); };
       }
       function sealed(type: Function): void { (type as any).sealed = true; }
       @sealed
       class Model {
         k = 1;
         @twice
         predict(x: number): number { return x * 5 * this.k; }
       }
       for (const backend of ['threads', 'processes'] as const) {
         const [result] = await map([new Model()], (m) => [m.predict(1), (Model as any).sealed], { jobs: 2, backend });
         console.log(JSON.stringify(result));
       }
      `,
    );
    await compile(at, '--experimentalDecorators');
    const { stdout } = await run(process.execPath, [path.join(at, 'out/main.js')]);
    expect(stdout).toBe('[10,true]\n[10,true]\n');
  }, 60_000);
});
