// Gets the test runners and bundlers that tests run programs with, from npm:
//
//   node scripts/runners.mjs
//
// They stay in .cache/runners, as test/runners/packages name them: they are some
// five hundred packages, which nobody else needs.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const source = path.join(root, 'test/runners/packages');
const folder = path.join(root, '.cache/runners');
const files = ['package.json', 'package-lock.json'];

/** Where the runners are, as named now; null where they have not been got. */
export function knownRunners() {
  const same = (file) => {
    const there = path.join(folder, file);
    return (
      existsSync(there) &&
      readFileSync(there, 'utf8') === readFileSync(path.join(source, file), 'utf8')
    );
  };
  return existsSync(path.join(folder, 'node_modules/heddle')) && files.every(same) ? folder : null;
}

/** Gets them, and lets them find this package as `heddle`. */
function getRunners() {
  if (knownRunners()) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of files) copyFileSync(path.join(source, file), path.join(folder, file));
  // Their binaries come in packages of their own; install scripts would move them about.
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund'];
  execFileSync('npm', ['ci', ...flags], { cwd: folder, stdio: 'inherit' });
  symlinkSync(root, path.join(folder, 'node_modules/heddle'), 'dir');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  getRunners();
  console.log(folder);
}
