// The task of bench/reduce.bench.ts: the sum of a chunk.
module.exports = (chunk) => chunk.reduce((a, b) => a + b);
