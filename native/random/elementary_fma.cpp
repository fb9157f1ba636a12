// The elementary functions with the processor's own fused multiply-add; compiled with the options
// that CMakeLists.txt names for this file.
#include "random/elementary.h"

#if defined(__FMA__)
#include "random/elementary_impl.h"

namespace heddle::random::elementary {

const Functions& fma_functions() {
  static constexpr Functions kFunctions = all_functions();
  return kFunctions;
}

}  // namespace heddle::random::elementary
#endif
