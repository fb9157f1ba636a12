/**
 * Things that stay where they are, and of which only a name travels: values that are kept elsewhere,
 * actors. Each kind says how it is made again of its name.
 */

/** The kind of a remote thing. */
export type RemoteKind = 'object' | 'actor';

/** What is known of a remote thing by who has its name; plain data. */
export interface RemoteState {
  readonly id: string;
}

export const remoteKind: unique symbol = Symbol('heddle.remoteKind');
export const remoteState: unique symbol = Symbol('heddle.remoteState');

/** What all remote things have in common. */
export abstract class Remote {
  /** @internal */
  abstract readonly [remoteKind]: RemoteKind;
  /** @internal */
  abstract [remoteState](): RemoteState;
}

const makers = new Map<RemoteKind, (state: RemoteState) => Remote>();

/** Says how a remote thing is made of its name; called by each kind when it loads. */
export function registerRemote(kind: RemoteKind, make: (state: RemoteState) => Remote): void {
  makers.set(kind, make);
}

/** A remote thing has come before what makes it was loaded. */
export class UnknownRemoteError extends TypeError {
  readonly code = 'ERR_HEDDLE_UNKNOWN_REMOTE';
}

/** A remote thing by its name. */
export function makeRemote(kind: RemoteKind, state: RemoteState): Remote {
  const make = makers.get(kind);
  if (make) return make(state);
  throw new UnknownRemoteError(`the name of an ${kind} has come to where none are known`);
}

/** By what a message refers to a remote thing; null for what is none. */
export function remoteReference(
  value: object,
): { readonly kind: 'remote'; readonly type: RemoteKind; readonly state: RemoteState } | null {
  if (!(value instanceof Remote)) return null;
  return { kind: 'remote', type: value[remoteKind], state: value[remoteState]() };
}
