// Bundles the page of the dashboard: one script and one sheet of styles, with the libraries inside, because
// the page asks nobody but its program for anything.
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

/**
 * @param root - the folder of the repository
 */
export async function bundlePage(root) {
  const from = path.join(root, 'src/feed/page');
  const to = path.join(root, 'dist/feed/page');
  mkdirSync(to, { recursive: true });
  await build({
    absWorkingDir: from,
    entryPoints: { page: 'main.ts', styles: 'page.css' },
    outdir: to,
    entryNames: '[name]',
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['chrome123', 'firefox120', 'safari17.5'],
    legalComments: 'eof',
    logLevel: 'warning',
  });
  for (const file of ['index.html', 'icon.svg']) {
    copyFileSync(path.join(from, file), path.join(to, file));
  }
}
