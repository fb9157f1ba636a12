/**
 * CPU quotas of control groups, versions 1 and 2.
 *
 * A quota binds everything below its group, and a child's own file may allow more than its
 * parent's, so that every level up to the root of the mount counts (cgroup-v2.rst, "CPU Interface
 * Files"; sched-bwc.rst for version 1).
 */
import path from 'node:path';
import type { Host } from './host.ts';

/** One quota that binds this process. */
export interface CpuQuota {
  /** The file that holds it. */
  readonly file: string;
  readonly version: 1 | 2;
  /** Cores' worth of time per period; a fraction is possible. */
  readonly cores: number;
}

interface Mount {
  readonly version: 1 | 2;
  /** The group that is mounted, as a path in the whole hierarchy. */
  readonly root: string;
  readonly point: string;
}

/** `\040` and the like in mountinfo stand for characters that separate its fields. */
function unescapeField(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** The mounted hierarchies that may limit CPU time, from /proc/self/mountinfo (see proc(5)). */
function cgroupMounts(mountinfo: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ');
    const fields = before?.split(' ') ?? [];
    const [type, , options = ''] = after?.split(' ') ?? [];
    const [root, point] = [fields[3], fields[4]];
    if (root === undefined || point === undefined) continue;
    const mount = { root: unescapeField(root), point: unescapeField(point) };
    if (type === 'cgroup2') mounts.push({ version: 2, ...mount });
    else if (type === 'cgroup' && options.split(',').includes('cpu')) {
      mounts.push({ version: 1, ...mount });
    }
  }
  return mounts;
}

/** The groups of this process, from /proc/self/cgroup: of version 2, and of the v1 controller. */
function ownGroups(text: string): { 1?: string; 2?: string } {
  const groups: { 1?: string; 2?: string } = {};
  for (const line of text.split('\n')) {
    const match = /^(\d+):([^:]*):(.*)$/.exec(line);
    const [, id, controllers = '', group = ''] = match ?? [];
    if (id === undefined) continue;
    if (id === '0' && controllers === '') groups[2] = group;
    else if (controllers.split(',').includes('cpu')) groups[1] = group;
  }
  return groups;
}

/**
 * The folders of a group and of all above it that the mount shows, innermost first.
 *
 * In a container without a cgroup namespace the mount's root is the container's own group; with
 * one, a group outside of it begins with `/..`. Where the group isn't under the mount, what is
 * mounted is the nearest that can be seen.
 */
function levels(mount: Mount, group: string): string[] {
  let below = '/';
  if (mount.root === '/') below = group;
  else if (group === mount.root || group.startsWith(`${mount.root}/`)) {
    below = group.slice(mount.root.length);
  }
  const parts = path.posix.normalize(`/${below}`).split('/').filter(Boolean);
  const folders: string[] = [];
  for (let depth = parts.length; depth >= 0; depth--) {
    folders.push(path.posix.join(mount.point, ...parts.slice(0, depth)));
  }
  return folders;
}

function quotaOf(host: Host, version: 1 | 2, folder: string): CpuQuota | undefined {
  if (version === 2) {
    const file = `${folder}/cpu.max`;
    const [quota = '', period = '100000'] = host.read(file)?.trim().split(/\s+/) ?? [];
    const cores = Number(quota || Number.NaN) / Number(period);
    return Number.isFinite(cores) && cores > 0 ? { file, version, cores } : undefined;
  }
  const file = `${folder}/cpu.cfs_quota_us`;
  const quota = Number(host.read(file) ?? Number.NaN);
  const period = Number(host.read(`${folder}/cpu.cfs_period_us`) ?? Number.NaN);
  const cores = quota / period;
  return quota > 0 && Number.isFinite(cores) ? { file, version, cores } : undefined;
}

/** Every quota that binds this process; none where there are no control groups. */
export function cpuQuotas(host: Host): CpuQuota[] {
  const mountinfo = host.read('/proc/self/mountinfo');
  const groups = ownGroups(host.read('/proc/self/cgroup') ?? '');
  if (mountinfo === undefined) return [];
  const quotas = new Map<string, CpuQuota>();
  for (const mount of cgroupMounts(mountinfo)) {
    const group = groups[mount.version];
    if (group === undefined) continue;
    for (const folder of levels(mount, group)) {
      const quota = quotaOf(host, mount.version, folder);
      if (quota) quotas.set(quota.file, quota);
    }
  }
  return [...quotas.values()];
}

/** How often and how long this process's groups were held back by their quotas. */
export interface Throttling {
  /** Periods in which a group ran out of its quota. */
  readonly throttledPeriods: number;
  /** All periods counted. */
  readonly periods: number;
  /** Time that tasks spent held back, in milliseconds. */
  readonly throttledMs: number;
}

/** Reads the throttling counters of a process's groups (the level that was held back most). */
export function cpuThrottling(host: Host, pid: number | 'self' = 'self'): Throttling | undefined {
  const mountinfo = host.read('/proc/self/mountinfo');
  const groups = ownGroups(host.read(`/proc/${pid}/cgroup`) ?? '');
  if (mountinfo === undefined) return undefined;
  let worst: Throttling | undefined;
  for (const mount of cgroupMounts(mountinfo)) {
    const group = groups[mount.version];
    if (group === undefined) continue;
    for (const folder of levels(mount, group)) {
      const text = host.read(`${folder}/cpu.stat`);
      if (text === undefined) continue;
      const stat = new Map(
        text.split('\n').map((line): [string, number] => {
          const [name = '', value = ''] = line.split(' ');
          return [name, Number(value)];
        }),
      );
      const periods = stat.get('nr_periods');
      if (periods === undefined) continue;
      const micros = stat.get('throttled_usec') ?? (stat.get('throttled_time') ?? 0) / 1000;
      const found = {
        periods,
        throttledPeriods: stat.get('nr_throttled') ?? 0,
        throttledMs: micros / 1000,
      };
      if (!worst || found.throttledMs > worst.throttledMs) worst = found;
    }
  }
  return worst;
}
