/** What docs/coming-from.md says that there is here, is there. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import './helpers/built.ts';

const root = new URL('../', import.meta.url);
const text = readFileSync(new URL('docs/coming-from.md', root), 'utf8');

/** Every name that the declarations of the package have. */
function declared(): Set<string> {
  const dist = fileURLToPath(new URL('dist/', root));
  const names = new Set<string>();
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.d.ts'))) {
    const code = readFileSync(`${dist}/${file}`, 'utf8')
      .replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
      // Words in texts count as well: they are what options may be.
      .replaceAll("'", ' ');
    for (const [name] of code.matchAll(/[A-Za-z_$][\w$]*/g)) names.add(name);
  }
  return names;
}

/** Names of the language and of Node, and what readers put in themselves. */
const OTHERS = new Set(
  (
    'await using new for const async function process env os node npx heddle Promise all then ' +
    'client view lview result results listener lock held future futures pool limits inv rng ctx cluster v ' +
    'f fn g h x xs ys y a as b m n i k s ar file load body data array value buffer folder factory ' +
    'A ref refs $ pairs func fs bs errorCallback args address calls connections seed workerId method ms add d e Maths'
  ).split(' '),
);

interface Row {
  readonly library: string;
  readonly theirs: string;
  readonly ours: string;
}

const rows: Row[] = text.split(/^## /m).flatMap((section) => {
  const library = section.slice(0, section.indexOf('\n'));
  return [...section.matchAll(/^\| (.+) \| (.+) \|$/gm)]
    .map(([, theirs, ours]) => ({ library, theirs: theirs!, ours: ours! }))
    .filter(({ ours }) => ours !== 'here' && !/^-+$/.test(ours));
});

/** The code of a cell, without its texts. */
function codeOf(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!.replaceAll(/'[^']*'/g, "''"));
}

describe('docs/coming-from.md', () => {
  it('has a table for each library', () => {
    const libraries = new Set(rows.map(({ library }) => library));
    expect([...libraries]).toEqual([
      'joblib',
      'loky',
      'threadpoolctl',
      'concurrent.futures',
      'multiprocessing',
      'ipyparallel',
      'Dask',
      'Ray',
      'LensKit',
      "NumPy's random numbers",
      'Piscina',
      'workerpool',
    ]);
    expect(rows.length).toBeGreaterThan(100);
  });

  it('names nothing that is not there', () => {
    const names = declared();
    expect(names.has('threadpoolLimits')).toBe(true);
    expect(names.has('threadpoolLimit')).toBe(false);
    const missing = rows.flatMap(({ library, theirs, ours }) =>
      codeOf(ours)
        .filter((code) => !/^HEDDLE_|^heddle\//.test(code))
        .flatMap((code) => [...code.matchAll(/(?<![\w$])[A-Za-z_$][\w$]*/g)].map(([name]) => name))
        .filter((name) => !names.has(name) && !OTHERS.has(name))
        .map((name) => `${library}: ${name}, for ${theirs}`),
    );
    expect(missing).toEqual([]);
  });

  it('points to what is in it', () => {
    const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
      title!
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    );
    const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((anchor) => !anchors.includes(anchor!))).toEqual([]);
  });
});
