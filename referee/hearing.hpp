// One dispute while it is heard: the two sides, what they have committed to, and what has been
// found so far (internal to the referee).
#pragma once

#include <array>
#include <functional>
#include <variant>

#include <isotrace/referee/judge.hpp>
#include <isotrace/trace/record.hpp>

namespace isotrace::referee {

/// What a leaf turned out to be.
using Outputs = std::vector<trace::NamedRecord>;
using LeafRecord = std::variant<trace::StepRecord, Outputs, trace::StateRecord>;

struct Side {
  Party& party;
  Finding& finding;
  core::Digest root = {};
  std::uint64_t leaves = 0;
  trace::TraceIdentity identity = {};
  std::vector<core::Digest> peaks = {};

  /// Records why it loses; the first reason counts.
  void blame(Standing standing, std::string reason) const {
    if (!finding.at_fault()) finding = {standing, std::move(reason)};
  }
  void uphold(std::string reason) const {
    if (!finding.at_fault()) finding = {Standing::upheld, std::move(reason)};
  }
};

struct Hearing {
  Ruling& ruling;
  backends::Backend& reference;
  const JudgeLimits& limits;
  Side a;
  Side b;

  [[nodiscard]] std::array<Side*, 2> sides() { return {&a, &b}; }
  /// What both have committed to.
  [[nodiscard]] const trace::TraceIdentity& identity() const { return a.identity; }
  void leave_undecided(std::string reason) {
    if (ruling.reason.empty()) ruling.reason = std::move(reason);
  }
};

/// The value; or nothing, and the side has failed (unless what it offers is too large for us).
template <class T>
std::optional<T> take(const Side& side, Answer<T> answer) {
  if (answer) return *std::move(answer);
  static constexpr std::array<const char*, 4> what = {"did not answer in time", "disconnected",
                                                      "sent what is not of the protocol",
                                                      "declined to answer"};
  const Fault& fault = answer.error();
  if (fault.kind == Fault::Kind::large) return std::nullopt;
  std::string reason = what[static_cast<std::size_t>(fault.kind)];
  if (!fault.detail.empty()) reason += ": " + fault.detail;
  side.blame(Standing::failed, std::move(reason));
  return std::nullopt;
}

/// The record in a message of a step, of outputs, or of a state of `program`; nothing for others.
std::optional<LeafRecord> parse_record(core::ByteView bytes, const core::Digest& program);
/// The digest that stands in a leaf.
core::Digest record_digest(const LeafRecord& record);

/// Asks for the commitment and checks it. False: the side has lost.
bool hear_commitment(Side& side);

/// The first leaf at which the two trees part, every answer checked against the roots. Nothing: a
/// side has lost.
std::optional<std::uint64_t> find_parting(Hearing& hearing);

/// Records of these leaves, which must lead to the side's root; nothing: the side has lost.
std::optional<std::vector<LeafRecord>> open_leaves(const Side& side,
                                                   std::span<const std::uint64_t> leaves);
std::optional<LeafRecord> open_leaf(const Side& side, std::uint64_t leaf);

/// Evidence from whoever has it: the first that `check` takes. Who sends something else has lied,
/// for what `what` names. Nothing: neither has shown it.
std::optional<core::Bytes> fetch_evidence(Hearing& hearing, const Evidence& evidence,
                                          const std::function<bool(core::ByteView)>& check,
                                          const std::string& what);

/// Judges leaf `leaf`, where the two part; the leaves before are equal.
void judge_tensor_leaf(Hearing& hearing, std::uint64_t leaf);
void judge_machine_leaf(Hearing& hearing, std::uint64_t leaf);

}  // namespace isotrace::referee
