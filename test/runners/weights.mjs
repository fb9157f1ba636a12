import { map } from 'heddle';

/** Nobody calls it. */
export function unused() {
  return 1;
}

function weigh(x) {
  if (x > 1) {
    return x * 10;
  }
  return x;
}

export async function run(backend) {
  const scale = 3;
  return map(
    [1, 2],
    (x) => {
      if (x > 5) {
        return 'never';
      }
      return weigh(x) * scale;
    },
    { jobs: 2, backend },
  );
}
