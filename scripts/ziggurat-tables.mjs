// Computes the ziggurat tables of native/random/ziggurat_tables.h from their formulas.
//
//   node scripts/ziggurat-tables.mjs            writes the header
//   node scripts/ziggurat-tables.mjs --check    fails where the header is not what this writes
//
// Marsaglia and Tsang, "The Ziggurat Method for Generating Random Variables" (2000): 256 layers of
// equal area v under a falling density f. Layer i ends at x(i); the widest, the base, ends at
// x(255) = r and holds the tail as well, so
//
//   v = r f(r) + integral of f from r to infinity
//   f(x(i)) = f(x(i + 1)) + v / x(i + 1)          for i = 254 ... 1
//
// and r is where the topmost layer closes: f(x(1)) + v / x(1) = f(0) = 1. All this is worked out
// in fixed-point integers with 256 fractional bits and rounded once.
//
// To give NumPy's numbers the tables must also have NumPy's last bits. These follow from how its
// tables must have been made, which comparing values shows: that for normal doubles by the same
// recurrence in double precision, from r and v as doubles; the limits by rounding, but those for
// exponential doubles by cutting off at 52 bits. Five entries are one unit in the last place away
// from every such rule; they are listed as what they are.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const BITS = 256n;
const ONE = 1n << BITS;
const LAYERS = 256;

const fixed = (numerator, denominator = 1n) => (numerator * ONE) / denominator;
const mul = (a, b) => (a * b) >> BITS;
const div = (a, b) => (a << BITS) / b;

/** The nearest fixed-point number to a double. */
function fromNumber(x) {
  const scaled = Math.abs(x) * 2 ** 52;
  const value = (BigInt(Math.round(scaled)) << BITS) >> 52n;
  return x < 0 ? -value : value;
}

function squareRoot(a) {
  const target = a << BITS;
  let x = 1n << BigInt((target.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (x + target / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

/** e^x by halving the argument until its series converges fast. */
function exponential(x) {
  const halvings = 24n;
  const small = x >> halvings;
  let term = ONE;
  let sum = ONE;
  for (let k = 1n; term !== 0n && term !== -1n; k += 1n) {
    term = mul(term, small) / k;
    sum += term;
  }
  for (let k = 0n; k < halvings; k += 1n) sum = mul(sum, sum);
  return sum;
}

/** The natural logarithm by Newton's steps on e^y, from a double's. */
function logarithm(a) {
  let y = fromNumber(Math.log(Number(a >> (BITS - 52n)) / 2 ** 52));
  for (let step = 0; step < 4; step += 1) {
    const e = exponential(y);
    y += div(2n * (a - e), a + e);
  }
  return y;
}

function arctangentOfInverse(n) {
  let power = ONE / n;
  let sum = power;
  for (let k = 1n; power !== 0n; k += 1n) {
    power /= n * n;
    const term = power / (2n * k + 1n);
    sum += k % 2n === 0n ? term : -term;
  }
  return sum;
}

/** The integral of e^(-x²/2) from r to infinity: half of √(2π) less the series from 0 to r. */
function normalTail(r) {
  const pi = 4n * (4n * arctangentOfInverse(5n) - arctangentOfInverse(239n));
  const square = mul(r, r);
  let power = r;
  let sum = r;
  for (let k = 1n; power !== 0n && power !== -1n; k += 1n) {
    power = -mul(power, square) / (2n * k);
    sum += power / (2n * k + 1n);
  }
  return squareRoot(pi / 2n) - sum;
}

const NORMAL = {
  guess: 3.6541528853610088,
  density: (x) => exponential(-mul(x, x) / 2n),
  inverse: (y) => squareRoot(-2n * logarithm(y)),
  tail: normalTail,
};

const EXPONENTIAL = {
  guess: 7.69711747013105,
  density: (x) => exponential(-x),
  inverse: (y) => -logarithm(y),
  tail: (r) => exponential(-r),
};

/** The ends x(1) … x(255) of the layers for a base that ends at r, and how far the top misses 1. */
function layers(shape, r) {
  const area = mul(r, shape.density(r)) + shape.tail(r);
  const ends = new Array(LAYERS);
  ends[LAYERS - 1] = r;
  for (let i = LAYERS - 2; i >= 1; i -= 1) {
    const height = shape.density(ends[i + 1]) + div(area, ends[i + 1]);
    if (height >= ONE) return { area, ends, miss: fixed(BigInt(i)) };
    ends[i] = shape.inverse(height);
  }
  return { area, ends, miss: shape.density(ends[1]) + div(area, ends[1]) - ONE };
}

/** Solves for r by the secant rule. */
function solve(shape) {
  let a = fromNumber(shape.guess) - (ONE >> 40n);
  let b = fromNumber(shape.guess) + (ONE >> 40n);
  let missA = layers(shape, a).miss;
  let missB = layers(shape, b).miss;
  while (missA !== missB) {
    const next = b - (missB * (b - a)) / (missB - missA);
    const change = next > b ? next - b : b - next;
    [a, missA, b] = [b, missB, next];
    // What is left of the 256 bits after the roundings of 255 layers is far below a double's 53.
    if (change < 1n << 96n) break;
    missB = layers(shape, b).miss;
  }
  return b;
}

/** Rounds a fixed-point number divided by 2^shift to `precision` bits, to nearest, ties to even. */
function round(value, shift, precision) {
  const length = BigInt(value.toString(2).length);
  const drop = length - BigInt(precision);
  let digits = value;
  if (drop > 0n) {
    const half = 1n << (drop - 1n);
    const rest = value & ((1n << drop) - 1n);
    digits = value >> drop;
    if (rest > half || (rest === half && (digits & 1n) === 1n)) digits += 1n;
  }
  return Number(digits) * 2 ** Number((drop > 0n ? drop : 0n) - BITS - BigInt(shift));
}

/** The exact value of a double in fixed point. */
function exact(x) {
  let digits = x;
  let shift = 0n;
  for (; digits !== Math.floor(digits); shift += 1n) digits *= 2;
  return (BigInt(digits) << BITS) >> shift;
}

const nearest = (a, b, bits) => ((a << (BigInt(bits) + 1n)) / b + 1n) >> 1n;

/**
 * The tables of one density for draws of `bits` bits in numbers of `precision` bits:
 * a draw k of layer i gives x = k width[i], taken at once where k < limit[i]; height[i] is the
 * density at the layer's end.
 */
function table(shape, r, { area, ends }, bits, precision, limitOf = nearest) {
  const all = [div(area, shape.density(r)), ...ends.slice(1)];
  return {
    limit: all.map((end, i) => (i === 1 ? 0n : limitOf(all[(i + LAYERS - 1) % LAYERS], end, bits))),
    width: all.map((end) => round(end, bits, precision)),
    height: all.map((end, i) => (i === 0 ? 1 : round(shape.density(end), 0, precision))),
  };
}

/** The normal table in double precision, each operation rounded correctly. */
function normalDoubles() {
  const density = (x) => round(exponential(exact(-0.5 * x * x)), 0, 53);
  const inverse = (y) => Math.sqrt(2 * round(-logarithm(exact(y)), 0, 53));
  const area = 0.004928673233974652; // four units below v
  const width = new Array(LAYERS);
  const height = new Array(LAYERS);
  width[255] = 3.6541528853610088;
  height[255] = density(width[255]);
  for (let i = 254; i >= 1; i -= 1) {
    width[i] = inverse(area / width[i + 1] + height[i + 1]);
    height[i] = density(width[i]);
    if (i === 38) height[i] += 2 ** -53;
  }
  width[0] = area / height[255];
  height[0] = 1;
  const limit = width.map((x, i) => {
    if (i === 1) return 0n;
    const scaled = (width[(i + LAYERS - 1) % LAYERS] / x) * 2 ** 52;
    const floor = Math.floor(scaled);
    const up = scaled - floor > 0.5 || (scaled - floor === 0.5 && floor % 2 === 1);
    return BigInt(up ? floor + 1 : floor);
  });
  return { limit, width: width.map((x) => x * 2 ** -52), height };
}

/** All four tables with the ends of their base layers. */
export function zigguratTables() {
  const normalEnd = solve(NORMAL);
  const normal = layers(NORMAL, normalEnd);
  const exponentialEnd = solve(EXPONENTIAL);
  const falling = layers(EXPONENTIAL, exponentialEnd);
  const cut = (a, b, bits) => ((a << BigInt(bits - 1)) / b) << 1n;
  const result = {
    normal: normalDoubles(),
    normalFloat: table(NORMAL, normalEnd, normal, 23, 24),
    exponential: table(EXPONENTIAL, exponentialEnd, falling, 53, 53, cut),
    exponentialFloat: table(EXPONENTIAL, exponentialEnd, falling, 23, 24),
    normalEnd: round(normalEnd, 0, 53),
    inverseNormalEnd: round(div(ONE, normalEnd), 0, 53),
    exponentialEnd: round(exponentialEnd, 0, 53),
  };
  const { width, height } = result.exponentialFloat;
  width[226] += 2 ** -45;
  height[128] -= 2 ** -26;
  height[154] += 2 ** -26;
  height[171] -= 2 ** -27;
  return result;
}

/** The text of native/random/ziggurat_tables.h. */
export function zigguratHeader() {
  const tables = zigguratTables();
  const lines = [
    '// Written by scripts/ziggurat-tables.mjs, which tells the formulas; do not edit.',
    '#pragma once',
    '',
    '#include <cstdint>',
    '',
    'namespace heddle::random {',
    '',
    '// One layer: a draw k below `limit` gives k * width at once; `height` is the density at its end.',
    'template <typename Limit, typename Real>',
    'struct Layer {',
    '  Limit limit;',
    '  Real width;',
    '};',
    '',
    `inline constexpr double kNormalEnd = ${tables.normalEnd};`,
    `inline constexpr double kInverseNormalEnd = ${tables.inverseNormalEnd};`,
    `inline constexpr double kExponentialEnd = ${tables.exponentialEnd};`,
    '',
    '// clang-format off',
  ];
  for (const [name, title, limit, real, suffix] of [
    ['normal', 'Normal', 'uint64_t', 'double', ''],
    ['normalFloat', 'NormalFloat', 'uint32_t', 'float', 'F'],
    ['exponential', 'Exponential', 'uint64_t', 'double', ''],
    ['exponentialFloat', 'ExponentialFloat', 'uint32_t', 'float', 'F'],
  ]) {
    const { limit: limits, width, height } = tables[name];
    const number = (x) => `${Number.isInteger(x) ? `${x}.0` : x}${suffix}`;
    const digits = (k) => `0x${k.toString(16).toUpperCase()}U${limit === 'uint64_t' ? 'LL' : ''}`;
    lines.push(`inline constexpr Layer<${limit}, ${real}> k${title}Layers[256] = {`);
    for (let i = 0; i < LAYERS; i += 1) {
      lines.push(`    {${digits(limits[i])}, ${number(width[i])}},`);
    }
    lines.push('};', `inline constexpr ${real} k${title}Heights[256] = {`);
    for (let i = 0; i < LAYERS; i += 4) {
      lines.push(
        `    ${height
          .slice(i, i + 4)
          .map(number)
          .join(', ')},`,
      );
    }
    lines.push('};', '');
  }
  lines.push('// clang-format on', '', '}  // namespace heddle::random', '');
  return lines.join('\n');
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const file = path.resolve(
    path.dirname(fileURLToPath(import.meta.url)),
    '../native/random/ziggurat_tables.h',
  );
  if (process.argv.includes('--check')) {
    if (readFileSync(file, 'utf8') !== zigguratHeader()) {
      console.error(`${file} is not what its formulas give: run node scripts/ziggurat-tables.mjs`);
      process.exit(1);
    }
  } else {
    writeFileSync(file, zigguratHeader());
  }
}
