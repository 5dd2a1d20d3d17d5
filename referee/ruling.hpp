// What a referee finds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <isotrace/trace/machine_record.hpp>

namespace isotrace::referee {

/// How one party stands at the end.
enum class Standing : std::uint8_t {
  unjudged,  ///< nothing is shown for or against it
  upheld,    ///< what it states where the two part is what follows from what they agree on
  wrong,     ///< what it states there is not
  lied,      ///< it gave evidence that its own root or digests contradict
  failed,    ///< it gave no usable answer
};

std::string_view standing_name(Standing standing);

struct Finding {
  Standing standing = Standing::unjudged;
  std::string reason;  ///< empty if unjudged

  /// Whether it loses.
  [[nodiscard]] bool at_fault() const { return standing > Standing::upheld; }
};

/// Where the two part.
struct Place {
  std::uint64_t leaf = 0;
  std::string kind;           ///< "identity", "step", "outputs", "state"
  std::uint64_t step = 0;     ///< of "step"; of "state": steps executed before
  std::string operation;      ///< executed or expected there; empty if unknown
  std::string agreed = {};    ///< of "state": the root before, as hex
  std::string expected = {};  ///< digest or root that follows, as hex; empty if unknown
  std::string stated_a = {};  ///< what the parties state there, as hex
  std::string stated_b = {};
};

/// A call of the host that the two made in one state and were answered differently: each has the
/// state that follows from its own answer, and no execution says what a host must answer.
struct HostDispute {
  std::uint64_t call = 0;                ///< calls of the host before this one
  std::string function;                  ///< "wasi_snapshot_preview1.random_get"; empty if unknown
  std::vector<std::uint64_t> arguments;  ///< as slots
  trace::HostCallRecord a;               ///< what each was answered
  trace::HostCallRecord b;
};

struct Ruling {
  enum class Verdict : std::uint8_t {
    agree,      ///< equal roots
    decided,    ///< somebody is wrong or lied
    forfeited,  ///< nobody is shown to be wrong, but somebody gave no usable answer
    host,       ///< the host answered the two differently: see `host`
    undecided,
  };
  Verdict verdict = Verdict::undecided;
  std::string reason;
  Finding a;
  Finding b;
  core::Digest root_a;  ///< zero if never stated
  core::Digest root_b;
  std::optional<Place> place;
  std::optional<HostDispute> host;
  std::uint64_t rounds = 0;      ///< questions that had to wait for the answers before
  std::uint64_t operations = 0;  ///< executed by the referee: at most 1
};

std::string_view verdict_name(Ruling::Verdict verdict);

}  // namespace isotrace::referee
