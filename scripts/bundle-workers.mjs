// Puts the modules that a worker loads before its first task into one file.
//
// Node takes about a millisecond for each ES module, and a worker needs more than twenty. They are
// bundled as dist/backends/worker/core.js; in its old place each module exports what the bundle
// has, so that there is one instance of it whoever imports it: a task that imports heddle shares
// the worker's state. Each worker starts with a CommonJS file, which loads ES modules without the
// detours of the asynchronous loader.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

/** What finds its own file by `import.meta.url` stays where it is. */
const STAYS = new Set(['native.js']);

export async function bundleWorkers(dist) {
  const out = path.join(dist, 'backends/worker');
  const entries = ['process', 'thread'].map((name) => path.join(out, `${name}.js`));
  const places = {
    name: 'places',
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path: name, resolveDir, kind }) => {
        const file = path.resolve(resolveDir, name);
        if (kind !== 'dynamic-import' && !STAYS.has(path.relative(dist, file)))
          return { path: file };
        const relative = path.relative(out, file).split(path.sep).join('/');
        return { path: relative.startsWith('.') ? relative : `./${relative}`, external: true };
      });
    },
  };
  const settings = {
    absWorkingDir: dist,
    outdir: out,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    logLevel: 'warning',
  };
  const bundled = { ...settings, bundle: true, splitting: true, plugins: [places] };

  const probe = await build({ ...bundled, entryPoints: entries });
  const modules = Object.keys(probe.metafile.inputs).filter((name) => {
    return !entries.includes(path.join(dist, name));
  });
  const single = await build({ ...settings, outbase: dist, entryPoints: modules });
  const names = new Map();
  for (const { entryPoint, exports } of Object.values(single.metafile.outputs)) {
    if (entryPoint && exports.length > 0) names.set(entryPoint, exports);
  }
  const alias = (module, name) => `${module.replace(/\W/g, '_')}$${name}`;
  const list = (module, write) => names.get(module).map(write).join(', ');
  const core = [...names.keys()].map((module) => {
    return `export { ${list(module, (name) => `${name} as ${alias(module, name)}`)} } from './${module}';`;
  });
  const corePlugin = {
    name: 'core',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^core$/ }, () => ({ path: 'core', namespace: 'core' }));
      onLoad({ filter: /.*/, namespace: 'core' }, () => {
        return { contents: core.join('\n'), resolveDir: dist };
      });
    },
  };
  const result = await build({
    ...bundled,
    entryPoints: [
      ...entries.map((file) => ({ in: file, out: path.basename(file, '.js') })),
      'core',
    ],
    chunkNames: 'shared-[hash]',
    sourcemap: true,
    sourcesContent: false,
    plugins: [corePlugin, places],
  });
  for (const { path: file, contents } of result.outputFiles) writeFileSync(file, contents);
  for (const module of modules) {
    const file = path.join(dist, module);
    rmSync(`${file}.map`, { force: true });
    if (!names.has(module)) {
      writeFileSync(file, 'export {};\n');
      continue;
    }
    const from = path.relative(path.dirname(file), path.join(out, 'core.js')).replaceAll('\\', '/');
    const target = from.startsWith('.') ? from : `./${from}`;
    writeFileSync(
      file,
      `export { ${list(module, (name) => `${alias(module, name)} as ${name}`)} } from '${target}';\n`,
    );
  }
  const addon = {
    process: 'process.argv[2]',
    thread: "require('node:worker_threads').workerData.addon",
  };
  for (const [name, where] of Object.entries(addon)) {
    const lines = [
      "'use strict';",
      '// The parent has found the addon: see src/native.ts.',
      `globalThis[Symbol.for('heddle.addon')] = ${where};`,
      `require('./${name}.js');`,
    ];
    writeFileSync(path.join(out, `${name}.cjs`), `${lines.join('\n')}\n`);
  }
}
