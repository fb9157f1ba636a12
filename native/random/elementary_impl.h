// All elementary functions as the including file's instructions have them.
#pragma once

#include "random/elementary.h"
#include "random/elementary_doubles.h"
#include "random/elementary_floats.h"

namespace heddle::random::elementary {
namespace {

constexpr Functions all_functions() {
  return {exp_double, expm1_double, log_double,  log1p_double, pow_double,
          exp_float,  log_float,    log1p_float, pow_float};
}

}  // namespace
}  // namespace heddle::random::elementary
