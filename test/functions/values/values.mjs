export const values = [undefined, null, 0, '', NaN, false, -0, 0n];
export const [u, n, z, e, nan, f, nz, bz] = values;
export default undefined;
