// Makes .cache/bundle/TARGET/libopenblas-heddle.so: the OpenBLAS that Heddle brings along.
//
//   node scripts/native/openblas.mjs [--target linux-x64] [--if-possible]
//
// It is Debian's build of OpenBLAS for threads, relinked from the static archive against glibc 2.17,
// so that it runs on every Linux that Node runs on and needs nothing but glibc. Debian's own shared
// library needs glibc 2.34, libgfortran and libquadmath.
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { debianPackage, sysroot, sysrootOptions } from './download.mjs';
import { checkFloors } from './floors.mjs';
import { BuildProblem, canBuild, hostTarget, root, run, targets, toolsOf } from './targets.mjs';

/**
 * Versions 0.3.28 to 0.3.30 give silently wrong results for concurrent threaded products, and the
 * last known race was fixed in 0.3.34: this one, or 0.3.34 and later.
 */
const VERSION = '0.3.21+ds-4';
const SUITE = 'bookworm';
const NAME = 'libopenblas-heddle.so';

/** Processes started beside running products; Debian's own library hangs at once. */
const FORKS = 300;

const here = path.dirname(fileURLToPath(import.meta.url));

/** What the library exports: the real routines of BLAS, CBLAS and LAPACK, and OpenBLAS's own. */
function exported(symbols) {
  return symbols.filter(
    (name) =>
      /^(cblas_(i?[sd]|xerbla)|openblas_|heddle_)/.test(name) ||
      /^([sdi][a-z0-9_]*|xerbla|lsame)_$/.test(name),
  );
}

function link(target, archive, out) {
  const tools = toolsOf(target);
  const symbols = new Set();
  for (const row of run(tools.nm, ['-g', '--defined-only', archive], {
    stdio: ['ignore', 'pipe', 'ignore'],
  }).split('\n')) {
    const [, kind, name] = row.split(' ');
    if (kind === 'T') symbols.add(name);
  }
  const names = exported([...symbols, 'heddle_openblas_fork_safe'].sort());
  if (names.length < 1000) throw new BuildProblem(`${archive} has only ${names.length} routines`);
  const folder = path.dirname(out);
  const [versions, undefinedNames] = ['versions.map', 'undefined.rsp'].map((name) =>
    path.join(folder, name),
  );
  writeFileSync(versions, `{ global:\n${names.map((name) => `${name};\n`).join('')}local: *; };\n`);
  writeFileSync(undefinedNames, names.map((name) => `-Wl,-u,${name}\n`).join(''));
  run(tools.cc, [
    '-shared',
    '-fPIC',
    '-O2',
    '-Wall',
    '-Wextra',
    '-Werror',
    ...sysrootOptions(target),
    path.join(here, 'openblas-shim.c'),
    `@${undefinedNames}`,
    archive,
    `-Wl,--version-script=${versions}`,
    // A name of its own: with the usual one it would be taken for another addon's OpenBLAS.
    `-Wl,-soname,${NAME}`,
    '-Wl,-Bsymbolic',
    '-Wl,-z,defs',
    '-Wl,--gc-sections',
    '-Wl,-z,noexecstack',
    ...(target.endsWith('x64') ? ['-Wl,--wrap=getenv', '-Wl,--wrap=gotoblas_dynamic_init'] : []),
    '-s',
    '-lm',
    '-lpthread',
    '-o',
    out,
  ]);
  rmSync(versions);
  rmSync(undefinedNames);
}

/** The sysroot's own loader: so glibc 2.17 itself tells whether the library runs on it. */
function oldLoader(target) {
  const folders = ['lib', 'lib64']
    .map((name) => path.join(sysroot(target), name))
    .filter(existsSync);
  const loader = folders
    .flatMap((folder) => readdirSync(folder).map((file) => path.join(folder, file)))
    .find((file) => /\/ld-linux[^/]*\.so\.\d$/.test(file));
  return loader ? [loader, '--library-path', folders.join(':')] : [];
}

/** Compiles the check against the same sysroot and runs it, emulated where need be. */
function checkResults(target, library) {
  const tools = toolsOf(target);
  const program = path.join(path.dirname(library), 'openblas-check');
  const source = path.join(here, 'openblas-check.c');
  const options = ['-O1', '-Wall', '-Wextra', '-Werror', '-std=gnu11', ...sysrootOptions(target)];
  run(tools.cc, [...options, source, '-o', program, '-lm', '-ldl', '-lpthread']);
  const args = [program, library, ...(tools.emulator ? [] : [String(FORKS)])];
  const [command, ...rest] = tools.emulator
    ? [tools.emulator, '-L', `/usr/${targets[target].triple}`, ...args]
    : [...oldLoader(target), ...args];
  return run(command, rest, { env: { ...process.env, LC_ALL: 'C' } }).trim();
}

/** A text that changes whenever the library would: nothing is made twice. */
function recipe(target) {
  const hash = createHash('sha256').update(
    `${VERSION} ${target} ${targets[target].sysroot.integrity}`,
  );
  for (const name of ['openblas.mjs', 'openblas-shim.c', 'openblas-check.c', 'floors.mjs']) {
    hash.update(readFileSync(path.join(here, name)));
  }
  return hash.digest('hex');
}

/** Makes the library where it is not there yet; returns its file. */
export function makeOpenblas(target) {
  const folder = path.join(root, '.cache/bundle', target);
  const file = path.join(folder, NAME);
  const stamp = path.join(folder, `.${NAME}.recipe`);
  if (existsSync(file) && existsSync(stamp) && readFileSync(stamp, 'utf8') === recipe(target)) {
    return file;
  }
  const { triple, openblasMegabytes } = targets[target];
  const unpacked = debianPackage(target, SUITE, 'libopenblas-pthread-dev', VERSION);
  const archives = path.join(unpacked, 'usr/lib', triple, 'openblas-pthread');
  const archive = readdirSync(archives).find((name) => /^libopenblasp-r.*\.a$/.test(name));
  if (!archive) throw new BuildProblem(`no static archive in ${archives}`);
  const work = path.join(root, '.cache/openblas', target);
  mkdirSync(work, { recursive: true });
  const made = path.join(work, NAME);
  link(target, path.join(archives, archive), made);
  const { floor } = checkFloors(target, made);
  const megabytes = statSync(made).size / 1e6;
  if (megabytes > openblasMegabytes) {
    throw new BuildProblem(
      `${made} has ${megabytes.toFixed(1)} MB, more than ${openblasMegabytes}`,
    );
  }
  const told = checkResults(target, made);
  mkdirSync(folder, { recursive: true });
  copyFileSync(
    path.join(unpacked, 'usr/share/doc/libopenblas-pthread-dev/copyright'),
    path.join(folder, `${NAME}.LICENSE`),
  );
  renameSync(made, file);
  writeFileSync(stamp, recipe(target));
  console.log(`${NAME} for ${target}: ${megabytes.toFixed(1)} MB, glibc ${floor}\n${told}`);
  return file;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      target: { type: 'string', default: hostTarget },
      'if-possible': { type: 'boolean' },
    },
  });
  try {
    if (!Object.hasOwn(targets, values.target)) {
      throw new BuildProblem(`OpenBLAS is bundled for ${Object.keys(targets).join(' and ')} only`);
    }
    if (!canBuild(values.target)) throw new BuildProblem('no C compiler for it');
    makeOpenblas(values.target);
  } catch (error) {
    if (!(error instanceof BuildProblem)) throw error;
    console.error(`heddle: no OpenBLAS was bundled for ${values.target}: ${error.message}`);
    if (!values['if-possible']) process.exit(1);
    console.error(
      "heddle: the system's BLAS will be used (Debian: apt-get install libopenblas0-pthread)",
    );
  }
}
