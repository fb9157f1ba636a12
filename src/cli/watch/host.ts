/**
 * The machine as another process sees it.
 */
import { type Host, thisHost } from '../../machine/index.ts';

/** Its affinity and its control groups are those of the process; variables of its own don't count. */
export function hostOf(pid: number): Host {
  return {
    ...thisHost,
    env: {},
    read: (path) =>
      thisHost.read(path.replace(/^\/proc\/self\/(status|cgroup)$/, `/proc/${pid}/$1`)),
  };
}
