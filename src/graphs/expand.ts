/**
 * A graph of what delayed calls need, as arrays of numbers.
 */
import { type Call, isCall, nameOf } from './call.ts';
import { CallFinder } from './containers.ts';
import { CycleError } from './errors.ts';

/** How the arguments of a call have calls in them. */
export const PLAIN = 0;
/** Calls are arguments themselves, and nowhere else. */
export const DIRECT = 1;
/** Calls are inside of what arguments consist of. */
export const DEEP = 2;

/** Nodes are numbered so that each comes after what it needs. */
export interface Graph {
  readonly calls: readonly Call[];
  readonly indexOf: ReadonlyMap<Call, number>;
  /** What node i needs: `needs[needsAt[i]]` up to `needs[needsAt[i + 1]]`, each once. */
  readonly needsAt: Int32Array;
  readonly needs: Int32Array;
  /** How many nodes need each. */
  readonly users: Int32Array;
  /** {@link PLAIN}, {@link DIRECT} or {@link DEEP}. */
  readonly kinds: Uint8Array;
  /** 1 for calls whose results were asked for. */
  readonly wanted: Uint8Array;
}

/** A call whose needs are looked at one after the other. */
interface Visit {
  readonly call: Call;
  /** The calls that it needs, each once, in the order in which they are written. */
  needs: Call[];
  /** The same, where they are many. */
  several: Set<Call> | null;
  kind: number;
  next: number;
}

const OPEN = -1;

/** An array of numbers that grows. */
class Numbers {
  values = new Int32Array(64);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = new Int32Array(2 * this.length);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length++] = value;
  }

  done(): Int32Array {
    return this.values.slice(0, this.length);
  }
}

/**
 * Reads the graph of the calls that are in a value.
 *
 * @throws {@link CycleError} where calls need each other in a circle
 */
export function expand(value: unknown): Graph {
  const finder = new CallFinder();
  const roots: Call[] = [];
  finder.find(value, (call) => roots.push(call));
  const calls: Call[] = [];
  const indexOf = new Map<Call, number>();
  const needsAt = new Numbers();
  const needs = new Numbers();
  const kinds: number[] = [];
  const path: Visit[] = [];
  needsAt.push(0);

  const enter = (call: Call): void => {
    indexOf.set(call, OPEN);
    path.push(visitOf(call, finder));
  };
  const leave = ({ call, needs: list, kind }: Visit): void => {
    for (const need of list) needs.push(indexOf.get(need)!);
    needsAt.push(needs.length);
    indexOf.set(call, calls.push(call) - 1);
    kinds.push(kind);
  };

  for (const root of roots) {
    if (!indexOf.has(root)) enter(root);
    for (let visit = path.at(-1); visit; visit = path.at(-1)) {
      const need = visit.needs[visit.next++];
      if (need === undefined) {
        path.pop();
        leave(visit);
        continue;
      }
      const known = indexOf.get(need);
      if (known === undefined) enter(need);
      else if (known === OPEN) throw new CycleError(circle(path, need));
    }
  }
  const wanted = new Uint8Array(calls.length);
  for (const root of roots) wanted[indexOf.get(root)!] = 1;
  const users = new Int32Array(calls.length);
  const all = needs.done();
  for (const need of all) users[need]!++;
  return {
    calls,
    indexOf,
    needsAt: needsAt.done(),
    needs: all,
    users,
    kinds: Uint8Array.from(kinds),
    wanted,
  };
}

const NOTHING: Call[] = [];

/** More needs than these are looked up by a Set. */
const FEW = 8;

function note(visit: Visit, need: Call): void {
  const { needs } = visit;
  if (needs.length === 0) visit.needs = [need];
  else if (needs.length < FEW) {
    if (!needs.includes(need)) needs.push(need);
  } else {
    visit.several ??= new Set(needs);
    if (visit.several.size !== visit.several.add(need).size) needs.push(need);
  }
}

/** Reads what a call needs. */
function visitOf(call: Call, finder: CallFinder): Visit {
  const visit: Visit = { call, needs: NOTHING, several: null, kind: PLAIN, next: 0 };
  if (call.known) return visit;
  const { args } = call;
  for (let i = 0; i < args.length; i++) {
    const argument = args[i];
    if (typeof argument !== 'object' || argument === null) continue;
    if (isCall(argument)) note(visit, argument);
    else if (finder.find(argument, (need) => note(visit, need))) visit.kind = DEEP;
  }
  if (visit.needs.length > 0 && visit.kind === PLAIN) visit.kind = DIRECT;
  return visit;
}

/** The labels of the calls from one on, which the last one needs again. */
function circle(path: readonly Visit[], again: Call): string[] {
  const from = path.findIndex(({ call }) => call === again);
  return path.slice(from).map(({ call }) => nameOf(call));
}
