/**
 * How many cores this process really has: what the operating system shows, less what it forbids.
 */
import { typeError } from '../errors.ts';
import { type CpuQuota, cpuQuotas } from './cgroup.ts';
import { type Host, parseCpuList, thisHost } from './host.ts';
import { boundProcessors } from './places.ts';
import { physicalCores } from './topology.ts';
import { integerVariable } from './variables.ts';

/** Options of {@link cpuCount}. */
export interface CpuCountOptions {
  /** Count physical cores: two hyper-threads of one core are one. Default false. */
  physical?: boolean;
}

/** How a number of cores came about: each bound, undefined where there is none. */
export interface CpuReport {
  /** What {@link cpuCount} returns: the smallest of the bounds below, at least 1. */
  readonly count: number;
  /** Processors that are switched on. */
  readonly online: number;
  /** Processors that the scheduler may use for this process (taskset, cpusets). */
  readonly affinity: number | undefined;
  /** Physical cores among those; undefined where the system doesn't tell. */
  readonly physical: number | undefined;
  /** Every control-group quota on this process, in cores. */
  readonly quotas: readonly CpuQuota[];
  /** Those of them that OpenMP is told to keep to (OMP_PLACES, OMP_PROC_BIND). */
  readonly places: number | undefined;
  /** HEDDLE_MAX_CPU_COUNT. */
  readonly variable: number | undefined;
}

let warned = false;

/** Counts the cores of a host and tells how the number came about. */
export function cpuReport(host: Host = thisHost, options: CpuCountOptions = {}): CpuReport {
  return countCores(host, options.physical ?? false, true);
}

/** Looks at the cores of each processor, a file for each, only where that is asked for. */
function countCores(host: Host, byCore: boolean, withPhysical: boolean): CpuReport {
  const linux = host.platform === 'linux';
  const onlineCpus = linux ? parseCpuList(host.read('/sys/devices/system/cpu/online')) : undefined;
  const online = onlineCpus?.length ?? host.availableParallelism();
  const status = linux ? host.read('/proc/self/status') : undefined;
  const mask = parseCpuList(/^Cpus_allowed_list:\s*(.*)$/m.exec(status ?? '')?.[1]);
  // The mask may name processors that are switched off or were never there.
  const present = onlineCpus && mask ? mask.filter((cpu) => onlineCpus.includes(cpu)) : mask;
  const affinity = present?.length === 0 ? undefined : present;

  const quotas = linux ? cpuQuotas(host) : [];
  const variable = integerVariable('HEDDLE_MAX_CPU_COUNT', { env: host.env });
  const allowed = affinity ?? onlineCpus;
  const places = allowed && boundProcessors(host, allowed);
  const physical = withPhysical ? physicalCores(host, allowed) : undefined;

  const bounds = [online, affinity?.length, places, variable];
  bounds.push(...quotas.map((quota) => quota.cores));
  if (byCore) {
    bounds.push(physical);
    if (physical === undefined && !warned) {
      warned = true;
      process.emitWarning(
        'heddle: this system does not tell which processors share a core; cpuCount({ physical: ' +
          'true }) counts processors instead. HEDDLE_MAX_CPU_COUNT sets an upper bound.',
      );
    }
  }
  const smallest = Math.min(...bounds.filter((bound) => bound !== undefined));
  return {
    count: Math.max(1, Math.ceil(smallest)),
    online,
    affinity: affinity?.length,
    physical,
    quotas,
    places,
    variable,
  };
}

/**
 * How many cores this process may really use: the smallest of the processors that are switched
 * on, its CPU affinity, the processors that OpenMP is told to keep to (`OMP_PLACES` and
 * `OMP_PROC_BIND`), every control-group quota above it (versions 1 and 2; rounded up) and the
 * variable `HEDDLE_MAX_CPU_COUNT` (loky's `LOKY_MAX_CPU_COUNT`); at least 1.
 *
 * Read anew at each call, because quotas and affinity can change while a process runs.
 *
 * @throws RangeError if HEDDLE_MAX_CPU_COUNT is set to something that is no positive whole number
 */
export function cpuCount(options: CpuCountOptions = {}): number {
  if (options === null || typeof options !== 'object') {
    throw typeError('options', options, 'an object');
  }
  const { physical } = options;
  if (physical !== undefined && typeof physical !== 'boolean') {
    throw typeError('options.physical', physical, 'true or false');
  }
  return countCores(thisHost, physical ?? false, physical ?? false).count;
}
