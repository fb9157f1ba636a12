// A model that reaches each worker once, and many users whose best items it finds: LensKit's invoker.
// `npx tsx examples/coming-from/lenskit-invoker.ts`; lenskit-invoker.py is the same with a pool of Python's.
import { invoker } from 'heddle';
import { matmulSync } from 'heddle/linalg';
import { defaultRng } from 'heddle/random';
import { digits, show } from './show.ts';

const [users, items, features] = [100, 50, 8];
const rng = defaultRng(42);
const model = {
  users: rng.normal(0, 1, users * features),
  items: rng.normal(0, 1, items * features),
  bias: rng.normal(0, 1, items),
};

/** The three best items of a user, and their scores. */
function recommend({ users, items, bias }: typeof model, user: number): [number[], number[]] {
  const width = items.length / bias.length;
  const factors = { data: items, shape: [bias.length, width] };
  const own = { data: users, shape: [width], offset: user * width };
  const scores = matmulSync(factors, own).data.map((score, i) => score + bias[i]!);
  const best = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, 3);
  return [best, best.map((item) => scores[item]!)];
}

for (const jobs of [1, 2]) {
  await using recommender = invoker(model, recommend, { jobs });
  const results: [number[], number[]][] = [];
  for await (const result of recommender.map(Array(users).keys())) results.push(result);
  const [first, last] = [results[0]!, results[users - 1]!];
  show('first', [first[0], digits(first[1], 10)]);
  show('last', [last[0], digits(last[1], 10)]);
  const among = (item: number): number => results.filter(([best]) => best.includes(item)).length;
  show(
    'items',
    Array.from({ length: 10 }, (_, item) => among(item)),
  );
}

/* lenskit-invoker.py prints, with Debian 12's python3-numpy 1.24.2:
first [[49,26,7],[5.004364954,4.316580732,1.714511936]]
last [[38,28,34],[6.554503048,5.559339821,4.932846791]]
items [1,0,14,20,2,12,0,2,19,4]
first [[49,26,7],[5.004364954,4.316580732,1.714511936]]
last [[38,28,34],[6.554503048,5.559339821,4.932846791]]
items [1,0,14,20,2,12,0,2,19,4]
*/
