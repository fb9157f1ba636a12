import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { describe, expect, it, vi } from 'vitest';
import { cpuThrottling } from '../../src/machine/cgroup.ts';
import { parseCpuList } from '../../src/machine/host.ts';
import { cpuCount, cpuReport } from '../../src/machine/index.ts';
import { eightCpus, hybrid, recordedHost, v1Docker, v1Nested, v2 } from './recorded.ts';

const count = (files: Record<string, string>, env: Record<string, string> = {}) =>
  cpuReport(recordedHost({ files, env })).count;

describe('cpuCount on recorded machines', () => {
  it('is the number of processors where nothing limits it', () => {
    expect(count(eightCpus)).toBe(8);
    expect(count(v2({ '': 'max 100000\n' }))).toBe(8);
  });

  it.each([
    ['a whole quota', { '/user.slice/app.scope': '300000 100000\n' }, 3],
    ['a fraction, rounded up', { '/user.slice/app.scope': '150000 100000\n' }, 2],
    ['less than a core', { '/user.slice/app.scope': '5000 100000\n' }, 1],
    ['max', { '/user.slice/app.scope': 'max 100000\n' }, 8],
    ['an empty file', { '/user.slice/app.scope': '' }, 8],
    ['a quota without its period', { '/user.slice/app.scope': '200000\n' }, 2],
    [
      'a quota above, smaller than the inner one',
      { '/user.slice/app.scope': '600000 100000', '/user.slice': '200000 100000' },
      2,
    ],
    [
      'a quota below, smaller than the outer one',
      { '/user.slice/app.scope': '100000 100000', '/user.slice': '400000 100000' },
      1,
    ],
    ['a quota on the root that a namespace shows', { '': '350000 100000' }, 4],
    ['more than there is', { '/user.slice': '6400000 100000' }, 8],
  ])('version 2: %s', (_, cpuMax, expected) => {
    expect(count(v2(cpuMax))).toBe(expected);
  });

  it('version 2: a container whose group is not under its mount', () => {
    expect(count(v2({ '': '200000 100000' }, '/../../elsewhere'))).toBe(2);
  });

  it('version 1: a container, no quota, a fraction, another period', () => {
    expect(count(v1Docker('200000\n'))).toBe(2);
    expect(count(v1Docker('-1\n'))).toBe(8);
    expect(count(v1Docker('110000\n'))).toBe(2);
    expect(count(v1Docker('25000\n', '5000\n'))).toBe(5);
  });

  it('version 1: a quota on the group above', () => {
    expect(count(v1Nested)).toBe(3);
  });

  it('hybrid: the controller on version 1 beside an empty version 2', () => {
    expect(count(hybrid)).toBe(5);
  });

  it('takes the affinity, less what is switched off', () => {
    const status = 'Cpus_allowed_list:\t0,2-3,40\n';
    expect(count({ ...eightCpus, '/proc/self/status': status })).toBe(3);
    const offline = { '/proc/self/status': status, '/sys/devices/system/cpu/online': '0-2\n' };
    expect(count({ ...eightCpus, ...offline })).toBe(2);
  });

  it('counts the physical cores inside the affinity', () => {
    const physical = (status: string) =>
      cpuReport(
        recordedHost({
          files: { ...eightCpus, '/proc/self/status': `Cpus_allowed_list: ${status}\n` },
        }),
        { physical: true },
      ).count;
    expect(physical('0-7')).toBe(4);
    expect(physical('0,4')).toBe(1);
    expect(physical('0,1,5')).toBe(2);
  });

  it('counts physical cores from core ids and from cpuinfo on older kernels', () => {
    const base = {
      '/sys/devices/system/cpu/online': '0-3\n',
      '/proc/self/status': 'Cpus_allowed_list:\t0-3\n',
    };
    const ids = Object.fromEntries(
      [0, 1, 2, 3].flatMap((cpu) => [
        [`/sys/devices/system/cpu/cpu${cpu}/topology/core_id`, `${cpu % 2}\n`],
        [`/sys/devices/system/cpu/cpu${cpu}/topology/physical_package_id`, '0\n'],
      ]),
    );
    const host = recordedHost({ files: { ...base, ...ids } });
    expect(cpuReport(host, { physical: true }).count).toBe(2);
    const cpuinfo = [0, 1, 2, 3]
      .map((cpu) => `processor\t: ${cpu}\nphysical id\t: 0\ncore id\t\t: ${cpu >> 1}\n`)
      .join('\n');
    const old = recordedHost({ files: { ...base, '/proc/cpuinfo': cpuinfo } });
    expect(cpuReport(old, { physical: true }).count).toBe(2);
  });

  it('falls back to processors and warns once where nothing tells the cores', () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const host = recordedHost({ files: {}, available: 6 });
    expect(cpuReport(host, { physical: true }).count).toBe(6);
    expect(cpuReport(host, { physical: true }).count).toBe(6);
    expect(warning).toHaveBeenCalledTimes(1);
    warning.mockRestore();
  });

  it('takes what Node reports elsewhere', () => {
    expect(
      cpuReport(recordedHost({ files: eightCpus, platform: 'darwin', available: 10 })).count,
    ).toBe(10);
  });

  it('is bounded by HEDDLE_MAX_CPU_COUNT, which must make sense', () => {
    expect(count(eightCpus, { HEDDLE_MAX_CPU_COUNT: '3' })).toBe(3);
    expect(count(eightCpus, { HEDDLE_MAX_CPU_COUNT: '30' })).toBe(8);
    expect(count(eightCpus, { HEDDLE_MAX_CPU_COUNT: '' })).toBe(8);
    for (const bad of ['0', '-1', '2.5', 'many', 'NaN', '1e3', '0x2']) {
      expect(() => count(eightCpus, { HEDDLE_MAX_CPU_COUNT: bad })).toThrow(
        new RegExp(`'HEDDLE_MAX_CPU_COUNT'.*'${bad}'`),
      );
    }
  });
});

describe('cpuCount on this machine', () => {
  it('lies between 1 and what the system shows', () => {
    expect(cpuCount()).toBeGreaterThanOrEqual(1);
    expect(cpuCount()).toBeLessThanOrEqual(os.cpus().length);
    expect(cpuCount({ physical: true })).toBeLessThanOrEqual(cpuCount());
  });

  it('follows taskset', () => {
    const script =
      "import('./src/machine/index.ts').then((m) => console.log(m.cpuCount(), m.cpuCount({ physical: true })))";
    const out = execFileSync(
      'taskset',
      ['-c', '0', process.execPath, '--import', 'tsx', '-e', script],
      { encoding: 'utf8' },
    );
    expect(out.trim()).toBe('1 1');
  });

  it('refuses options that make no sense', () => {
    expect(() => cpuCount(null as never)).toThrow(TypeError);
    expect(() => cpuCount({ physical: 1 as never })).toThrow(TypeError);
  });
});

describe('what is read', () => {
  it('parses CPU lists', () => {
    expect(parseCpuList('0-2,5\n')).toEqual([0, 1, 2, 5]);
    expect(parseCpuList('')).toBeUndefined();
    expect(parseCpuList('a-b')).toBeUndefined();
    expect(parseCpuList(undefined)).toBeUndefined();
  });

  it('finds the throttling of the group that was held back most', () => {
    const files = {
      ...v2({}),
      '/sys/fs/cgroup/user.slice/cpu.stat':
        'usage_usec 9\nnr_periods 50\nnr_throttled 20\nthrottled_usec 300000\n',
      '/sys/fs/cgroup/user.slice/app.scope/cpu.stat':
        'usage_usec 9\nnr_periods 40\nnr_throttled 0\nthrottled_usec 0\n',
    };
    expect(cpuThrottling(recordedHost({ files }))).toEqual({
      periods: 50,
      throttledPeriods: 20,
      throttledMs: 300,
    });
    const old = {
      ...v1Docker('100000'),
      '/sys/fs/cgroup/cpu,cpuacct/cpu.stat':
        'nr_periods 7\nnr_throttled 3\nthrottled_time 5000000\n',
    };
    expect(cpuThrottling(recordedHost({ files: old }))?.throttledMs).toBe(5);
    expect(cpuThrottling(recordedHost({ files: eightCpus }))).toBeUndefined();
  });
});
