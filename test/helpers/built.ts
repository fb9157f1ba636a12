/**
 * The built package: what users have, and whose workers start as fast as theirs. Under tsx, which
 * the sources need, a worker takes half a second of processor time to start.
 */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = path.join(root, 'dist/index.js');

export const builtUrl = pathToFileURL(dist).href;

function newest(folder: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => name.endsWith('.ts'));
  return Math.max(...files.map((name) => statSync(path.join(folder, name)).mtimeMs));
}

// Tests of what was built some changes ago would say nothing.
const built = statSync(dist, { throwIfNoEntry: false });
if (!built || built.mtimeMs < newest(path.join(root, 'src'))) {
  throw new Error('dist is older than src: run `npm run build:ts`');
}
