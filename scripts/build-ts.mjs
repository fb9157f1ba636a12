// Compiles src/ with tsc, bundles what workers and programs load, and writes the entry points in
// package.json: for `import` and `require` the same bundle, because two builds would be two
// libraries, each with its own idea of the thread limits.
//
// A CommonJS entry loads it by Node's own `require`, whatever stands in its place, found by way of
// the main context's globals: test runners that evaluate modules themselves (Jest in its CommonJS
// mode) would make one library for each test file.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleLibrary } from './bundle-library.mjs';
import { bundlePage } from './bundle-page.mjs';
import { bundleWorkers } from './bundle-workers.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
rmSync(path.join(root, 'dist'), { recursive: true, force: true });
execFileSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', root], {
  cwd: root,
  stdio: 'inherit',
});

// src/inlined.ts says this to bundles of the ES modules; a CommonJS entry in a bundle finds none.
const guard = path.join(root, 'dist/inlined.js');
const { INLINED, THROW } = await import(pathToFileURL(guard).href);

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const dist = path.join(root, 'dist');
const relative = (folder, file) => {
  const name = path.relative(folder, file).replaceAll('\\', '/');
  return name.startsWith('.') ? name : `./${name}`;
};
await bundlePage(root);
const entries = Object.values(manifest.exports).filter((entry) => entry.require);
const inDist = (file) => path.relative(dist, path.join(root, file)).replaceAll('\\', '/');
const bundles = await bundleLibrary(
  dist,
  entries.map((entry) => inDist(entry.import.default)),
  await bundleWorkers(dist),
  'inlined.js',
);
for (const entry of entries) {
  const target = path.join(root, entry.require.default);
  const name = path.basename(entry.import.default);
  const bundle = bundles.get(inDist(entry.import.default));
  mkdirSync(path.dirname(target), { recursive: true });
  const lines = [
    "'use strict';",
    `const inlined = (vm) => vm.runInThisContext(${JSON.stringify(THROW)})(${JSON.stringify(INLINED)});`,
    // In a bundle that is an ES module there is no `require` either.
    "if (typeof __filename === 'undefined') inlined(process.getBuiltinModule('node:vm'));",
    "const vm = require('node:vm');",
    "const own = vm.runInThisContext('process');",
    "const { createRequire } = own.getBuiltinModule('node:module');",
    'const load = createRequire(__filename);',
    'try {',
    `  load.resolve('${relative(path.dirname(target), guard)}');`,
    '} catch {',
    '  inlined(vm);',
    '}',
    `module.exports = { ...load('${relative(path.dirname(target), bundle)}').entry };`,
  ];
  writeFileSync(target, `${lines.join('\n')}\n`);
  writeFileSync(path.join(root, entry.require.types), `export * from './${name}';\n`);
}
