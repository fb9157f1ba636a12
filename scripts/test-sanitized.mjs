// Runs tests with the addon built with AddressSanitizer and UBSan, or with ThreadSanitizer.
//
//   node scripts/test-sanitized.mjs asan|tsan [vitest's arguments…]
//   HEDDLE_DEATHS=all node scripts/test-sanitized.mjs asan|tsan test/parallel test/sync/deaths
//
// The second is the long form of what calls do with workers: all of it takes an hour or so. Without arguments
// there are the files of PARALLEL, and few deaths.
//
// Node itself is not instrumented, so the sanitizer's runtime is loaded before it. Reports of code
// that is not ours are left out by scripts/sanitizers/*.supp, each with its reason.
import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const [kind, ...rest] = process.argv.slice(2);
const suppressions = (name) => path.join(root, 'scripts/sanitizers', `${name}.supp`);

/** Folders of tests that run native code on several threads. */
const SUBSET = [
  'executor',
  'linalg',
  'memory',
  'native',
  'neighbors',
  'openmp',
  'random',
  'scheduler',
  'sync',
  'threadpools',
];

/** Calls with threads and processes: what goes through links, claims and shared memory, and who dies meanwhile. */
const PARALLEL = ['concurrency', 'futures', 'values'];

/** Tests that say nothing here, each with its reason. */
const LEFT_OUT = {
  files: [
    // Its children get an environment of their own, without the sanitizer's runtime.
    'test/threadpools/defaults.test.ts',
    // Shares of processor time: the instrumented thread takes ten times as long, BLAS's own do not.
    'test/threadpools/variables.busy.test.ts',
    // Real data, several minutes: the same kernels as the other tests of neighbours.
    'test/neighbors/sklearn.test.ts',
    // Refuses what the addon asks for by functions of its own, of which a sanitizer has others.
    'test/native/faults.test.ts',
    // Its programs lose the runtime with their rights, or have no /proc, which that reads.
    'test/memory/unprivileged.test.ts',
  ],
  names: [
    // Figures of memory: a sanitizer keeps a shadow of its own.
    'costs none of them memory of its own',
    'large results use memory again that was freed, instead of taking new pages',
    'lets thousands wait, and counts them',
    // LeakSanitizer looks for the threads of a process in /proc.
    'without a /proc everything travels',
    // It starts a shell, which the runtime of ThreadSanitizer crashes when it is loaded before it.
    'copies through the message where no descriptor is left',
    // What is forked is Node, and the gate in front of it the same for all libraries: one will do.
    'never hangs with (?!OpenBLAS with pthreads)',
    // Counts what waits or is ready to run at one moment, ten times slower than it is meant for.
    'gives up what is queued when its signal aborts',
    'is never exceeded under a mixed load',
  ],
};

const kinds = {
  asan: {
    runtimes: ['libasan.so', 'libubsan.so'],
    env: {
      // Node does not free everything when it ends.
      // An array with strides of zero may ask for more memory than there is: that is refused, as by
      // the system.
      ASAN_OPTIONS: [
        'detect_leaks=0',
        'halt_on_error=1',
        'abort_on_error=1',
        'alloc_dealloc_mismatch=0',
        'allocator_may_return_null=1',
      ].join(':'),
      UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    },
    prefix: [],
  },
  tsan: {
    runtimes: ['libtsan.so'],
    env: {
      // Node and V8 synchronise in ways that are not seen: only our modules' accesses count.
      TSAN_OPTIONS: [
        'ignore_noninstrumented_modules=1',
        'halt_on_error=1',
        'abort_on_error=1',
        'second_deadlock_stack=1',
        'allocator_may_return_null=1', // as above
        `suppressions=${suppressions('tsan')}`,
      ].join(':'),
    },
    // The runtime of GCC 12 knows the address space only as it is without randomisation.
    prefix: ['setarch', '-R'],
    // What one thread does, which says nothing about races: AddressSanitizer runs them.
    leftOut: [
      'test/linalg/lane*.test.ts',
      'test/memory/{npy,npz,numpy}.test.ts',
      'test/neighbors/metrics.test.ts',
    ],
  },
};

if (!Object.hasOwn(kinds, kind)) {
  console.error('node scripts/test-sanitized.mjs asan|tsan [vitest arguments…]');
  process.exit(2);
}
const { runtimes, env, prefix, leftOut = [] } = kinds[kind];

execFileSync(process.execPath, ['scripts/build-native.cjs', '--preset', kind], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
});
const preload = runtimes.map((name) => {
  const compiler = process.env.CXX ?? 'g++';
  const file = execFileSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
  if (!path.isAbsolute(file)) {
    console.error(`${compiler} has no ${name}: it comes with GCC (Debian: apt-get install g++)`);
    process.exit(1);
  }
  return file;
});

const filters = rest.some((argument) => !argument.startsWith('-'))
  ? []
  : [
      ...SUBSET.map((name) =>
        // Most random numbers are drawn by one thread, which says nothing about races.
        kind === 'tsan' && name === 'random' ? 'test/random/parallel' : `test/${name}/`,
      ),
      ...PARALLEL.map((name) => `test/parallel/${name}.test.ts`),
    ];
const command = [
  ...prefix,
  process.execPath,
  path.join(root, 'node_modules/vitest/vitest.mjs'),
  ...['run', '--testTimeout=120000', '--hookTimeout=120000'],
  ...[...LEFT_OUT.files, ...leftOut].flatMap((file) => ['--exclude', file]),
  ...['--testNamePattern', `^(?!.*(${LEFT_OUT.names.join('|')}))`],
];

/** Runs the tests, with more variables; returns the exit status. */
function test(command, more = {}) {
  const { status, error } = spawnSync(command[0], command.slice(1), {
    cwd: root,
    stdio: 'inherit',
    env: {
      HEDDLE_DEATHS: 'few',
      ...process.env,
      ...env,
      LD_PRELOAD: preload.join(' '),
      HEDDLE_ADDON: path.join(root, 'build', `${kind}-out`, 'heddle.node'),
      // Isolation of the BLAS library's symbols would hide the runtime's allocator from it.
      HEDDLE_BLAS_DEEPBIND: '0',
      HEDDLE_SANITIZER: kind,
      ...more,
    },
  });
  if (error) throw error;
  return status ?? 1;
}

process.exitCode = test([...command, ...filters, ...rest]);
if (process.exitCode === 0 && kind === 'asan' && filters.length > 0) {
  // Once more as where V8 can't be asked to keep the bytes of buffers.
  process.exitCode = test([...command, 'test/linalg/fuzz', ...rest], { HEDDLE_V8_SYMBOLS: '0' });
}
