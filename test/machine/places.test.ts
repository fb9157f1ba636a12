import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { cpuReport } from '../../src/machine/index.ts';
import { fc } from '../helpers/seeds.ts';
import { eightCpus, recordedHost } from './recorded.ts';

/** Eight processors, two to a core, in two sockets of two caches each. */
const files: Record<string, string> = { ...eightCpus };
for (let cpu = 0; cpu < 8; cpu++) {
  const folder = `/sys/devices/system/cpu/cpu${cpu}`;
  files[`${folder}/topology/package_cpus_list`] = cpu % 4 < 2 ? '0-1,4-5\n' : '2-3,6-7\n';
  files[`${folder}/cache/index3/shared_cpu_list`] = cpu % 4 < 2 ? '0-1,4-5\n' : '2-3,6-7\n';
  files[`${folder}/cache/index0/shared_cpu_list`] = `${cpu % 4},${(cpu % 4) + 4}\n`;
}
files['/sys/devices/system/node/online'] = '0-1\n';
files['/sys/devices/system/node/node0/cpulist'] = '0-3\n';
files['/sys/devices/system/node/node1/cpulist'] = '4-7\n';

const report = (env: Record<string, string>) => cpuReport(recordedHost({ files, env }));

describe('places of OpenMP', () => {
  it.each([
    ['{0}', 1],
    ['{0},{1}', 2],
    ['{0,1},{2,3}', 4],
    ['{0:4}', 4],
    ['{0:2}:2', 4],
    ['{0:2}:2:4', 4],
    ['{0}:3:2', 3],
    ['{1}:2:-1', 2],
    ['{0,1},{1,2}', 3],
    ['{0:4,!1}', 3],
    ['{0},{1},!{1}', 1],
    ['0', 1],
    ['0:3', 3],
    ['0,5', 2],
    [' { 0 } , {1} ', 2],
    ['{0},{99}', 1],
    ['threads', 8],
    ['threads(3)', 3],
    ['cores(1)', 2],
    ['Cores (3)', 6],
    ['sockets(1)', 4],
    ['ll_caches(1)', 4],
    ['numa_domains(1)', 4],
    ['numa_domains', 8],
  ])('%s are on %i processors', (places, expected) => {
    expect(report({ OMP_PLACES: places })).toMatchObject({ count: expected, places: expected });
  });

  it.each(['{0', '{99}', '{0},!{1}', '{a}', 'cores(0)', 'boats', '{0:0}', '{0}:1:x'])(
    '%s says nothing',
    (places) => {
      expect(report({ OMP_PLACES: places })).toMatchObject({ count: 8, places: undefined });
    },
  );

  it.each([
    [{ OMP_PLACES: '{0}', OMP_PROC_BIND: 'false' }, 8],
    [{ OMP_PLACES: '{0},{1}', OMP_PROC_BIND: 'close' }, 2],
    [{ OMP_PLACES: '{0},{1}', OMP_PROC_BIND: 'spread,close' }, 2],
    [{ OMP_PLACES: '{0},{1,2}', OMP_PROC_BIND: 'primary' }, 1],
    [{ OMP_PLACES: '{0,4},{1,5}', OMP_PROC_BIND: 'MASTER' }, 2],
    [{ OMP_PROC_BIND: 'true' }, 8],
    [{ OMP_PROC_BIND: 'master' }, 1],
    [{ GOMP_CPU_AFFINITY: '1 0' }, 2],
    [{ GOMP_CPU_AFFINITY: '0-7:2' }, 4],
    [{ GOMP_CPU_AFFINITY: '0,3-4' }, 3],
    [{ GOMP_CPU_AFFINITY: '1-' }, 8],
    [{ GOMP_CPU_AFFINITY: '1', OMP_PLACES: '{0,1}' }, 2],
    [{ GOMP_CPU_AFFINITY: '1', OMP_PROC_BIND: 'false' }, 8],
  ])('with %o leave %i', (env, expected) => {
    expect(report(env as Record<string, string>).count).toBe(expected);
  });

  it('count inside the affinity alone, and never leave none', () => {
    const status = 'Cpus_allowed_list:\t2-5\n';
    const host = (env: Record<string, string>) =>
      recordedHost({ files: { ...files, '/proc/self/status': status }, env });
    expect(cpuReport(host({ OMP_PLACES: '{0:4}' })).count).toBe(2);
    expect(cpuReport(host({ OMP_PLACES: '{0}' })).count).toBe(4);
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('', 'true', 'close', 'primary'), (text, bind) => {
        const { count } = cpuReport(host({ OMP_PLACES: text, OMP_PROC_BIND: bind }));
        expect(count).toBeGreaterThanOrEqual(1);
        expect(count).toBeLessThanOrEqual(4);
      }),
    );
  });

  it('stay of the team: what is started later may use all processors', () => {
    const program = `
      const { defaultRng } = await import('./src/random/index.ts');
      const { argKminSync } = await import('./src/neighbors/index.ts');
      const x = { data: new Float64Array(8000).fill(1), shape: [1000, 8] };
      defaultRng(1).fillBlocks(new Float64Array(1 << 20), { distribution: 'random' });
      argKminSync(x, x, 3);
      const { readFileSync } = await import('node:fs');
      const { execFileSync } = await import('node:child_process');
      const list = (text) => /Cpus_allowed_list:\\s*(.*)/.exec(text)[1];
      console.log(list(readFileSync('/proc/self/status', 'utf8')));
      console.log(list(execFileSync('cat', ['/proc/self/status'], { encoding: 'utf8' })));`;
    const run = (env: Record<string, string>) =>
      execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
        encoding: 'utf8',
        env: { ...process.env, ...env },
      });
    expect(run({ OMP_PROC_BIND: 'true' })).toBe(run({}));
  });
});
