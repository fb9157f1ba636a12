// Puts the modules of the library into a few CommonJS files, dist/bundles, and makes each entry point
// of package.json out of one, for `import` and for `require` alike.
//
// Node takes a third of a millisecond for each ES module; the library has two hundred. Both kinds of
// entry use the same files, so that a program that does both, or whose tests do, has one library: one
// core budget, one pool. In its old place each module exports what its bundle has, as those do that
// bundle-workers.mjs bundles.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'acorn';
import { build } from 'esbuild';

/** What a bundle has in place of each module's `import.meta`, by the module's file. */
const META = [
  "'use strict';",
  'const metaOf = (file) => ({',
  '  get url() {',
  "    return require('node:url').pathToFileURL(require('node:path').join(__dirname, '..', file)).href;",
  '  },',
  '});',
].join('\n');

/** Entries whose floors lie above the main entry's: they load its bundle. */
const ABOVE = ['cluster/index.js', 'dashboard/index.js'];

/** What is loaded together when a worker's codec is: src/worker/lazy-codec.ts. */
const CODEC = ['codec/index.js', 'memory/index.js', 'functions/index.js', 'objects/index.js'];

const posix = (file) => file.split(path.sep).join('/');

/** A path by which a module in a folder imports a file. */
const relative = (folder, file) => {
  const name = posix(path.relative(folder, file));
  return name.startsWith('.') ? name : `./${name}`;
};

/** A text in which other words stand for some nodes of its syntax: `wordOf` gives null for most. */
function replaced(text, sourceType, wordOf) {
  const found = [];
  const visit = (node) => {
    if (Array.isArray(node)) node.forEach(visit);
    else if (node && typeof node.type === 'string') {
      const word = wordOf(node);
      if (word === null) Object.values(node).forEach(visit);
      else found.push([node.start, node.end, word]);
    }
  };
  visit(parse(text, { ecmaVersion: 'latest', sourceType, allowReturnOutsideFunction: true }));
  const parts = [];
  let done = 0;
  for (const [start, end, word] of found.sort(([a], [b]) => a - b)) {
    if (start < done) continue; // `{ a }` has its name twice
    parts.push(text.slice(done, start), word);
    done = end;
  }
  return [...parts, text.slice(done)].join('');
}

/** The text of a module with `import.meta` as its bundle has it. */
function withMeta(text, module) {
  if (!text.includes('import.meta')) return text;
  const isMeta = (node) => node.type === 'MetaProperty' && node.meta.name === 'import';
  return replaced(text, 'module', (node) =>
    isMeta(node) ? `metaOf(${JSON.stringify(module)})` : null,
  );
}

/**
 * Gives classes their names back: where one refers to itself esbuild writes `var X = class _X`. As
 * many letters, so that the source map stays right.
 */
function withClassNames(text) {
  const names = new Set([...text.matchAll(/\b(\w+)=class _\1\b/g)].map(([, name]) => `_${name}`));
  if (names.size === 0) return text;
  return replaced(text, 'script', ({ type, name }) =>
    type === 'Identifier' && names.has(name) ? ` ${name.slice(1)}` : null,
  );
}

/**
 * Takes what other bundles have once, when the bundle is loaded: esbuild asks the other bundle's object
 * for it at each use, which is a call of a getter in a dictionary. A bundle is complete when another
 * takes from it, because none needs one below it. Spaces stand for what goes, so that the source map
 * stays right.
 */
function withOthersBound(text) {
  const declared = [...text.matchAll(/\bvar (import_\w+)=require\("(\.{1,2}\/[^"]+\.cjs)"\);/g)];
  const taken = new Map();
  const spaces = ({ length }) => ' '.repeat(length);
  let bound = text;
  for (const [whole, local, from] of declared) {
    const names = taken.get(from) ?? new Set();
    taken.set(from, names);
    const uses = new RegExp(`(?<![\\w$])${local}\\.(?=([\\w$]+))`, 'g');
    bound = bound.replace(uses, (use, name) => {
      names.add(name);
      return spaces(use);
    });
    const left = bound.match(new RegExp(`\\b${local}\\b`, 'g'));
    if (left.length === 1) bound = bound.replace(whole, spaces(whole));
  }
  const lines = [...taken].map(([from, names]) => `const {${[...names]}}=require("${from}");`);
  // A line that no source has.
  return bound.replace("'use strict';", (first) => first + lines.join(''));
}

const alias = (module, name) => `${module.replace(/\W/g, '_')}$${name}`;

/** What an ES module says instead of having the code itself. */
function exportsOf(bundle, folder, names) {
  const from = relative(folder, bundle);
  const lines = names.map(([name, known]) => `export const ${name} = bundle.${known};`);
  if (lines.length === 0) return 'export {};\n';
  // Node looks through a CommonJS file that is imported for what it exports, which takes longer than
  // to run it.
  return [
    "import { createRequire } from 'node:module';",
    `const bundle = createRequire(import.meta.url)('${from}');`,
    ...lines,
    '',
  ].join('\n');
}

/**
 * Bundles the library.
 *
 * @param dist - the folder of what tsc has written
 * @param entries - the files of the entry points, from there: `index.js`, `linalg/index.js`, …
 * @param bundled - modules that another bundle has, from there
 * @param guard - the module that an entry imports first
 * @returns for each entry the file of its bundle, and the names of what it exports
 */
export async function bundleLibrary(dist, entries, bundled, guard) {
  const out = path.join(dist, 'bundles');
  // Those of workers are stubs by now, which lead to their bundle.
  const taken = new Set([...bundled, guard, 'bundle.js']);
  const settings = {
    absWorkingDir: dist,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'es2022',
    sourcemap: true,
    sourcesContent: false,
    minifyWhitespace: true,
    lineLimit: 120,
    logLevel: 'warning',
    // src/sync/queue.ts wants functions to be known to the codec: they come with its bundle.
    logOverride: { 'ignored-bare-import': 'silent' },
  };
  const moduleOf = (file) => posix(path.relative(dist, file));
  /** Packages, bundles and what is imported later stay where they are. */
  const places = {
    name: 'places',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^[^./]/ }, ({ path: name, kind }) =>
        kind === 'entry-point' ? undefined : { path: name, external: true },
      );
      onResolve({ filter: /^\./ }, ({ path: name, resolveDir, kind }) => {
        const file = path.resolve(resolveDir, name);
        // No module is loaded for what it does then: of a floor's index only what is used is taken.
        if (kind !== 'dynamic-import' && !file.endsWith('.cjs')) {
          return { path: file, sideEffects: false };
        }
        return { path: relative(out, file), external: true, sideEffects: false };
      });
      onLoad({ filter: /\.js$/ }, ({ path: file }) => ({
        contents: withMeta(readFileSync(file, 'utf8'), moduleOf(file)),
      }));
    },
  };
  const stdin = (contents) => ({ contents, resolveDir: dist, sourcefile: 'bundle.js' });

  /** The modules that some need, and what each exports. */
  const needs = async (some) => {
    const { metafile } = await build({
      ...settings,
      format: 'esm',
      outfile: path.join(out, 'probe.js'),
      plugins: [places],
      stdin: stdin(some.map((one, i) => `export * as m${i} from './${one}';`).join('\n')),
    });
    const [{ inputs }] = Object.values(metafile.outputs).filter((one) => one.entryPoint);
    return Object.keys(inputs).filter(
      (name) => inputs[name].bytesInOutput > 0 && !taken.has(name) && !name.endsWith('index.js'),
    );
  };
  const names = async (modules) => {
    const { metafile } = await build({
      ...settings,
      format: 'esm',
      outdir: out,
      outbase: dist,
      plugins: [places],
      entryPoints: modules.map((module) => path.join(dist, module)),
    });
    const found = Object.values(metafile.outputs).filter((one) => one.entryPoint);
    return new Map(found.map(({ entryPoint, exports }) => [entryPoint, exports]));
  };

  const needed = await Promise.all(entries.map((entry) => needs([entry])));
  const codec = await needs(CODEC);
  // What the main entry has, entries above it take from its bundle: others need not load that.
  const isAbove = (entry) => ABOVE.includes(entry);
  const main = needed[entries.indexOf('index.js')];
  const lower = needed.filter((_, i) => !isAbove(entries[i]));
  const count = (module) => lower.filter((list) => list.includes(module)).length;
  const common = [...new Set(needed.flat())].filter(
    (module) => !codec.includes(module) && count(module) > 1,
  );
  const nameOf = (entry) => (entry === 'index.js' ? 'heddle' : path.posix.dirname(entry));
  /** The bundles, each of which needs none below it. */
  const bundles = new Map([
    ['codec', codec],
    ['common', common],
    ...entries.map((entry, i) => [
      nameOf(entry),
      needed[i].filter(
        (module) =>
          !codec.includes(module) &&
          !common.includes(module) &&
          !(isAbove(entry) && main.includes(module)),
      ),
    ]),
  ]);
  const exported = await names([...entries, ...[...bundles.values()].flat()]);
  const fileOf = (name) => path.join(out, `${name}.cjs`);
  const bundleOf = new Map();
  for (const [name, list] of bundles) for (const module of list) bundleOf.set(module, name);

  const written = new Map();
  for (const [name, own] of bundles) {
    /** What another bundle has is taken from there. */
    const others = {
      name: 'others',
      setup({ onLoad, onResolve }) {
        onResolve({ filter: /^\./ }, ({ path: to, resolveDir, kind }) => {
          const module = moduleOf(path.resolve(resolveDir, to));
          const other = bundleOf.get(module);
          if (kind === 'dynamic-import' || other === undefined || other === name) return undefined;
          return { path: module, namespace: 'other', sideEffects: false };
        });
        onLoad({ filter: /.*/, namespace: 'other' }, ({ path: module }) => {
          const list = exported.get(module).map((one) => `${alias(module, one)} as ${one}`);
          const from = relative(out, fileOf(bundleOf.get(module)));
          return { contents: `export { ${list.join(', ')} } from '${from}';`, resolveDir: out };
        });
      },
    };
    const contents = own.map((module) => {
      const list = exported.get(module).map((one) => `${one} as ${alias(module, one)}`);
      return `export { ${list.join(', ')} } from './${module}';`;
    });
    // What the entry itself exports, wherever that is.
    const entry = entries.find((one) => nameOf(one) === name);
    if (entry) contents.push(`export * as entry from './${entry}';`);
    const { outputFiles } = await build({
      ...settings,
      format: 'cjs',
      outfile: fileOf(name),
      plugins: [others, places],
      stdin: stdin(contents.join('\n')),
      banner: { js: META },
    });
    for (const { path: file, text } of outputFiles) {
      written.set(file, file.endsWith('.map') ? text : withOthersBound(withClassNames(text)));
    }
  }
  mkdirSync(out, { recursive: true });
  for (const [file, text] of written) writeFileSync(file, text);
  for (const [module, name] of bundleOf) {
    const file = path.join(dist, module);
    rmSync(`${file}.map`, { force: true });
    const list = exported.get(module).map((one) => [one, alias(module, one)]);
    writeFileSync(file, exportsOf(fileOf(name), path.dirname(file), list));
  }
  return new Map(
    entries.map((entry) => {
      const folder = path.dirname(path.join(dist, entry));
      const file = fileOf(nameOf(entry));
      const list = exported.get(entry).map((name) => [name, `entry.${name}`]);
      const first = `import '${relative(folder, path.join(dist, guard))}';\n`;
      writeFileSync(path.join(dist, entry), first + exportsOf(file, folder, list));
      return [entry, file];
    }),
  );
}
