// Computes the polynomial of native/random/mt19937_jump.h: by it MT19937 jumps over 2^128 outputs.
//
//   node scripts/mt19937-jump.mjs            writes the header
//   node scripts/mt19937-jump.mjs --check    fails where the header is not what this writes
//
// A step of the generator is a linear map over GF(2) of its 19937 bits of state, with a
// characteristic polynomial p of that degree. Any bit of the outputs is a linear recurrence with it,
// so Berlekamp and Massey's algorithm gives p from 2 × 19937 of them. Jumping is applying
// x^(2^128) mod p, which 128 squarings of x give.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const DEGREE = 19937;
const WORDS = Math.ceil((2 * DEGREE + 64) / 32);

const newPolynomial = () => new Uint32Array(WORDS);
const bit = (a, i) => (a[i >>> 5] >>> (i & 31)) & 1;
const setBit = (a, i) => {
  a[i >>> 5] |= 1 << (i & 31);
};

/** a += b x^shift, of which the first `length` bits of b count. */
function addShifted(a, b, shift, length) {
  const words = shift >>> 5;
  const bits = shift & 31;
  const end = Math.min((length >>> 5) + 1, WORDS - words - 1);
  for (let i = 0; i < end; i++) {
    if (b[i] === 0) continue;
    a[i + words] ^= b[i] << bits;
    if (bits !== 0) a[i + words + 1] ^= b[i] >>> (32 - bits);
  }
}

/** The lowest bits of outputs; tempering is linear too, so that the words do as well. */
function outputs(count) {
  const key = new Uint32Array(624);
  key[0] = 5489;
  for (let i = 1; i < 624; i++) {
    key[i] = Math.imul(1812433253, key[i - 1] ^ (key[i - 1] >>> 30)) + i;
  }
  const bits = new Uint8Array(count);
  for (let n = 0; n < count; n++) {
    const at = n % 624;
    const y = (key[at] & 0x80000000) | (key[(at + 1) % 624] & 0x7fffffff);
    key[at] = key[(at + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    bits[n] = key[at] & 1;
  }
  return bits;
}

/** The connection polynomial of the shortest recurrence (Massey 1969), and its length. */
function recurrence(sequence) {
  const current = newPolynomial();
  let last = newPolynomial();
  setBit(current, 0);
  setBit(last, 0);
  let length = 0;
  let shift = 1;
  const recent = newPolynomial(); // bit i: the i-th last of the sequence
  for (let n = 0; n < sequence.length; n++) {
    for (let i = Math.min((length >>> 5) + 1, WORDS - 1); i > 0; i--) {
      recent[i] = (recent[i] << 1) | (recent[i - 1] >>> 31);
    }
    recent[0] = (recent[0] << 1) | sequence[n];
    let sum = 0;
    for (let i = 0; i <= length >>> 5; i++) sum ^= current[i] & recent[i];
    sum ^= sum >>> 16;
    sum ^= sum >>> 8;
    sum ^= sum >>> 4;
    sum ^= sum >>> 2;
    sum ^= sum >>> 1;
    if ((sum & 1) === 0) {
      shift++;
    } else if (2 * length > n) {
      addShifted(current, last, shift, DEGREE);
      shift++;
    } else {
      const kept = current.slice();
      addShifted(current, last, shift, DEGREE);
      length = n + 1 - length;
      last = kept;
      shift = 1;
    }
  }
  return { connection: current, length };
}

/** The header's text. */
export function jumpHeader() {
  const { connection, length } = recurrence(outputs(2 * DEGREE + 64));
  if (length !== DEGREE) throw new Error(`the recurrence has length ${length}`);
  const characteristic = newPolynomial();
  for (let i = 0; i <= DEGREE; i++) {
    if (bit(connection, i)) setBit(characteristic, DEGREE - i);
  }

  let power = newPolynomial();
  setBit(power, 1);
  for (let k = 0; k < 128; k++) {
    const square = newPolynomial();
    for (let i = 0; i < DEGREE; i++) {
      if (bit(power, i)) setBit(square, 2 * i);
    }
    for (let i = 2 * DEGREE - 2; i >= DEGREE; i--) {
      if (bit(square, i)) addShifted(square, characteristic, i - DEGREE, DEGREE);
    }
    power = square;
  }

  let top = DEGREE - 1;
  while (bit(power, top) === 0) top--;
  const values = [];
  for (let i = 0; i < 2 * Math.ceil(DEGREE / 64); i += 2) {
    const hex = (word) => word.toString(16).toUpperCase().padStart(8, '0');
    values.push(`0x${hex(power[i + 1])}${hex(power[i])}ULL`);
  }
  const lines = [];
  for (let i = 0; i < values.length; i += 4)
    lines.push(`    ${values.slice(i, i + 4).join(', ')},`);

  return `// Written by scripts/mt19937-jump.mjs, which tells how; do not edit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace heddle::random {

inline constexpr size_t kJumpDegree = ${top};

// x^(2^128) modulo the characteristic polynomial of a step; bit i is the coefficient of x^i.
// clang-format off
inline constexpr std::array<uint64_t, ${values.length}> kJumpPolynomial = {
${lines.join('\n')}
};
// clang-format on

}  // namespace heddle::random
`;
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const file = path.resolve(
    path.dirname(fileURLToPath(import.meta.url)),
    '../native/random/mt19937_jump.h',
  );
  if (process.argv.includes('--check')) {
    if (readFileSync(file, 'utf8') !== jumpHeader()) {
      console.error(`${file} is not what this computes: run node scripts/mt19937-jump.mjs`);
      process.exit(1);
    }
  } else {
    writeFileSync(file, jumpHeader());
  }
}
