exports.twice = (x) => x * 2;
exports.Model = class Model {
  constructor(k) {
    this.k = k;
  }
  predict(x) {
    return this.k * x;
  }
};
