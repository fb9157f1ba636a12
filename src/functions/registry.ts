/**
 * What this environment knows of functions and classes by identity.
 */
import type { Callable } from '../codec/index.ts';
import type { FunctionNode, FunctionPayload } from './payload.ts';

/** Payloads of functions made by task(). */
export const references = new WeakMap<object, FunctionPayload>();

/** Payloads made in this environment. Here, so that workers need not load what makes payloads. */
const mine = new WeakSet<FunctionPayload>();

export function rememberMine(payload: FunctionPayload): void {
  mine.add(payload);
}

/** Whether a payload was made in this environment. */
export function isMine(payload: FunctionPayload): boolean {
  return mine.has(payload);
}

/** Captures that the user named. */
export const bindings = new WeakMap<object, Readonly<Record<string, unknown>>>();

/** Tells the classes of this environment from those of any other. */
export const environment = `${process.pid}.${process.hrtime.bigint()}.${Math.random().toString(36).slice(2)}`;
const ids = new WeakMap<object, string>();
const classes = new Map<string, WeakRef<object>>();
let count = 0;

/** The identity of a class, the same wherever it goes and comes back from. */
export function classId(fn: object): string {
  let id = ids.get(fn);
  if (id === undefined) {
    id = `${environment}:${++count}`;
    rememberClass(id, fn);
  }
  return id;
}

/** A class that has an id here: the one that was sent, or the one that was made from what came. */
export function classOf(id: string): object | undefined {
  return classes.get(id)?.deref();
}

const collected = new FinalizationRegistry<string>((id) => classes.delete(id));

/** Called for every class that is sent or made. */
export function rememberClass(id: string, fn: object): void {
  ids.set(fn, id);
  classes.set(id, new WeakRef(fn));
  collected.register(fn, id);
}

/** Whether a class is this environment's own: what comes back of it changes nothing. */
export function isOwn(id: string): boolean {
  return id.startsWith(`${environment}:`);
}

/** Of classes that were made from what came: what they were given last, and how to give it anew. */
export interface Made {
  version: string;
  readonly bind: ((values: readonly unknown[]) => void) | null;
}

export const madeClasses = new WeakMap<object, Made>();

let caller: string | null = null;

/** Says who gives this environment its work. */
export function workFrom(from: string): void {
  caller = from;
}

/**
 * A node for a function that need not be looked at.
 *
 * @param toCaller - it goes to who gave this environment its work: its own classes are known there.
 *   All others go with their code, and are who they are by their id
 */
export function knownNode(fn: Callable, toCaller: boolean): FunctionNode | null {
  const reference = references.get(fn);
  if (reference) return reference.nodes[0]!;
  const id = toCaller ? ids.get(fn) : undefined;
  return id !== undefined && caller !== null && id.startsWith(`${caller}:`)
    ? { kind: 'known', id }
    : null;
}
