// Collects the checks of one verification in order. Trusted base; not for other rooms.
#pragma once

#include <concepts>

#include <isotrace/certificates/report.hpp>

namespace isotrace::certificates {

class CheckList {
 public:
  explicit CheckList(std::vector<Check>& checks) : checks_(checks) {}

  /// Notes the answer of one question and gives it back.
  bool require(bool good, std::string id, Outcome on_failure, std::string_view detail,
               std::string_view bound_by = {}) {
    checks_.push_back({std::move(id),
                       good ? CheckStatus::ok : CheckStatus::failed,
                       on_failure,
                       std::string(good ? std::string_view() : detail),
                       {},
                       {},
                       bound_by});
    return good;
  }

  /// The same with the detail as a function: it is asked only if there is something to say.
  template <std::invocable Detail>
  bool require(bool good, std::string id, Outcome on_failure, const Detail& detail,
               std::string_view bound_by = {}) {
    if (good) return require(good, std::move(id), on_failure, "", bound_by);
    return require(good, std::move(id), on_failure, detail(), bound_by);
  }

  /// Notes whether two values are the same, and both of them.
  bool compare(std::string id, Outcome on_failure, std::string expected, std::string actual,
               std::string_view bound_by) {
    const bool same = expected == actual;
    checks_.push_back({std::move(id), same ? CheckStatus::ok : CheckStatus::failed, on_failure,
                       same ? "" : "differs", std::move(expected), std::move(actual), bound_by});
    return same;
  }

  void skip(std::string id, std::string detail, std::string expected = {},
            std::string_view bound_by = {}) {
    checks_.push_back({std::move(id),
                       CheckStatus::skipped,
                       Outcome::nothing_verified,
                       std::move(detail),
                       std::move(expected),
                       {},
                       bound_by});
  }

 private:
  std::vector<Check>& checks_;
};

}  // namespace isotrace::certificates
