// Leave-one-out: each row is predicted by a random forest of all others, one fit for each row, with the data
// pushed to the engines once; by a direct view, which splits the rows beforehand, and by a load-balanced one.
// `npx tsx examples/coming-from/ipyparallel-forest.ts`; ipyparallel-forest.py is the same with ipyparallel and
// scikit-learn, whose forests are drawn otherwise: its predictions can't be the same.
import { Cluster } from 'heddle/cluster';
import { defaultRng } from 'heddle/random';
import { RandomForestRegression } from 'ml-random-forest';
import { digits, show } from './show.ts';

const [n, p] = [60, 10];
const rng = defaultRng(0);
const numbers = rng.normal(0, 1, n * p);
const noise = rng.normal(0, 1, n);
const rows = Array.from({ length: n }, (_, i) => [...numbers.subarray(i * p, (i + 1) * p)]);
const results = rows.map(([a, b, c], i) => a! + Math.sqrt(Math.abs(b! * c!)) + b! - c! + noise[i]!);

declare const X: number[][]; // names that the engines have
declare const Y: number[];

/** Row `index`, predicted by a forest of the others. */
function leaveOut(index: number): number {
  const forest = new RandomForestRegression({
    seed: 1,
    nEstimators: 20,
    maxFeatures: 0.8,
    replacement: false,
    useSampleBagging: true,
    noOOB: true,
    isClassifier: false,
    treeOptions: {},
    selectionMethod: 'mean',
  });
  forest.train(X.toSpliced(index, 1), Y.toSpliced(index, 1));
  return forest.predict([X[index]!])[0]!;
}

await using cluster = await Cluster.start({ n: 2 });
const client = await cluster.client();
const [direct, balanced] = [client.directView(), client.loadBalancedView()];
await direct.push({ X: rows, Y: results });
const first = await direct.map(Array(n).keys(), leaveOut);
const second = await balanced.map(Array(n).keys(), leaveOut);
show('same', [first.length, first.every((prediction, i) => prediction === second[i])]);

const mean = (values: number[]): number => values.reduce((a, b) => a + b) / values.length;
const center = mean(results);
const variance = mean(results.map((y) => (y - center) ** 2));
show('variance', digits(variance, 10));
const error = mean(results.map((y, i) => (y - first[i]!) ** 2));
show('better than the mean', error < variance);
console.error(`mean squared error ${error.toFixed(2)}`);

/* ipyparallel-forest.py prints, with Debian 12's python3-ipyparallel 7.1.0 and python3-sklearn 1.2.1:
same [60,true]
variance 3.039412801
better than the mean true
*/
/* and on standard error:
mean squared error 1.96
*/
