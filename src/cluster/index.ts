/**
 * Engines by name: programs push data to them, run code there, and share out work.
 *
 * @packageDocumentation
 */

import '../inlined.ts';

export {
  type ActorControl,
  ActorDiedError,
  type ActorHandle,
  type ActorPlace,
  type ActorReturn,
  ObjectLostError,
  ObjectRef,
  type RemoteArguments,
} from '../objects/index.ts';
export type { ActorClass, ActorOptions } from './actors/actors.ts';
export { type ActorMaker, Client, type WaitForEnginesOptions } from './client.ts';
export { Cluster, type ClusterOptions } from './cluster.ts';
export {
  DictProxy,
  ListProxy,
  type ManagedEntries,
  type ManagedKey,
  NamespaceProxy,
  ValueProxy,
} from './managers/containers.ts';
export { ManagedObjectError, ManagerClosedError, ManagerLostError } from './managers/errors.ts';
export {
  EventProxy,
  LockProxy,
  ManagedHold,
  QueueProxy,
  SemaphoreProxy,
} from './managers/exchange.ts';
export type { Managed, ManagedControl } from './managers/instances.ts';
export {
  type ManagedType,
  Manager,
  type ManagerOptions,
  type RegisterOptions,
} from './managers/manager.ts';
export { type Change, ManagedProxy } from './managers/proxy.ts';
export type { RemoteFunction, RemoteOptions } from './objects/remote.ts';
export type { ObjectWaitOptions, WaitedObjects } from './objects/wait.ts';
export { ClusterError, EngineLostError } from './transport/errors.ts';
export type { EngineInfo, EngineStatus, QueueStatus } from './transport/types.ts';
export {
  AsyncResult,
  type InteractiveOptions,
  type TaskMetadata,
} from './views/async-result.ts';
export {
  type BalancedMapOptions,
  type BalancedOptions,
  LoadBalancedView,
} from './views/balanced.ts';
export { DirectView, type ScatterOptions } from './views/direct.ts';
export { CompositeError, EngineTaskError } from './views/errors.ts';
export { type EngineArguments, EngineRef, ref } from './views/references.ts';
export type { EngineRange, Targets } from './views/targets.ts';
