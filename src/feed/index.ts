/**
 * What a page is told of a program, and the server of that page.
 */
export { makeToken } from './access.ts';
export { answerFrom, findFeed, listFeeds, openFeed } from './attach.ts';
export type {
  Cursor,
  FeedMessage,
  GraphMessage,
  MemoryMessage,
  RowState,
  Sample,
  Source,
} from './messages.ts';
export { metricsText } from './metrics.ts';
export { Ring } from './ring.ts';
export { type Answer, answerOf, closeServer, listen, pageServer } from './serve.ts';
export { acquireFeed, releaseFeed } from './sharing.ts';
export { type DashboardMode, dashboardMode } from './variable.ts';
