// Verdict: the answer to a question that could be judged.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace isotrace::core {

struct Verdict {
  enum class Kind : std::uint8_t { accepted, rejected, undecided };

  Kind kind = Kind::undecided;
  std::string reason;  ///< empty when accepted

  static Verdict accept() { return {Kind::accepted, {}}; }
  static Verdict reject(std::string why) { return {Kind::rejected, std::move(why)}; }
  static Verdict leave_undecided(std::string why) { return {Kind::undecided, std::move(why)}; }

  [[nodiscard]] bool accepted() const { return kind == Kind::accepted; }
};

inline std::string_view verdict_name(Verdict::Kind kind) {
  switch (kind) {
    case Verdict::Kind::accepted: return "accepted";
    case Verdict::Kind::rejected: return "rejected";
    case Verdict::Kind::undecided: return "undecided";
  }
  return "undecided";
}

}  // namespace isotrace::core
