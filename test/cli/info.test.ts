import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { cpuCount } from '../../src/index.ts';
import { libraryFile, probeFile } from '../threadpools/probe.ts';
import { heddle, projectWith } from './run.ts';

// Whole processes are started, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let project: string;

beforeAll(() => {
  const load = (file: string) =>
    `require(${JSON.stringify(probeFile)}).load(${JSON.stringify(file)});`;
  project = projectWith({
    'with-blas': {
      'package.json': '{ "name": "with-blas", "main": "main.cjs" }',
      'main.cjs': load(libraryFile('openblas-pthread')),
    },
    '@scope/with-openmp': {
      'package.json':
        '{ "name": "@scope/with-openmp", "type": "module", "exports": { "import": "./main.js" } }',
      'main.js': `import { createRequire } from 'node:module';
        const require = createRequire(import.meta.url);
        ${load(libraryFile('libomp'))}`,
    },
    broken: {
      'package.json': '{ "name": "broken" }',
      'index.js': 'throw new Error("it does not start");',
    },
  });
  writeFileSync(path.join(project, 'local.cjs'), load(libraryFile('blis-pthread')));
});

const json = (...args: string[]) => {
  const { status, stdout, stderr } = heddle(['info', '--json', ...args], { cwd: project });
  return { status, stderr, found: JSON.parse(stdout) };
};
const libraries = (found: { runtimes: { internalApi: string; prefix: string }[] }) =>
  found.runtimes.map((runtime) => runtime.prefix).sort();

describe('heddle info --json', () => {
  it('with no module has no runtimes, and tells the cores and the knobs', () => {
    const { status, stderr, found } = json();
    expect(status).toBe(0);
    expect(stderr).toBe('');
    expect(found.runtimes).toEqual([]);
    expect(found.cores).toMatchObject({ count: cpuCount(), budget: cpuCount(), quotas: [] });
    expect(Object.keys(found.knobs)).toEqual([
      'processes',
      'threads',
      'backendThreads',
      'childThreads',
    ]);
    expect(found.sharedMemory.segments).toEqual([]);
  });

  it('loads modules first: CommonJS, ES modules only, files', () => {
    expect(libraries(json('-i', 'with-blas').found)).toEqual(['libopenblas']);
    const openmp = json('-i', '@scope/with-openmp');
    expect(libraries(openmp.found)).toEqual(['libomp']);
    expect(openmp.stderr).toBe('');
    const all = json('-i', 'with-blas', '-i', '@scope/with-openmp', '--import', './local.cjs');
    expect(all.status).toBe(0);
    expect(libraries(all.found)).toEqual(['libblis', 'libomp', 'libopenblas']);
    expect(all.found.runtimes[0]).toMatchObject({ userApi: 'blas', threadingLayer: 'pthreads' });
  });

  it('tells a module that is missing or broken on stderr, and goes on', () => {
    const { status, stderr, found } = json('-i', 'is-missing', '-i', 'broken', '-i', 'with-blas');
    expect(status).toBe(0);
    expect(stderr).toMatch(/'is-missing' could not be loaded: Cannot find package/);
    expect(stderr).toMatch(/'broken' could not be loaded: it does not start/);
    expect(libraries(found)).toEqual(['libopenblas']);
  });

  it('runs code first, with require and import', () => {
    expect(libraries(json('-c', "require('with-blas')").found)).toEqual(['libopenblas']);
    expect(libraries(json('-c', "await import('@scope/with-openmp')").found)).toEqual(['libomp']);
    const { status, stderr } = heddle(['info', '-c', 'throw new Error("stop")'], { cwd: project });
    expect(status).toBe(1);
    expect(stderr).toMatch(/heddle: stop/);
  });

  it('terminates with a hung task', () => {
    expect(json('-c', 'setInterval(() => {}, 1000)').status).toBe(0);
  });

  it('refuses a variable that makes no sense', () => {
    const { status, stderr } = heddle(['info'], { env: { HEDDLE_NUM_PROCS: 'four' } });
    expect(status).toBe(1);
    expect(stderr).toMatch(/HEDDLE_NUM_PROCS.*four/);
  });
});

describe('heddle info', () => {
  it('tells which variable decides on the threads of operations and of runtimes', () => {
    const run = (env: Record<string, string>) => {
      const { stdout } = heddle(['info', '--json', '-i', 'with-blas'], { cwd: project, env });
      return JSON.parse(stdout);
    };
    const { operations, runtimes } = run({ OMP_NUM_THREADS: '1' });
    expect(operations).toEqual({
      blas: { threads: 1, by: 'OMP_NUM_THREADS' },
      openmp: { threads: 1, by: 'OMP_NUM_THREADS' },
    });
    expect(runtimes[0]).toMatchObject({ internalApi: 'openblas', variable: 'OMP_NUM_THREADS' });
    const two = run({ OPENBLAS_NUM_THREADS: '1', OMP_THREAD_LIMIT: '1', OMP_NUM_THREADS: '2' });
    expect(two.operations.blas).toEqual({ threads: 1, by: 'OPENBLAS_NUM_THREADS' });
    if (cpuCount() > 1) {
      expect(two.operations.openmp).toEqual({ threads: 1, by: 'OMP_THREAD_LIMIT' });
    }
    const { stdout } = heddle(['info'], { env: { OMP_NUM_THREADS: '1,4', OMP_PLACES: '{0}' } });
    expect(stdout).toMatch(/^openmp +1 +OMP_NUM_THREADS +/m);
    expect(stdout).toMatch(/^places +1 +/m);
    // Heddle's own BLAS, which no module has loaded, and why it runs the kernels that it does.
    expect(stdout).toMatch(/^BLAS OF THESE\n\w+ .*\n\//m);
    const told = heddle(['info'], { env: { OPENBLAS_CORETYPE: 'Nehalem' } }).stdout;
    if (/^openblas/m.test(told)) expect(told).toMatch(/chosen by OPENBLAS_CORETYPE/);
  });

  it('prints tables', () => {
    const { status, stdout } = heddle(['info', '-i', 'with-blas'], {
      cwd: project,
      env: { HEDDLE_NUM_PROCS: '3', HEDDLE_MAX_CPU_COUNT: '1' },
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^CORES\nwhat +count +meaning$/m);
    expect(stdout).toMatch(/^usable \(cpuCount\) +1 /m);
    expect(stdout).toMatch(/^HEDDLE_MAX_CPU_COUNT +1 /m);
    expect(stdout).toMatch(/^processes +3 +HEDDLE_NUM_PROCS +HEDDLE_NUM_PROCS$/m);
    expect(stdout).toMatch(/^threads +1 +default +HEDDLE_NUM_THREADS$/m);
    expect(stdout).toMatch(/^blas +1 +the core budget +/m);
    expect(stdout).toMatch(
      /^blas +openblas +0\.3\.21 +\d+ +- +process +pthreads +\w+ +\/usr\/lib/m,
    );
  });

  it('reports an empty process', () => {
    expect(heddle(['info']).stdout).toMatch(/none is loaded/);
  });
});

describe('heddle', () => {
  it('knows its version, its help and what it does not know', () => {
    expect(heddle(['--version']).stdout).toMatch(/^\d+\.\d+\.\d+/);
    expect(heddle(['--help']).stdout).toMatch(/info[\s\S]*doctor/);
    expect(heddle(['inform']).status).toBe(1);
    expect(heddle(['info', '--yaml']).stderr).toMatch(/--yaml/);
  });
});
