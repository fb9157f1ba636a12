/**
 * Values to messages and back.
 */
export { deserialize, serialize } from './bytes.ts';
export { type Callable, type FunctionSink, registerCallables } from './callables.ts';
export { hasPrivateState, isBuiltin, isPlainPrototype, ownConstructor } from './classes.ts';
export { CloneError, kindOf, PROXY_REMEDY, REMEDY_CLASS, step } from './clone-error.ts';
export {
  decode,
  discard,
  type Encoded,
  type EncodeOptions,
  encode,
  loading,
  pin,
  receive,
} from './codec.ts';
export { Decoder } from './decoder.ts';
export { Encoder } from './encoder.ts';
export { customOf, heddle, restore, state } from './hooks.ts';
export { type Movable, move } from './moving.ts';
export { isNative, isNativeText, platformClassOf, refusalOf, ruleFor } from './platform.ts';
export { textOf } from './properties.ts';
export {
  makeRemote,
  Remote,
  type RemoteKind,
  type RemoteState,
  registerRemote,
  remoteKind,
  remoteState,
  UnknownRemoteError,
} from './remotes.ts';
export { Sealed, type SealedMemory } from './sealed.ts';
export { objectsOf, type Sealing, seal, unsealed } from './sealing.ts';
export {
  adoptSerializers,
  type Registration,
  registerSerializer,
  type Serializer,
  serializers,
} from './serializers.ts';
export { share } from './share.ts';
export { encodeStored, type StoredValue, storedReady, storedValue } from './stored.ts';
export { viewName } from './views.ts';
export type { CodecTarget, Reference, Step } from './wire.ts';
