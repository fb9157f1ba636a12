// Makes .cache/bundle/TARGET/libgomp-heddle.so.1: GCC's OpenMP runtime, for systems that have none.
//
//   node scripts/native/libgomp.mjs [--target linux-x64]
//
// It is opened only where the process has no libgomp and the system has none either (slim images).
// Debian 12's own needs glibc 2.34, and a static one can't be linked into a shared library, so it
// is that of Debian 11, unchanged, which needs glibc 2.17.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { debianPackage } from './download.mjs';
import { checkFloors } from './floors.mjs';
import { hostTarget, root, targets } from './targets.mjs';

const VERSION = '10.2.1-6';
const SUITE = 'bullseye';
const NAME = 'libgomp-heddle.so.1';

/** Makes the library where it is not there yet; returns its file. */
export function makeLibgomp(target) {
  const folder = path.join(root, '.cache/bundle', target);
  const file = path.join(folder, NAME);
  if (existsSync(file)) return file;
  const { triple } = targets[target];
  const unpacked = debianPackage(target, SUITE, 'libgomp1', VERSION);
  mkdirSync(folder, { recursive: true });
  const made = `${file}.new`;
  copyFileSync(realpathSync(path.join(unpacked, 'usr/lib', triple, 'libgomp.so.1')), made);
  const { floor } = checkFloors(target, made);
  const gcc = debianPackage(target, SUITE, 'gcc-10-base', VERSION);
  copyFileSync(
    path.join(gcc, 'usr/share/doc/gcc-10-base/copyright'),
    path.join(folder, `${NAME}.LICENSE`),
  );
  renameSync(made, file);
  console.log(`${NAME} for ${target}: glibc ${floor}`);
  return file;
}

/** A folder in which the linker finds that library under its usual name. */
export function libgompLinkFolder(target) {
  const folder = path.join(root, '.cache/prebuild-link', target);
  mkdirSync(folder, { recursive: true });
  const link = path.join(folder, 'libgomp.so');
  rmSync(link, { force: true });
  symlinkSync(makeLibgomp(target), link);
  return folder;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { target: { type: 'string', default: hostTarget } } });
  makeLibgomp(values.target);
}
