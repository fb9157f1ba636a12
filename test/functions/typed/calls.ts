// What a program in TypeScript does with its functions: see typescript.test.ts.
import { invoker, map, type ParallelOptions, type TaskError, task } from 'heddle';
import Model, { failing, type Row, score, where } from './workers.ts';

const rows: readonly Row[] = [1, 2, 3].map((user) => ({ user, weight: 10 }));
const bonus = { value: 5 } as { readonly value: number };

/** Calls of every kind, on the backend; `extension` is that of the modules as they are run. */
export async function calls(backend: ParallelOptions['backend'] & string, extension: string) {
  const options: ParallelOptions = { backend, jobs: backend === 'sequential' ? 1 : 2 };
  const inline = await map(rows, (row: Row): number => row.user + bonus.value, options);
  const through = await map(rows, (row) => score(row) satisfies number, options);
  const imported = await map(rows, score, options);
  const reference = task<[Row], number>(new URL(`./workers${extension}`, import.meta.url), 'score');
  const referred = await map(rows, reference, options);
  const scorer = invoker(new Model(7), (model, row: Row) => model.predict(row), options);
  const predicted = await scorer.map(rows).toArray();
  const methods = invoker(new Model(8), 'predict', options);
  const method = await methods.map(rows).toArray();
  await Promise.all([scorer.shutdown(), methods.shutdown()]);
  const error = await map(rows, failing, options).catch((thrown: TaskError) => thrown.cause);
  const places = await map(rows, where, options);
  return {
    results: { inline, through, imported, referred, predicted, method },
    stack: String((error as Error).stack),
    away: !places.includes(where(rows[0]!)),
  };
}
