/**
 * Names of values that are kept elsewhere.
 */
import {
  Remote,
  type RemoteState,
  registerRemote,
  remoteKind,
  remoteState,
} from '../codec/index.ts';
import { ObjectLostError } from './errors.ts';
import { type Keeper, keeperOf } from './keeper.ts';

/** References that were collected: their objects may go, when no other is left. */
const collected = new FinalizationRegistry<string>((id) => keeperOf(id)?.released(id));

function keeper(id: string): Keeper {
  const found = keeperOf(id);
  if (!found) throw new ObjectLostError(id, 'the cluster that kept it was stopped');
  return found;
}

/**
 * The name of a value that a cluster keeps: what a program has put there, or the result of a remote
 * function, which may not be there yet. It may be sent anywhere, and is not awaited by `await`.
 *
 * The value is kept as long as there is a reference to it: here, in an engine, or inside of another value that
 * is kept.
 */
export class ObjectRef<T> extends Remote {
  /** The same wherever the reference is. */
  readonly id: string;
  /** Only for types: nothing is there. */
  declare readonly type?: T;

  /** @internal */
  constructor(id: string) {
    super();
    this.id = id;
    collected.register(this, id);
    keeperOf(id)?.retained(id);
  }

  /**
   * The value, when it is there; each call makes it anew. Large arrays are mapped, not copied, and what is
   * written to them is seen by nobody else.
   *
   * @throws what the call that was to make it has thrown; {@link ObjectLostError} where it is there no more
   */
  async get(): Promise<T> {
    return (await keeper(this.id).get(this.id)) as T;
  }

  /** Lets go of the value, whoever else has a reference to it: who asks for it gets an error. */
  free(): void {
    keeperOf(this.id)?.free(this.id);
  }

  /** @internal */
  get [remoteKind](): 'object' {
    return 'object';
  }

  /** @internal */
  [remoteState](): RemoteState {
    return { id: this.id };
  }
}

registerRemote('object', ({ id }) => new ObjectRef(id));
