/**
 * Locks, semaphores, events, barriers, queues and shared numbers between processes and threads.
 *
 * Each object lives in shared memory and is the same object wherever it arrives: in models, in
 * arguments, captured by functions. What waits has an async form and one that blocks its thread,
 * for workers; a blocked main thread runs no timers and answers nobody.
 *
 * @packageDocumentation
 */

import '../inlined.ts';

export { Barrier, BrokenBarrierError } from './barrier.ts';
export { Condition } from './condition.ts';
export { Event } from './event.ts';
export { JoinableQueue } from './joinable-queue.ts';
export { Lock, type LockHold } from './lock.ts';
export { Queue, QueueClosedError, type QueueOptions } from './queue.ts';
export { RLock } from './rlock.ts';
export { BoundedSemaphore, Semaphore } from './semaphore.ts';
export { type Shareable, ShareableList } from './shareable-list.ts';
export { Array, Value } from './value.ts';
export { type AsyncWaitOptions, DeadlockError, NotHeldError, type WaitOptions } from './words.ts';
