#include "random/elementary.h"

#include "common/instructions.h"
#include "random/elementary_impl.h"

namespace heddle::random::elementary {

const Functions& baseline_functions() {
  static constexpr Functions kFunctions = all_functions();
  return kFunctions;
}

namespace {

Functions choose() {
#if defined(__x86_64__) && defined(__GNUC__)
  if (best_instructions() != Instructions::kBaseline) return fma_functions();
#endif
  return baseline_functions();
}

}  // namespace

const Functions functions = choose();

}  // namespace heddle::random::elementary
