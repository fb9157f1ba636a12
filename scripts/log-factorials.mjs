// Computes the table of native/random/log_factorials.h: log(k!) for k up to 125, which the
// hypergeometric distribution reads as NumPy's does.
//
//   node scripts/log-factorials.mjs            writes the header
//   node scripts/log-factorials.mjs --check    fails where the header is not what this writes
//
// log(n) = log(n - 1) + 2 artanh(1 / (2n - 1)), in fixed-point integers with 256 fractional bits;
// each sum is rounded once, to the nearest double.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const BITS = 256n;
const ONE = 1n << BITS;
const COUNT = 126;

/** 2 artanh(1 / m). */
function twiceArtanh(m) {
  let power = ONE / m;
  let sum = 0n;
  for (let k = 1n; power !== 0n; k += 2n) {
    sum += power / k;
    power /= m * m;
  }
  return 2n * sum;
}

/** The nearest double to a fixed-point number of at least 0. */
function toNumber(fixed) {
  const length = fixed.toString(2).length;
  const shift = BigInt(Math.max(length - 55, 0));
  // 55 bits, the last of which also stands for all below it: rounding them is rounding the number.
  const sticky = (fixed & ((1n << shift) - 1n)) === 0n ? 0n : 1n;
  return Number((fixed >> shift) | sticky) * 2 ** Number(shift - BITS);
}

/** The header's text. */
export function logFactorialsHeader() {
  let log = 0n;
  let sum = 0n;
  const values = [0];
  for (let k = 1; k < COUNT; k++) {
    if (k > 1) log += twiceArtanh(BigInt(2 * k - 1));
    sum += log;
    values.push(toNumber(sum));
  }

  return `// Written by scripts/log-factorials.mjs, which tells how; do not edit.
#pragma once

#include <array>

namespace heddle::random {

// clang-format off
inline constexpr std::array<double, ${COUNT}> kLogFactorials = {
${values.map((value) => `    ${Number.isInteger(value) ? value.toFixed(1) : value},`).join('\n')}
};
// clang-format on

}  // namespace heddle::random
`;
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const file = path.resolve(
    path.dirname(fileURLToPath(import.meta.url)),
    '../native/random/log_factorials.h',
  );
  if (process.argv.includes('--check')) {
    if (readFileSync(file, 'utf8') !== logFactorialsHeader()) {
      console.error(`${file} is not what this computes: run node scripts/log-factorials.mjs`);
      process.exit(1);
    }
  } else {
    writeFileSync(file, logFactorialsHeader());
  }
}
