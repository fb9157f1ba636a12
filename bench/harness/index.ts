/** What a benchmark imports: the contenders and the types. See CONTRIBUTING.md. */
export {
  inProcess,
  MissingPeer,
  measured,
  type Prepared,
  type PythonOptions,
  peer,
  python,
  wholeProcess,
} from './contenders.ts';
export { cpuBetween, readCpu } from './cpu.ts';
export { PYTHON } from './python.ts';
export { median, quantile } from './statistics.ts';
export type {
  Contender,
  Group,
  Limit,
  Measured,
  Plot,
  Running,
  RunOptions,
  Suite,
  Target,
} from './types.ts';
