/**
 * Which engines a view has.
 */
import { rangeError, typeError } from '../../errors.ts';
import { ClusterError } from '../transport/errors.ts';
import type { EngineId, EngineInfo } from '../transport/types.ts';

/** A range of engines by their numbers, as Python's slices; `to` is not part of it. */
export interface EngineRange {
  readonly from?: number;
  readonly to?: number;
  readonly step?: number;
}

/** All engines, one by its number, several, or a range. A negative number counts from the last one. */
export type Targets = 'all' | number | readonly number[] | EngineRange;

function idAt(ids: readonly EngineId[], given: unknown, name: string): EngineId {
  const right = `the number of an engine: ${ids.join(', ') || 'there are none'}`;
  if (typeof given !== 'number') throw typeError(name, given, right);
  const id = given < 0 ? ids.at(given) : given;
  if (id === undefined || !ids.includes(id)) throw rangeError(name, given, right);
  return id;
}

function range(ids: readonly EngineId[], { from, to, step = 1 }: EngineRange): EngineId[] {
  for (const [key, value] of Object.entries({ from, to, step })) {
    if (value !== undefined && !Number.isInteger(value)) {
      throw rangeError(`targets.${key}`, value, 'a whole number');
    }
  }
  if (step < 1) throw rangeError('targets.step', step, 'at least 1');
  return ids.slice(from, to).filter((_, i) => i % step === 0);
}

/**
 * The numbers of engines that are meant.
 *
 * @param ids - of the engines that there are
 * @throws RangeError for a number that no engine has, TypeError for what is no target
 */
export function engineIds(ids: readonly EngineId[], targets: Targets): EngineId[] {
  if (targets === 'all') return [...ids];
  if (typeof targets === 'number') return [idAt(ids, targets, 'targets')];
  if (Array.isArray(targets)) {
    return (targets as readonly number[]).map((id, i) => idAt(ids, id, `targets[${i}]`));
  }
  if (typeof targets === 'object' && targets !== null) return range(ids, targets as EngineRange);
  throw typeError('targets', targets, "'all', a number, numbers, or { from, to, step }");
}

/** Stands for an engine that is not there: what is sent to it is lost. */
function absent(id: EngineId): EngineInfo {
  const nothing = { uid: '', node: '', pid: -1, threads: 0, heddle: '', build: '' };
  return { id, ...nothing, state: 'draining' };
}

/**
 * The engines of some numbers, as they are now; one that is not there loses what it is sent.
 *
 * @throws ClusterError where there are none
 */
export function enginesOf(engines: readonly EngineInfo[], ids: readonly EngineId[]): EngineInfo[] {
  if (ids.length === 0)
    throw new ClusterError('There is no engine: the view has none, or all are gone');
  return ids.map((id) => engines.find((one) => one.id === id) ?? absent(id));
}
