// The same for pools that import their worker.
export default (x) => x;
