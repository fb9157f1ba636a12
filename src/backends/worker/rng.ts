/**
 * The random numbers of tasks: a generator for each, made from the job's seed and the task's index.
 */

interface RandomModule {
  readonly SeedSequence: new (
    entropy: unknown,
    options: { spawnKey: readonly number[] },
  ) => unknown;
  readonly PCG64: new (seed: unknown) => unknown;
  readonly Generator: new (bits: unknown) => unknown;
}

/** Makes the function that gives a task its generator. */
export async function taskRng(seed: unknown): Promise<(index: number) => unknown> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const url = new URL(`../../random/index.${extension}`, import.meta.url).href;
  const { SeedSequence, PCG64, Generator } = (await import(url)) as RandomModule;
  return (index) => new Generator(new PCG64(new SeedSequence(seed, { spawnKey: [index] })));
}
