exports.twice = (x) => x * 2;
exports.Model = class Model {
  constructor(k) {
    this.k = k;
  }
  predict(x) {
    return this.k * x;
  }
};
exports.k = 4;
exports.scaled = function scaled(x) {
  return this.k * x;
};
// What no worker could be sent.
exports.own = Symbol('own');
