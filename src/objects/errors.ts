/**
 * Errors about values and actors that are elsewhere.
 */

/** The value of an object is not there any more, and can't be made again. */
export class ObjectLostError extends Error {
  override readonly name = 'ObjectLostError';
  readonly code = 'ERR_HEDDLE_OBJECT_LOST';
  /** Id of the object. */
  readonly id: string;

  constructor(id: string, why: string, cause?: unknown) {
    super(`Object ${id} is lost: ${why}`, cause === undefined ? {} : { cause });
    this.id = id;
  }
}

/** An actor ended before a call was answered, or has ended before it was made. */
export class ActorDiedError extends Error {
  override readonly name = 'ActorDiedError';
  readonly code = 'ERR_HEDDLE_ACTOR_DIED';
  /** Id of the actor. */
  readonly id: string;
  /** The name of its class; empty where that is not known any more. */
  readonly type: string;
  /** The method that was called; null where it was none. */
  readonly method: string | null;
  /** Whether another instance has taken its place, or will: later calls go there. */
  readonly restarting: boolean;
  /** Process id of the one that died; -1 where it had none. */
  readonly pid: number;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;

  constructor(
    actor: { readonly id: string; readonly type: string },
    how: {
      readonly why: string;
      readonly method: string | null;
      readonly restarting: boolean;
      readonly pid: number;
      readonly exitCode: number | null;
      readonly signal: NodeJS.Signals | null;
    },
    cause?: unknown,
  ) {
    const what = how.method === null ? '' : `; ${how.method}() has no result`;
    const next = how.restarting ? '; another instance takes its place' : '';
    super(
      `Actor ${actor.type && `${actor.type} `}(${actor.id}) ${how.why}${what}${next}`,
      cause === undefined ? {} : { cause },
    );
    this.id = actor.id;
    this.type = actor.type;
    this.method = how.method;
    this.restarting = how.restarting;
    this.pid = how.pid;
    this.exitCode = how.exitCode;
    this.signal = how.signal;
  }
}
