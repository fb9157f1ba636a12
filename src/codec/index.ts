/**
 * Values to messages and back.
 */
export { deserialize, serialize } from './bytes.ts';
export { type Callable, type FunctionSink, registerCallables } from './callables.ts';
export { CloneError, PROXY_REMEDY } from './clone-error.ts';
export {
  decode,
  discard,
  type Encoded,
  type EncodeOptions,
  encode,
  loading,
  pin,
} from './codec.ts';
export { Decoder } from './decoder.ts';
export { Encoder } from './encoder.ts';
export { heddle, restore, state } from './hooks.ts';
export {
  adoptSerializers,
  type Registration,
  registerSerializer,
  type Serializer,
  serializers,
} from './serializers.ts';
export { share } from './share.ts';
export type { CodecTarget, Reference, Step } from './wire.ts';
