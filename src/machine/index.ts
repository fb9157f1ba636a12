/**
 * How many cores there really are.
 */
export { cpuThrottling } from './cgroup.ts';
export { type Host, thisHost } from './host.ts';
export { type CpuCountOptions, type CpuReport, cpuCount, cpuReport } from './machine.ts';
export {
  type ProcessStat,
  processTree,
  readStat,
  residentBytes,
  TICKS_PER_SECOND,
} from './processes.ts';
export { type Environment, integerVariable } from './variables.ts';
