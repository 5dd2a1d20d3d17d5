// For what goes wrong after the answer has been printed.
#pragma once

#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// The same, but what is reported goes to standard error alone: with --json standard output already
/// has its one object.
inline Context only_talking(const Context& context) {
  Context talking = context;
  talking.json = false;
  return talking;
}

}  // namespace isotrace::tools
