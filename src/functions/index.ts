/**
 * How functions reach a worker: by reference to a module, or by value with what they capture.
 */
export { parseScript } from './acorn.ts';
export { isMeasured } from './coverage.ts';
export { linkPayload } from './decode.ts';
export { hasSegments } from './encode.ts';
export { bind, decodeFunction, encodeFunction, releaseFunction, task } from './functions.ts';
export type { FunctionPayload } from './payload.ts';
export {
  type FunctionReading,
  functionText,
  type Parameters,
  readFunction,
  readParameters,
} from './reading.ts';
export { environment, workFrom } from './registry.ts';
export {
  findTsNode,
  findTsx,
  LOADER_FLAGS,
  startedWith,
  type TsNode,
  tsxInterfaces,
} from './typescript.ts';
