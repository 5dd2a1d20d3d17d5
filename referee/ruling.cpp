#include <isotrace/referee/ruling.hpp>

namespace isotrace::referee {

std::string_view standing_name(Standing standing) {
  switch (standing) {
    case Standing::unjudged: return "unjudged";
    case Standing::upheld: return "upheld";
    case Standing::wrong: return "wrong";
    case Standing::lied: return "lied";
    case Standing::failed: return "failed";
  }
  return "unjudged";
}

std::string_view verdict_name(Ruling::Verdict verdict) {
  switch (verdict) {
    case Ruling::Verdict::agree: return "agree";
    case Ruling::Verdict::decided: return "decided";
    case Ruling::Verdict::forfeited: return "forfeited";
    case Ruling::Verdict::host: return "host";
    case Ruling::Verdict::undecided: return "undecided";
  }
  return "undecided";
}

}  // namespace isotrace::referee
