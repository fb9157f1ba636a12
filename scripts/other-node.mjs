// Other versions of Node, from npm, for what is tried with several.
//
//   node scripts/other-node.mjs VERSION…     gets them, and says where they are
//
// They stay in .cache/downloads/node.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { unpackOnce } from './native/npm-package.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

function folderOf(version, arch) {
  return path.join(root, '.cache/downloads/node', `${version}-${arch}`);
}

/** Where a version of Node is: this process's own, or one that was got before; or null. */
export function knownNode(version) {
  if (process.versions.node.startsWith(`${version}.`)) return process.execPath;
  const node = path.join(folderOf(version, process.arch), 'package/bin/node');
  return existsSync(node) ? node : null;
}

/** Gets a version of Node ('22', say), once, and returns its file. */
export function otherNode(version, arch = process.arch) {
  const inside = unpackOnce(`node-linux-${arch}@${version}`, folderOf(version, arch));
  return path.join(inside, 'bin/node');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const version of process.argv.slice(2)) {
    const node = knownNode(version) ?? otherNode(version);
    const full = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
    console.log(`Node ${version}: ${full}, ${node}`);
  }
}
