// Puts the modules that a worker loads before its first task into one file, or two.
//
// Node takes about a millisecond for each ES module, a worker needs more than twenty, and the first
// of them loads the loader: a tenth of the time that a process takes to start. So they are bundled
// as CommonJS: dist/worker/core.cjs is for both kinds of worker, pools.cjs is what a thread
// needs besides. In its old place each module exports what the bundle has, so that there is one
// instance of it whoever imports it: a task that imports heddle shares the worker's state. Entries
// exist twice: process.cjs, and process.js for workers that load modules through hooks. The former
// load the bundles with the code that the engine made of them before: src/worker/code-cache.ts.
import { createHash } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'acorn';
import { build } from 'esbuild';

/**
 * What the bundle has in place of `import.meta`: the URL of native.js, which looks around itself.
 * Made when it is asked for: a worker's first URL takes it longer than its first task.
 */
const PLACE = [
  "'use strict';",
  'const place = {',
  '  get url() {',
  "    const file = require('node:path').join(__dirname, '../native.js');",
  "    return require('node:url').pathToFileURL(file).href;",
  '  },',
  '};',
  // What cached.ts compiles has no import() of its own.
  'const Import = module.importer ?? ((name) => import(name));',
].join('\n');

/**
 * The kinds of worker: where each is told the addon's file, which its parent has found
 * (src/native.ts), and what it begins with.
 */
const KINDS = {
  process: {
    addon: 'process.argv[2]',
    bundles: ['core'],
    main: 'worker_serve_process_js$serveProcess',
  },
  thread: {
    addon: "require('node:worker_threads').workerData.addon",
    bundles: ['core', 'pools'],
    main: 'worker_serve_thread_js$serveThread',
  },
};

/** Makes `Import()` of each `import()`: as many letters, so that the source map stays right. */
function withImporter(code) {
  const places = [];
  const visit = (node) => {
    if (Array.isArray(node)) node.forEach(visit);
    else if (node && typeof node.type === 'string') {
      if (node.type === 'ImportExpression') places.push(node.start);
      Object.values(node).forEach(visit);
    }
  };
  visit(
    parse(code, { ecmaVersion: 'latest', sourceType: 'script', allowReturnOutsideFunction: true }),
  );
  const parts = [];
  let end = 0;
  for (const at of places) {
    if (at < PLACE.length) continue;
    parts.push(code.slice(end, at), 'Import');
    end = at + 'import'.length;
  }
  return [...parts, code.slice(end)].join('');
}

/** A source map that names no sources but files: what is made here is none. */
function withoutMade(text, folder) {
  const map = JSON.parse(text);
  const real = (source) => existsSync(path.resolve(folder, source));
  return JSON.stringify({ ...map, sources: map.sources.map((name) => (real(name) ? name : null)) });
}

/**
 * Takes Node's own modules as they are. esbuild copies what each of them has, name by name, into an
 * object that is an ES module's, which takes a worker longer than most of the modules.
 */
function withPlainBuiltins(code) {
  const imports =
    /\b(import_node_[\w$]+)(\s*=\s*)__toESM\(\s*(require\(\s*"node:[\w/]+"\s*\))\s*(?:,\s*1\s*)?\)/g;
  return code.replace(imports, (whole, name, is, required) => {
    const uses = [
      ...code.matchAll(new RegExp(`\\b${name.replaceAll('$', '\\$')}\\s*\\.\\s*(\\w+)`, 'g')),
    ];
    const byDefault = uses.filter(([, what]) => what === 'default').length;
    if (byDefault === 0) return `${name}${is}${required}`;
    return byDefault === uses.length ? `${name}${is}{default:${required}}` : whole;
  });
}

/**
 * Bundles what workers load.
 *
 * @returns the modules that the bundles have, by their paths from `dist`
 */
export async function bundleWorkers(dist) {
  const out = path.join(dist, 'worker');
  const entries = ['process', 'thread'].map((name) => path.join(out, `${name}.js`));
  const settings = {
    absWorkingDir: dist,
    write: false,
    metafile: true,
    outdir: out,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    sourcemap: true,
    sourcesContent: false,
    // Less to read at each start; names stay, for stacks, and lines are short: Node shows the line of
    // an error that nobody catches.
    minifyWhitespace: true,
    lineLimit: 120,
    logLevel: 'warning',
  };
  /** Resolves what is imported here by `resolve`, and leaves what is imported later where it is. */
  const places = (resolve) => ({
    name: 'places',
    setup({ onResolve }) {
      onResolve({ filter: /^[^./]/ }, ({ path: name, kind }) =>
        kind === 'dynamic-import' ? { path: name, external: true } : undefined,
      );
      onResolve({ filter: /^\./ }, ({ path: name, resolveDir, kind }) => {
        const file = path.resolve(resolveDir, name);
        if (kind !== 'dynamic-import') return resolve(file);
        const relative = path.relative(out, file).split(path.sep).join('/');
        return { path: relative.startsWith('.') ? relative : `./${relative}`, external: true };
      });
    },
  });
  // No module is loaded for what it does then: of a floor's index only what is used is taken.
  const asItIs = places((file) => ({ path: file, sideEffects: false }));

  /** The modules that an entry needs, itself left out. */
  const needs = async (entry) => {
    const probe = await build({
      ...settings,
      bundle: true,
      plugins: [asItIs],
      entryPoints: [entry],
    });
    const relative = path.relative(dist, entry).replaceAll('\\', '/');
    const [{ inputs }] = Object.values(probe.metafile.outputs).filter((one) => one.entryPoint);
    return Object.keys(inputs).filter(
      (name) => inputs[name].bytesInOutput > 0 && name !== relative,
    );
  };
  const core = await needs(entries[0]);
  const pools = (await needs(entries[1])).filter((name) => !core.includes(name));
  const modules = [...core, ...pools];
  const single = await build({ ...settings, outbase: dist, entryPoints: modules });
  const names = new Map(modules.map((module) => [module, []]));
  for (const { entryPoint, exports } of Object.values(single.metafile.outputs)) {
    if (entryPoint) names.set(entryPoint, exports);
  }
  const alias = (module, name) => `${module.replace(/\W/g, '_')}$${name}`;
  /** An ES module with the exports of one that a bundle has, for a module in this folder. */
  const stub = (module, folder) => {
    const list = names.get(module).map((name) => `${alias(module, name)} as ${name}`);
    if (list.length === 0) return 'export {};\n';
    const file = path.join(out, core.includes(module) ? 'core.cjs' : 'pools.cjs');
    const from = path.relative(folder, file).replaceAll('\\', '/');
    return `export { ${list.join(', ')} } from '${from.startsWith('.') ? from : `./${from}`}';\n`;
  };
  /** Lets what another bundle has be taken from there, but for the modules of this one. */
  const elsewhere = (own) => [
    {
      name: 'bundles',
      setup({ onLoad, onResolve }) {
        onResolve({ filter: /\.cjs$/ }, ({ path: file }) => ({
          path: file,
          external: true,
          sideEffects: false,
        }));
        onLoad({ filter: /.*/, namespace: 'bundled' }, ({ path: file }) => ({
          contents: stub(path.relative(dist, file).replaceAll('\\', '/'), out),
        }));
      },
    },
    places((file) => {
      const module = path.relative(dist, file).replaceAll('\\', '/');
      if (own.includes(module)) return { path: file };
      // A floor's index is in no bundle, nor are those of its modules that no worker needs.
      if (!modules.includes(module)) return { path: file, sideEffects: false };
      return { path: file, namespace: 'bundled', sideEffects: false };
    }),
  ];

  const results = [];
  for (const [name, list] of Object.entries({ core, pools })) {
    const contents = list.map((module) => {
      const exported = names.get(module).map((own) => `${own} as ${alias(module, own)}`);
      return `export { ${exported.join(', ')} } from './${module}';`;
    });
    const bundle = await build({
      ...settings,
      bundle: true,
      format: 'cjs',
      plugins: elsewhere(list),
      stdin: { contents: contents.join('\n'), resolveDir: dist, sourcefile: `${name}.js` },
      outdir: undefined,
      outfile: path.join(out, `${name}.cjs`),
      define: { 'import.meta': 'place' },
      banner: { js: PLACE },
    });
    results.push(bundle);
  }
  /** Files to write, with their texts. */
  const written = new Map();
  for (const { outputFiles } of results) {
    for (const { path: file, text } of outputFiles) {
      written.set(
        file,
        file.endsWith('.map') ? withoutMade(text, out) : withPlainBuiltins(withImporter(text)),
      );
    }
  }
  const builds = Object.fromEntries(
    ['core', 'pools'].map((name) => {
      const text = written.get(path.join(out, `${name}.cjs`));
      return [name, createHash('sha256').update(text).digest('hex').slice(0, 16)];
    }),
  );
  for (const [name, { addon, bundles, main }] of Object.entries(KINDS)) {
    const entry = { ...settings, bundle: true };
    const entryPoints = [path.join(out, `${name}.js`)];
    const contents = [
      "import { saveCodeCache, loadWithCodeCache } from './worker/code-cache.js';",
      `globalThis[Symbol.for('heddle.addon')] = ${addon};`,
      ...bundles.map(
        (one) => `let ${one} = loadWithCodeCache(module, '${one}.cjs', '${builds[one]}');`,
      ),
      `${bundles.at(-1)}.${main}(saveCodeCache);`,
    ];
    const made = [
      await build({ ...entry, entryPoints, plugins: elsewhere([]) }),
      await build({
        ...entry,
        stdin: { contents: contents.join('\n'), resolveDir: dist, sourcefile: `${name}.js` },
        outdir: undefined,
        outfile: path.join(out, `${name}.cjs`),
        format: 'cjs',
        plugins: [asItIs],
      }),
    ];
    for (const { outputFiles } of made) {
      for (const { path: file, text } of outputFiles) {
        written.set(file, file.endsWith('.map') ? withoutMade(text, out) : withPlainBuiltins(text));
      }
    }
  }
  for (const [file, text] of written) writeFileSync(file, text);
  for (const module of modules) {
    const file = path.join(dist, module);
    rmSync(`${file}.map`, { force: true });
    writeFileSync(file, stub(module, path.dirname(file)));
  }
  return modules;
}
