/**
 * Machines recorded as the files that count: what a container's /proc and /sys hold.
 */
import type { Host } from '../../src/machine/host.ts';

export interface Recording {
  files: Record<string, string>;
  env?: Record<string, string>;
  platform?: NodeJS.Platform;
  available?: number;
}

/** A host made of a recording; what it doesn't hold can't be read. */
export function recordedHost({ files, env = {}, platform = 'linux', available = 8 }: Recording) {
  const host: Host = {
    platform,
    env,
    read: (path) => files[path],
    availableParallelism: () => available,
  };
  return host;
}

/** Eight processors on four cores, all allowed. */
export const eightCpus: Record<string, string> = {
  '/sys/devices/system/cpu/online': '0-7\n',
  '/proc/self/status': 'Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\n',
  ...Object.fromEntries(
    [0, 1, 2, 3, 4, 5, 6, 7].map((cpu) => [
      `/sys/devices/system/cpu/cpu${cpu}/topology/core_cpus_list`,
      `${cpu % 4},${(cpu % 4) + 4}\n`,
    ]),
  ),
};

const MOUNT_V2 =
  '24 1 0:22 / /proc rw,nosuid shared:5 - proc proc rw\n' +
  '30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n';

/** systemd with version 2 only, as on Debian 12. */
export const v2 = (cpuMax: Record<string, string>, group = '/user.slice/app.scope') => ({
  ...eightCpus,
  '/proc/self/mountinfo': MOUNT_V2,
  '/proc/self/cgroup': `0::${group}\n`,
  ...Object.fromEntries(
    Object.entries(cpuMax).map(([folder, text]) => [`/sys/fs/cgroup${folder}/cpu.max`, text]),
  ),
});

/** Docker on version 1: the container's own group is the root of the mount. */
export const v1Docker = (quota: string, period = '100000') => ({
  ...eightCpus,
  '/proc/self/mountinfo':
    '712 711 0:33 /docker/4f1d /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n' +
    '713 711 0:34 /docker/4f1d /sys/fs/cgroup/cpu,cpuacct ro master:14 - cgroup cgroup rw,cpu,cpuacct\n',
  '/proc/self/cgroup': '4:memory:/docker/4f1d\n3:cpu,cpuacct:/docker/4f1d\n0::/docker/4f1d\n',
  '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': quota,
  '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': period,
});

/** A host on version 1: groups below one another, the quota on the outer one. */
export const v1Nested = {
  ...eightCpus,
  '/proc/self/mountinfo':
    '40 30 0:34 / /sys/fs/cgroup/cpu,cpuacct rw shared:14 - cgroup cgroup rw,cpu,cpuacct\n',
  '/proc/self/cgroup': '3:cpu,cpuacct:/batch/job7\n',
  '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
  '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
  '/sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_quota_us': '300000\n',
  '/sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_period_us': '100000\n',
  '/sys/fs/cgroup/cpu,cpuacct/batch/job7/cpu.cfs_quota_us': '-1\n',
  '/sys/fs/cgroup/cpu,cpuacct/batch/job7/cpu.cfs_period_us': '100000\n',
};

/** systemd's hybrid: the cpu controller on version 1, version 2 mounted for systemd's own use. */
export const hybrid = {
  ...eightCpus,
  '/proc/self/mountinfo':
    '41 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n' +
    '42 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n',
  '/proc/self/cgroup': '3:cpu:/jobs/a\n0::/jobs/a\n',
  '/sys/fs/cgroup/cpu/jobs/a/cpu.cfs_quota_us': '250000\n',
  '/sys/fs/cgroup/cpu/jobs/a/cpu.cfs_period_us': '50000\n',
};
