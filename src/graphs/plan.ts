/**
 * What is run of a graph, and in which order: chains of calls become one task each, and each task gets
 * a rank.
 *
 * A chain is calls of which each needs the one before, and nothing else, and nobody else does. Its
 * results in between never leave the worker.
 *
 * Ranks follow the graph from what was asked for into its depth, the longest way first: so the
 * critical path is never kept waiting by a shorter one, and what has been computed is used up before
 * more is (a breadth-first order has the results of all leaves in memory at once). Dask orders its
 * graphs by the same two wishes.
 */
import { DIRECT, type Graph } from './expand.ts';

/** Tasks are numbered so that each comes after what it needs. */
export interface Plan {
  readonly count: number;
  /** What task i needs: `needs[needsAt[i]]` up to `needs[needsAt[i + 1]]`, each once. */
  readonly needsAt: Int32Array;
  readonly needs: Int32Array;
  /** The tasks that need task i, in the same way. */
  readonly usersAt: Int32Array;
  readonly users: Int32Array;
  /** 1 for tasks whose results were asked for. */
  readonly wanted: Uint8Array;
  /** The smaller, the earlier; each number once. */
  readonly rank: Int32Array;
}

/** The tasks of a graph, and the calls that each consists of. */
export interface Tasks extends Plan {
  /** The last call of each task. */
  readonly last: Int32Array;
  /** The task whose last call a call is; −1 for the others. */
  readonly taskOf: Int32Array;
  /** The call before a call in its chain; −1 for the first. */
  readonly before: Int32Array;
}

/** So many calls go into one task, so that no chain keeps its worker for ever. */
const MAX_CHAIN = 256;

/**
 * The call that each is joined to; −1 where it begins a task.
 *
 * @param fuse - whether chains are made
 */
function chains({ calls, needsAt, needs, users, kinds, wanted }: Graph, fuse: boolean): Int32Array {
  const before = new Int32Array(calls.length).fill(-1);
  if (!fuse) return before;
  const length = new Uint16Array(calls.length).fill(1);
  for (let node = 0; node < calls.length; node++) {
    if (kinds[node] !== DIRECT || needsAt[node + 1]! - needsAt[node]! !== 1) continue;
    const need = needs[needsAt[node]!]!;
    if (users[need] !== 1 || wanted[need] || calls[need]!.known) continue;
    if (length[need]! >= MAX_CHAIN) continue;
    before[node] = need;
    length[node] = length[need]! + 1;
  }
  return before;
}

/** Makes tasks of a graph. */
export function makeTasks(graph: Graph, fuse: boolean): Tasks {
  const nodes = graph.calls.length;
  const before = chains(graph, fuse);
  const joined = new Uint8Array(nodes);
  for (let node = 0; node < nodes; node++) if (before[node]! >= 0) joined[before[node]!] = 1;
  const taskOf = new Int32Array(nodes).fill(-1);
  const last: number[] = [];
  for (let node = 0; node < nodes; node++) if (!joined[node]) taskOf[node] = last.push(node) - 1;
  const count = last.length;
  const needsAt = new Int32Array(count + 1);
  const needs: number[] = [];
  for (let task = 0; task < count; task++) {
    let first = last[task]!;
    while (before[first]! >= 0) first = before[first]!;
    for (let at = graph.needsAt[first]!; at < graph.needsAt[first + 1]!; at++) {
      needs.push(taskOf[graph.needs[at]!]!);
    }
    needsAt[task + 1] = needs.length;
  }
  const wanted = Uint8Array.from(last, (node) => graph.wanted[node]!);
  const plan = makePlan(needsAt, Int32Array.from(needs), wanted);
  return { ...plan, last: Int32Array.from(last), taskOf, before };
}

/** Completes what tasks need with who needs them, and with ranks. */
export function makePlan(needsAt: Int32Array, needs: Int32Array, wanted: Uint8Array): Plan {
  const count = wanted.length;
  const usersAt = new Int32Array(count + 1);
  for (const need of needs) usersAt[need + 1]!++;
  for (let task = 0; task < count; task++) usersAt[task + 1]! += usersAt[task]!;
  const users = new Int32Array(needs.length);
  const filled = usersAt.slice();
  for (let task = 0; task < count; task++) {
    for (let at = needsAt[task]!; at < needsAt[task + 1]!; at++) {
      users[filled[needs[at]!]!++] = task;
    }
  }
  const rank = ranks(count, needsAt, needs, usersAt);
  return { count, needsAt, needs, usersAt, users, wanted, rank };
}

function ranks(
  count: number,
  needsAt: Int32Array,
  needs: Int32Array,
  usersAt: Int32Array,
): Int32Array {
  const depth = new Int32Array(count);
  const ends: number[] = [];
  for (let task = 0; task < count; task++) {
    let most = 0;
    for (let at = needsAt[task]!; at < needsAt[task + 1]!; at++) {
      most = Math.max(most, depth[needs[at]!]!);
    }
    depth[task] = most + 1;
    if (usersAt[task] === usersAt[task + 1]) ends.push(task);
  }
  const deepestFirst = (a: number, b: number): number => depth[b]! - depth[a]! || a - b;
  const byDepth = Int32Array.from(needs);
  for (let task = 0; task < count; task++) {
    const some = byDepth.subarray(needsAt[task]!, needsAt[task + 1]!);
    if (some.length > 1) some.sort(deepestFirst);
  }
  const rank = new Int32Array(count).fill(-1);
  const next = needsAt.slice(0, count);
  const path: number[] = [];
  let given = 0;
  for (const end of ends.sort(deepestFirst)) {
    path.push(end);
    while (path.length > 0) {
      const task = path.at(-1)!;
      const at = next[task]!++;
      if (at >= needsAt[task + 1]!) {
        path.pop();
        rank[task] = given++;
      } else if (rank[byDepth[at]!]! < 0) path.push(byDepth[at]!);
    }
  }
  return rank;
}
