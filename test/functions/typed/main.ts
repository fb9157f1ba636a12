import path from 'node:path';
import { calls } from './calls.ts';

const backend = process.argv[2] as 'processes' | 'threads';
console.log(JSON.stringify(await calls(backend, path.extname(import.meta.url))));
