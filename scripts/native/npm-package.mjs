// Gets a package from npm as a folder of files, checked by its hash, without installing anything.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { BuildProblem, root, run } from './targets.mjs';

/**
 * Gets `spec` (`name@version`), once, and returns the folder with its files. `integrity` is the hash
 * that npm's own lock files have for it: another file is refused.
 */
export function npmPackage(spec, integrity) {
  const folder = path.join(root, '.cache/downloads/npm', spec.replaceAll('/', '+'));
  return unpackOnce(spec, folder, (archive) => {
    const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (found !== integrity) {
      throw new BuildProblem(`${spec} is not the file that was expected (${found})`);
    }
  });
}

/** Gets `spec` into `folder`, unless it is there, and returns the folder with its files. */
export function unpackOnce(spec, folder, check = (_archive) => {}) {
  const inside = path.join(folder, 'package');
  if (existsSync(inside)) return inside;
  // Under another name until it is whole.
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const [{ filename }] = JSON.parse(
    run('npm', ['pack', spec, '--json', '--pack-destination', partial], {
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  // npm writes the scope's slash as a dash, or leaves it, depending on its version.
  const archive = path.join(partial, filename.replace(/^@/, '').replace('/', '-'));
  check(archive);
  run('tar', ['-xzf', archive, '-C', partial]);
  rmSync(archive);
  rmSync(folder, { recursive: true, force: true });
  renameSync(partial, folder);
  return inside;
}
