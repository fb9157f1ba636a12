/**
 * `heddle info`: the cores, the knobs and the runtimes of a process, as a table or as JSON.
 */
import os from 'node:os';
import {
  coreBudget,
  explainOperationThreads,
  knobSources,
  knobVariables,
  type OperationApi,
  type OperationThreads,
  type ParallelConfig,
  parallelConfig,
} from '../config/index.ts';
import { type BlasInfo, blasInfo } from '../linalg/index.ts';
import { type CpuReport, cpuReport } from '../machine/index.ts';
import { type SharedMemoryInfo, sharedMemoryInfo } from '../memory/index.ts';
import {
  decidingVariable,
  readerOf,
  type ThreadpoolInfo,
  threadpoolInfo,
} from '../threadpools/index.ts';
import { importModules, runCode } from './load.ts';
import { NOTHING, table } from './table.ts';

/** Options of the command. */
export interface InfoOptions {
  readonly json?: boolean;
  readonly import?: readonly string[];
  readonly code?: string;
}

/** What the command tells. */
export interface Info {
  readonly cores: CpuReport & { readonly budget: number };
  readonly knobs: ParallelConfig;
  /** Threads of Heddle's own operations here, and what decides on them. */
  readonly operations: Readonly<Record<OperationApi, OperationThreads>>;
  readonly runtimes: readonly (ThreadpoolInfo & {
    /** The user's variable that decides on its threads. */
    readonly variable?: string;
  })[];
  /** The BLAS of Heddle's own operations, or why there is none. */
  readonly blas: BlasInfo | { readonly error: string };
  readonly sharedMemory: SharedMemoryInfo;
}

function collect(): Info {
  // Before anything else that could load a library of its own.
  const runtimes = threadpoolInfo().map((runtime) => {
    const reader = readerOf(runtime);
    const variable = reader && decidingVariable(reader)?.name;
    return variable === undefined ? runtime : { ...runtime, variable };
  });
  return {
    cores: { ...cpuReport(), budget: coreBudget() },
    knobs: parallelConfig(),
    operations: {
      blas: explainOperationThreads('blas'),
      openmp: explainOperationThreads('openmp'),
    },
    runtimes,
    blas: ownBlas(),
    sharedMemory: sharedMemoryInfo(),
  };
}

function ownBlas(): Info['blas'] {
  try {
    return blasInfo();
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function blasLines({ blas }: Info): string {
  if ('error' in blas) return blas.error;
  const reasons = {
    '': '',
    library: ', chosen by the library',
    features: ', chosen by what the processor can do',
    OPENBLAS_CORETYPE: ', chosen by OPENBLAS_CORETYPE',
  };
  const kernels = blas.architecture && `, kernels ${blas.architecture}${reasons[blas.chosenBy]}`;
  return `${blas.library} ${blas.version}${kernels}\n${blas.file}`;
}

function coreRows({ cores }: Info): unknown[][] {
  const rows: unknown[][] = [
    ['usable (cpuCount)', String(cores.count), 'the smallest of these, rounded up, at least 1'],
    ['online', String(cores.online), 'processors that are switched on'],
    ['affinity', cores.affinity, 'processors that the scheduler may use (taskset, cpuset)'],
  ];
  for (const quota of cores.quotas) rows.push(['quota', String(quota.cores), quota.file]);
  if (cores.quotas.length === 0) rows.push(['quota', NOTHING, 'no control group limits CPU time']);
  if (cores.places !== undefined) {
    rows.push(['places', cores.places, 'where OpenMP is told to keep (OMP_PLACES, OMP_PROC_BIND)']);
  }
  rows.push(['HEDDLE_MAX_CPU_COUNT', cores.variable, 'an upper bound of your own']);
  rows.push(['physical', cores.physical, 'cores without their hyper-threads, inside the affinity']);
  if (cores.budget !== cores.count) {
    rows.push(['budget', cores.budget, 'the share set aside by the process that started this one']);
  }
  return rows;
}

function knobRows({ knobs }: Info): unknown[][] {
  const sources = knobSources();
  return (Object.keys(knobVariables) as (keyof ParallelConfig)[]).map((knob) => [
    knob,
    knobs[knob],
    sources[knob] === 'variable' ? knobVariables[knob] : sources[knob],
    knobVariables[knob],
  ]);
}

function operationRows({ operations }: Info): unknown[][] {
  const what = {
    blas: 'products and decompositions, on BLAS',
    openmp: 'searches, random numbers, copies, on OpenMP',
  };
  return (['blas', 'openmp'] as const).map((api) => {
    const { threads, by } = operations[api];
    return [api, threads, by === 'cores' ? 'the core budget' : by, what[api]];
  });
}

function runtimeRows({ runtimes }: Info): unknown[][] {
  return runtimes.map((runtime) => [
    runtime.userApi,
    runtime.internalApi,
    runtime.version,
    runtime.numThreads,
    runtime.variable,
    runtime.scope,
    runtime.threadingLayer,
    runtime.architecture,
    runtime.currentBackend
      ? `${runtime.filepath} (backend ${runtime.currentBackend})`
      : runtime.filepath,
  ]);
}

function render(info: Info): string {
  const node = `Node ${process.versions.node} on ${os.type()} ${os.release()}, ${process.arch}`;
  const parts = [
    node,
    '',
    'CORES',
    table(['what', 'count', 'meaning'], coreRows(info)),
    '',
    'KNOBS',
    table(['knob', 'value', 'from', 'variable'], knobRows(info)),
    '',
    "THREADS OF HEDDLE'S OPERATIONS",
    table(['user API', 'at most', 'decided by', 'operations'], operationRows(info)),
    '',
    'BLAS OF THESE',
    blasLines(info),
    '',
    'RUNTIMES WITH THREADS OF THEIR OWN',
    info.runtimes.length === 0
      ? 'none is loaded (-i MODULE loads one first)'
      : table(
          [
            'user API',
            'library',
            'version',
            'threads',
            'variable',
            'scope',
            'layer',
            'architecture',
            'file',
          ],
          runtimeRows(info),
        ),
  ];
  const { segments, bytes } = info.sharedMemory;
  if (segments.length > 0) {
    parts.push('', 'SHARED MEMORY', `${segments.length} segments, ${bytes} bytes`);
  }
  return parts.join('\n');
}

/** Runs the command and returns the exit status. */
export async function info(options: InfoOptions): Promise<number> {
  await importModules(options.import ?? []);
  if (options.code !== undefined) await runCode(options.code);
  const found = collect();
  const text = options.json ? JSON.stringify(found, null, 2) : render(found);
  await new Promise((resolve) => process.stdout.write(`${text}\n`, resolve));
  return 0;
}
