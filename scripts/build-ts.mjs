// Compiles src/ with tsc, bundles what workers load, and writes the CommonJS shim of every entry
// point in package.json.
//
// A shim is one `require` of the ES module (Node 20.19 and later allow that), because two builds
// would be two module instances, each with its own idea of the thread limits. It is Node's own
// `require`, whatever stands in its place, found by way of the main context's globals: test runners
// that evaluate modules themselves (Jest in its CommonJS mode) can't load an ES module, and would make
// one instance for each test file.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundleWorkers } from './bundle-workers.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
rmSync(path.join(root, 'dist'), { recursive: true, force: true });
execFileSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', root], {
  cwd: root,
  stdio: 'inherit',
});

await bundleWorkers(path.join(root, 'dist'));

// src/inlined.ts says this to bundles of the ES modules; a shim in a bundle finds none of them.
const guard = path.join(root, 'dist/inlined.js');
const { INLINED, THROW } = await import(pathToFileURL(guard).href);

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const relative = (folder, file) => {
  const name = path.relative(folder, file).replaceAll('\\', '/');
  return name.startsWith('.') ? name : `./${name}`;
};
for (const entry of Object.values(manifest.exports)) {
  const shim = entry.require?.default;
  if (!shim) continue;
  const target = path.join(root, shim);
  const name = path.basename(entry.import.default);
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
    `module.exports = load('./${name}');`,
  ];
  writeFileSync(target, `${lines.join('\n')}\n`);
  writeFileSync(path.join(root, entry.require.types), `export * from './${name}';\n`);
}
