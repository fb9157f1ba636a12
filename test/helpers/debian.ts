/** What of Debian's the tests compare with, by the package that brings it, and what is not there. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { hasNodes } from './nodes.ts';

/** Debian's name of the architecture, in which its libraries lie. */
export const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
const folder = `/usr/lib/${triplet}`;

/** Real libraries: package, file. */
export const libraries = {
  'openblas-pthread': ['libopenblas0-pthread', `${folder}/openblas-pthread/libopenblas.so.0`],
  'openblas-openmp': ['libopenblas0-openmp', `${folder}/openblas-openmp/libopenblas.so.0`],
  'openblas-serial': ['libopenblas0-serial', `${folder}/openblas-serial/libopenblas.so.0`],
  'openblas-blas': ['libopenblas0-pthread', `${folder}/openblas-pthread/libblas.so.3`],
  'blis-pthread': ['libblis4-pthread', `${folder}/blis-pthread/libblis.so.4`],
  'blis-openmp': ['libblis4-openmp', `${folder}/blis-openmp/libblis.so.4`],
  'blis-serial': ['libblis4-serial', `${folder}/blis-serial/libblis.so.4`],
  'blis-blas': ['libblis4-pthread', `${folder}/blis-pthread/libblas.so.3`],
  'reference-blas': ['libblas3', `${folder}/blas/libblas.so.3`],
  libgomp: ['libgomp1', `${folder}/libgomp.so.1`],
  libomp: ['libomp5-14', `${folder}/libomp.so.5`],
  libvips: ['libvips42', `${folder}/libvips.so.42`],
} as const;

export type LibraryName = keyof typeof libraries;

/** The files that load real libraries as they start. */
const users: Readonly<Record<string, readonly LibraryName[]>> = {
  'test/cli/doctor.test.ts': ['libomp', 'openblas-pthread'],
  'test/cli/kernels.test.ts': ['reference-blas'],
  'test/cli/info.test.ts': ['blis-pthread', 'libomp', 'openblas-pthread'],
  'test/executor/spawning.test.ts': [
    'blis-blas',
    'openblas-openmp',
    'openblas-pthread',
    'openblas-serial',
    'reference-blas',
  ],
  'test/threadpools/conflict.test.ts': ['libomp'],
  'test/threadpools/defaults.test.ts': [
    'blis-pthread',
    'libomp',
    'libvips',
    'openblas-openmp',
    'openblas-pthread',
  ],
  'test/threadpools/info.test.ts': Object.keys(libraries) as LibraryName[],
  'test/threadpools/limits.test.ts': [
    'blis-pthread',
    'libomp',
    'libvips',
    'openblas-pthread',
    'openblas-serial',
  ],
  'test/threadpools/teams.test.ts': ['libomp', 'openblas-openmp', 'openblas-pthread'],
  'test/threadpools/variables.busy.test.ts': ['blis-openmp', 'openblas-openmp', 'openblas-serial'],
  'test/threadpools/workers.test.ts': [
    'blis-pthread',
    'libvips',
    'openblas-openmp',
    'openblas-pthread',
  ],
};

/** A browser, in which the dashboard is looked at. */
export const chromiumFile = '/usr/bin/chromium';
const browserUsers = ['test/dashboard/page.test.ts', 'test/dashboard/flood.test.ts'];

/** Python, with the peers whose results ours are compared with. */
export const python = process.env.HEDDLE_PYTHON ?? '/usr/bin/python3';

/** The files that compare with Python's: package of Debian, what tells that it is there. */
const peers: Readonly<Record<string, Readonly<Record<string, PythonModule | DataFolder>>>> = {
  'test/linalg/numpy.test.ts': { 'python3-numpy': 'numpy', 'python3-scipy': 'scipy' },
  'test/memory/numpy.test.ts': { 'python3-numpy': 'numpy' },
  'test/neighbors/scipy.test.ts': { 'python3-scipy': 'scipy' },
  'test/neighbors/sklearn.test.ts': {
    'python3-sklearn': 'sklearn',
    'dataset-fashion-mnist': '/usr/share/datasets/fashion-mnist',
  },
  'test/random/numpy.test.ts': { 'python3-numpy': 'numpy' },
};

const pythonModules = ['numpy', 'scipy', 'sklearn'] as const;
type PythonModule = (typeof pythonModules)[number];
type DataFolder = `/${string}`;

/** Which of them Python would find. They are not loaded, which takes seconds. */
function foundModules(): readonly string[] {
  const script =
    'import sys, importlib.util\n' +
    'print(*(name for name in sys.argv[1:] if importlib.util.find_spec(name)))';
  // A sanitizer's runtime, which a run may preload, is for Node alone.
  const env = { ...process.env, LD_PRELOAD: '' };
  const { status, stdout } = spawnSync(python, ['-c', script, ...pythonModules], {
    env,
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim().split(' ') : [];
}

/** What brings other versions of Node. */
const nodes = 'node scripts/other-node.mjs 20 22 24';
const nodeUsers = {
  'test/functions/modules.test.ts': ['20', '22', '24'],
  'test/functions/type-stripping.test.ts': ['22', '24'],
  'test/functions/typescript.test.ts': ['20'],
};

/**
 * The tests that can't run here, and the commands that bring what they want.
 *
 * @throws Error in CI, where all must run.
 */
export function leftOut(): {
  readonly files: string[];
  readonly commands: string[];
} {
  const files: string[] = [];
  const packages = new Set<string>();
  for (const [file, names] of Object.entries(users)) {
    const missing = names.filter((name) => !existsSync(libraries[name][1]));
    if (missing.length > 0) files.push(file);
    for (const name of missing) packages.add(libraries[name][0]);
  }
  const found = foundModules();
  for (const [file, wanted] of Object.entries(peers)) {
    const missing = Object.entries(wanted).filter(
      ([, what]) => !(what.startsWith('/') ? existsSync(what) : found.includes(what)),
    );
    if (missing.length > 0) files.push(file);
    for (const [name] of missing) packages.add(name);
  }
  if (!existsSync(chromiumFile)) {
    files.push(...browserUsers);
    packages.add('chromium');
  }
  const commands: string[] = [];
  if (packages.size > 0) commands.push(`sudo apt-get install ${[...packages].sort().join(' ')}`);
  for (const [file, versions] of Object.entries(nodeUsers)) {
    if (hasNodes(...versions)) continue;
    files.push(file);
    if (!commands.includes(nodes)) commands.push(nodes);
  }
  if (files.length > 0 && process.env.CI) throw new Error(`missing in CI: ${commands.join('; ')}`);
  return { files, commands };
}
