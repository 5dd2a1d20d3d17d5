// What a search for a proof came to, in a word and as an exit code: the same of networks and of
// functions. Kind: proved, violated, undecided.
#pragma once

#include <string_view>

#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

template <class Kind>
std::string_view verdict_of(Kind kind) {
  switch (kind) {
    case Kind::proved: return "proved";
    case Kind::violated: return "violated";
    case Kind::undecided: return "undecided";
  }
  return "undecided";
}

template <class Kind>
int exit_code_of_outcome(Kind kind) {
  if (kind == Kind::undecided) return exit_undecided;
  return kind == Kind::proved ? exit_yes : exit_no;
}

}  // namespace isotrace::tools
