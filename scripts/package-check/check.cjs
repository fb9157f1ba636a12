// What `require` gives must be the same module that `import` gives.
'use strict';

const assert = require('node:assert/strict');
const heddle = require('heddle');
const { Cluster } = require('heddle/cluster');
const { choleskySync } = require('heddle/linalg');

assert.ok(heddle.cpuCount() >= 1);
const factor = choleskySync({ data: Float64Array.of(4, 2, 2, 5), shape: [2, 2] });
assert.deepEqual([...factor.data], [2, 0, 1, 2]);
import('heddle/cluster').then((module) => assert.equal(module.Cluster, Cluster));
import('heddle').then((module) => {
  assert.equal(module.cpuCount, heddle.cpuCount);
  console.log('one module instance');
});
