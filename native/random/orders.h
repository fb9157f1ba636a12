// Shuffles and samples.
//
// Shuffles go from the last element down and swap each with one at or before it. Samples without
// replacement are the end of a shuffle where they are large (Fisher and Yates), else made by
// Floyd's algorithm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "random/integer_fills.h"
#include "random/integers.h"

namespace heddle::random {

template <size_t Size, typename Source>
void swap_all(Source& source, unsigned char* data, size_t count, size_t stride) {
  unsigned char spare[Size];
  unsigned char other[Size];
  for (size_t i = count - 1; i >= 1; --i) {
    const size_t j = masked32(source, static_cast<uint32_t>(i));
    std::memcpy(spare, data + i * stride, Size);
    std::memcpy(other, data + j * stride, Size);
    std::memcpy(data + i * stride, other, Size);
    std::memcpy(data + j * stride, spare, Size);
  }
}

// Elements of any size.
template <typename Source>
void swap_elements(Source& source, unsigned char* data, size_t count, size_t size, size_t stride) {
  switch (size) {
    case 1:
      return swap_all<1>(source, data, count, stride);
    case 2:
      return swap_all<2>(source, data, count, stride);
    case 4:
      return swap_all<4>(source, data, count, stride);
    case 8:
      return swap_all<8>(source, data, count, stride);
    default: {
      std::vector<unsigned char> spare(size);
      for (size_t i = count - 1; i >= 1; --i) {
        const size_t j = masked32(source, static_cast<uint32_t>(i));
        if (i == j) continue;
        std::memcpy(spare.data(), data + i * stride, size);
        std::memcpy(data + i * stride, data + j * stride, size);
        std::memcpy(data + j * stride, spare.data(), size);
      }
    }
  }
}

// Shuffles the end of all numbers into place, and takes it.
template <typename Source>
void sample_tail(Source& source, double* out, uint64_t population, size_t count) {
  std::vector<uint32_t> narrow;
  std::vector<uint64_t> wide;
  const auto run = [&](auto& numbers) {
    using Number = typename std::decay_t<decltype(numbers)>::value_type;
    numbers.resize(population);
    for (size_t i = 0; i < population; ++i) numbers[i] = static_cast<Number>(i);
    const uint64_t first = population - count;
    for (uint64_t i = population - 1; i >= (first > 1 ? first : 1); --i) {
      std::swap(numbers[i], numbers[below(source, i)]);
    }
    for (size_t i = 0; i < count; ++i) out[i] = static_cast<double>(numbers[first + i]);
  };
  if (population <= 0xFFFFFFFFULL) {
    run(narrow);
  } else {
    run(wide);
  }
}

// Floyd's algorithm: each step takes a new number, or the largest so far if it was taken.
template <typename Source>
void sample_floyd(Source& source, double* out, uint64_t population, size_t count, bool shuffled) {
  uint64_t mask = 1;
  while (mask < count + count / 4) mask = 2 * mask + 1;
  constexpr uint64_t kEmpty = ~uint64_t{0};
  std::vector<uint64_t> taken(mask + 1, kEmpty);
  const auto add = [&](uint64_t number) {
    uint64_t place = (number * 0x9E3779B97F4A7C15ULL >> 20) & mask;
    while (taken[place] != kEmpty && taken[place] != number) place = (place + 1) & mask;
    if (taken[place] == number) return false;
    taken[place] = number;
    return true;
  };
  size_t i = 0;
  for (uint64_t top = population - count; top < population; ++top, ++i) {
    uint64_t number = below(source, top);
    if (!add(number)) {
      number = top;
      add(number);
    }
    out[i] = static_cast<double>(number);
  }
  if (!shuffled) return;
  for (size_t last = count - 1; last >= 1; --last) {
    std::swap(out[last], out[below(source, last)]);
  }
}

}  // namespace heddle::random
