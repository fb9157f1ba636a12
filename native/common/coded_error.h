// Errors that say by a code what went wrong, for the one place that hands them to JavaScript.
#pragma once

#include <stdexcept>
#include <string>

namespace heddle {

// `code` is what the JavaScript error's property of that name is to be: ERR_HEDDLE_….
class CodedError : public std::runtime_error {
 public:
  CodedError(const char* code, const std::string& what) : std::runtime_error(what), code_(code) {}
  const char* code() const { return code_; }

 private:
  const char* code_;  // a literal
};

}  // namespace heddle
