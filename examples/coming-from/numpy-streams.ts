// Streams of random numbers for workers as NumPy's guide to parallel generation makes them: seeds that are
// spawned, also from spawned ones, and a bit generator that jumps ahead. The numbers are NumPy's.
// `npx tsx examples/coming-from/numpy-streams.ts`; numpy-streams.py is the same with NumPy.
import { map } from 'heddle';
import { Generator, PCG64, SeedSequence } from 'heddle/random';
import { show } from './show.ts';

const draw = (bits: PCG64): number[] => {
  const rng = new Generator(bits);
  return [rng.random(), rng.standardNormal(), rng.integers(1_000_000)];
};
const drawSeeded = (seed: SeedSequence): number[] => draw(new PCG64(seed));

const root = new SeedSequence(12345);
const children = root.spawn(4);
for (const stream of await map(children, drawSeeded, { jobs: 2 })) show('spawn', stream);
for (const stream of await map(children[0]!.spawn(2), drawSeeded, { jobs: 2 })) {
  show('grandchild', stream);
}
const bits = new PCG64(12345);
const places = [0, 1, 2, 3].map((i) => bits.jumped(i));
for (const stream of await map(places, draw, { jobs: 2 })) show('jumped', stream);

/* numpy-streams.py prints, with Debian 12's python3-numpy 1.24.2:
spawn [0.8699988509120198,-0.488640903086019,848833]
spawn [0.37707540876459267,-0.8980648226176007,851102]
spawn [0.141339263238754,1.5089071439511395,119211]
spawn [0.3919583896455968,0.8116188403842288,190618]
grandchild [0.8187474262334616,1.156261798478846,395103]
grandchild [0.24081815067765966,-0.633093679861873,162649]
jumped [0.22733602246716966,1.2637284581291104,204176]
jumped [0.22816117474309727,1.326718775943281,962227]
jumped [0.37513115482286974,2.577461980115623,79458]
jumped [0.0044856048753371125,-0.8872602107120493,356495]
*/
