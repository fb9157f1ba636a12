/**
 * The entry of a worker process that loads modules through hooks, or from the sources; for the others
 * see scripts/bundle-workers.mjs.
 */
import { serveProcess } from './serve-process.ts';

serveProcess();
