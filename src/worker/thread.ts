/**
 * The entry of a worker thread that loads modules through hooks, or from the sources; for the others
 * see scripts/bundle-workers.mjs.
 */
import { serveThread } from './serve-thread.ts';

serveThread();
