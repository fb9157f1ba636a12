/**
 * A page that shows what the jobs of a program do.
 *
 * @packageDocumentation
 */

import '../inlined.ts';

export type { ExecutorStats } from '../executor/index.ts';
export type { PoolStats, WorkerStats } from '../scheduler/index.ts';
export { type Dashboard, type DashboardOptions, dashboard } from './dashboard.ts';
export { type Snapshot, snapshot } from './snapshot.ts';
