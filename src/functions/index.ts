/**
 * How functions reach a worker: by reference to a module, or by value with what they capture.
 */
export { measured } from './coverage.ts';
export { linkTask } from './decode.ts';
export { bind, decodeFunction, encodeFunction, releaseFunction, task } from './functions.ts';
export type { FunctionPayload } from './payload.ts';
export {
  findTsNode,
  findTsx,
  LOADER_FLAGS,
  startedWith,
  type TsNode,
  tsxInterfaces,
} from './typescript.ts';
