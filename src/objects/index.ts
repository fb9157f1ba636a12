/**
 * Values and actors that are elsewhere, by their names.
 */
export {
  type ActorControl,
  type ActorHandle,
  type ActorReturn,
  type ActorState,
  actorHandle,
  type MethodKind,
  type MethodNames,
  type RemoteArguments,
} from './actor-handle.ts';
export { ActorDiedError, ObjectLostError } from './errors.ts';
export {
  type ActorPlace,
  addKeeper,
  type GeneratorStep,
  type Keeper,
  keeperOf,
  type MethodCall,
  setParentKeeper,
} from './keeper.ts';
export { ObjectRef } from './object-ref.ts';
