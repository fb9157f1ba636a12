// Computes for a while: `node busy.cjs PROBE SECONDS PROCESSES LIBRARY`, in so many processes.
'use strict';
const { fork } = require('node:child_process');

const [probeFile, seconds, processes, library] = process.argv.slice(2);
for (let index = 1; index < Number(processes); index++) {
  fork(__filename, [probeFile, seconds, '1', library]);
}
const probe = require(probeFile);
const blas = probe.load(library);
const end = Date.now() + 1000 * Number(seconds);
while (Date.now() < end) probe.product(blas, 300);
console.log('done');
