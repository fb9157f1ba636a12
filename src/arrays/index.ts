/**
 * Arrays with a shape, and the native calls that take them.
 */
export {
  beginFrame,
  callAsync,
  callSync,
  checkOptionNames,
  checkQueuedOptionNames,
  FRAME_HEADER,
  type NativeModule,
  type ProgressOptions,
} from './call.ts';
export {
  fresh,
  type Matrix,
  type MatrixLike,
  newMatrix,
  nothing,
  type Operand,
  operand,
  requireElements,
  requireMatrix,
  requireOut,
  requireSquare,
  sameElements,
  target,
  transposed,
} from './matrix.ts';
export {
  type DType,
  type DTypes,
  type Elements,
  isElements,
  isNdArray,
  type NdArray,
  type NdArrayLike,
  type TypedArray,
} from './ndarray.ts';
export type { FrameOperand, NativeCall } from './operands.ts';
export { requireApart, sharesMemory } from './overlap.ts';
export {
  isLength,
  lengthOf,
  MAX_AXES,
  MAX_ELEMENTS,
  plain,
  sameShape,
  shaped,
  stridesOf,
} from './shape.ts';
export {
  ANY_AXES,
  type AxisCount,
  dense,
  isDense,
  isDistinct,
  requireStrided,
  rowMajor,
  strided,
} from './strided.ts';
