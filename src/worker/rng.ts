/**
 * The random numbers of tasks: a generator for each, made from the job's seed and the task's index.
 */
import type { Generator, SeedSequence as Sequence } from '../random/index.ts';

type Entropy = ConstructorParameters<typeof Sequence>[0];

/** Makes the function that gives a task its generator. */
export async function taskRng(seed: unknown): Promise<(index: number) => Generator> {
  // Only jobs with a seed pay for loading this.
  const { Generator, PCG64, SeedSequence } = await import('../random/index.ts');
  return (index) => {
    const sequence = new SeedSequence(seed as Entropy, { spawnKey: [index] });
    return new Generator(new PCG64(sequence));
  };
}
