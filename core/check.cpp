#include <isotrace/core/check.hpp>

#include <cstdio>
#include <cstdlib>

namespace isotrace::core {

void fail_check(const char* expression, const char* file, int line, const std::string& values) {
  std::fprintf(stderr, "isotrace: internal error: %s failed at %s:%d, values:%s\n", expression,
               file, line, values.empty() ? " none" : values.c_str());
  std::abort();
}

}  // namespace isotrace::core
