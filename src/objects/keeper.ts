/**
 * Who keeps the values and the actors of which a program has only names: in the program that has started
 * the engines that is their client, in engines it is whoever has sent them their work.
 */

/** A call of an actor's method. */
export interface MethodCall {
  readonly actor: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** What is asked of a generator that runs in an actor. */
export interface GeneratorStep {
  /** By which the actor knows the generator. */
  readonly generator: string;
  /** 'begin': the call makes it, and takes its first step. For the others the call has no arguments. */
  readonly kind: 'begin' | 'next' | 'return' | 'throw';
  readonly value?: unknown;
}

/** Where an actor runs. */
export interface ActorPlace {
  /** Number of its process among those that the cluster has started. */
  readonly id: number;
  /** Of the process that it is now: after a restart it is another. */
  readonly uid: string;
  /** Name of its machine. */
  readonly node: string;
  readonly pid: number;
  /** Threads inside it, of BLAS and OpenMP. */
  readonly threads: number;
}

/** Keeps values and actors. */
export interface Keeper {
  /** The value of an object, when it is there. */
  get(id: string): Promise<unknown>;
  /** Nobody wants an object any more. */
  free(id: string): void;
  /** A reference has been made here of its name. */
  retained(id: string): void;
  /** A reference has been collected. */
  released(id: string): void;
  call(call: MethodCall): Promise<unknown>;
  /** @returns id of the object that the result becomes */
  callForObject(call: MethodCall): string;
  /** Takes a step of a generator. */
  step(call: MethodCall, step: GeneratorStep): Promise<unknown>;
  /** Where an actor is now; null where that is not known here. */
  placeOf(actor: string): ActorPlace | null;
  kill(actor: string): Promise<void>;
}

const keepers = new Map<string, Keeper>();
let parent: Keeper | null = null;

/** What ids of one keeper's begin with, up to their first '/'. */
function sessionOf(id: string): string {
  return id.slice(0, id.indexOf('/'));
}

/**
 * Makes a keeper known for the ids of its session.
 *
 * @returns ends that
 */
export function addKeeper(session: string, keeper: Keeper): Disposable {
  keepers.set(session, keeper);
  return { [Symbol.dispose]: () => void keepers.delete(session) };
}

/** Says who keeps everything else: in an engine, who has sent its work. */
export function setParentKeeper(keeper: Keeper): void {
  parent = keeper;
}

/** The keeper of an object or an actor; null where there is none (any more). */
export function keeperOf(id: string): Keeper | null {
  return keepers.get(sessionOf(id)) ?? parent;
}
