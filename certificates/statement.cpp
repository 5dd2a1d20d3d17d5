#include <isotrace/certificates/statement.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include <isotrace/certificates/strict_json.hpp>
#include <isotrace/core/check.hpp>
#include <isotrace/core/merkle.hpp>

namespace isotrace::certificates {
namespace {

using core::Done;
using core::Result;

template <class Enum>
struct Names;
template <>
struct Names<Assurance> {
  static constexpr auto table =
      std::to_array<std::string_view>({"asserted", "sampled", "reproduced", "proved"});
};
template <>
struct Names<ClaimResult> {
  static constexpr auto table = std::to_array<std::string_view>({"HOLDS", "VIOLATED", "UNKNOWN"});
};
template <>
struct Names<ClaimMethod> {
  static constexpr auto table =
      std::to_array<std::string_view>({"none", "proof", "counterexample", "replay"});
};
template <>
struct Names<ClaimLevel> {
  static constexpr auto table =
      std::to_array<std::string_view>({"none", "exact_order", "any_order", "real"});
};
template <>
struct Names<StatementVerdict> {
  static constexpr auto table =
      std::to_array<std::string_view>({"PASSED", "FAILED", "INCONCLUSIVE"});
};
template <>
struct Names<ModelKind> {
  static constexpr auto table = std::to_array<std::string_view>({"file", "folder"});
};

template <class Enum>
std::string_view named(Enum value) {
  return Names<Enum>::table.at(static_cast<std::size_t>(value));
}

tl::unexpected<core::Refusal> refuse(std::string where, std::string detail) {
  return core::refuse(core::RefusalCode::certificate_malformed, std::move(where),
                      std::move(detail));
}

/// The assurance that a replay of this coverage has.
Assurance replay_assurance(const Claim& claim) {
  if (claim.result == ClaimResult::unknown) return Assurance::asserted;
  return claim.coverage->checked < claim.coverage->total ? Assurance::sampled
                                                         : Assurance::reproduced;
}

std::string find_replay_overclaim(const Claim& claim, const Statement& statement) {
  if (claim.property || claim.proof || claim.checker || !statement.trace) {
    return "must have a trace and nothing else";
  }
  if (claim.coverage.has_value() == (claim.result == ClaimResult::unknown)) {
    return "must have a coverage unless UNKNOWN";
  }
  if (claim.level != ClaimLevel::exact_order || claim.assurance != replay_assurance(claim)) {
    return "a replay speaks of the exact order; sampled or reproduced as it covers, unless UNKNOWN";
  }
  if (!claim.coverage) return {};
  // The denominator is the trace's, not the signer's.
  if (claim.coverage->total != steps_of(*statement.trace) ||
      claim.coverage->checked > claim.coverage->total) {
    return "the coverage is not of the steps of the trace";
  }
  if (claim.assurance == Assurance::sampled &&
      (claim.coverage->checked == 0 || statement.challenge.value.empty())) {
    return "a sample needs a step and a challenge";
  }
  return {};
}

/// Why a claim says more than what stands behind it; empty if it does not.
std::string find_overclaim(const Claim& claim, const Statement& statement) {
  const bool referenced = claim.property && claim.proof && claim.checker;
  if (claim.method != ClaimMethod::replay && claim.coverage) return "only replays cover steps";
  switch (claim.method) {
    case ClaimMethod::none:
      if (!claim.property || claim.proof || claim.checker) return "must have only a property";
      if (claim.result != ClaimResult::unknown || claim.assurance != Assurance::asserted ||
          claim.level != ClaimLevel::none) {
        return "nothing was done, so the result must be UNKNOWN";
      }
      return {};
    case ClaimMethod::proof:
      if (!referenced) return "must name property, proof and checker";
      if (claim.result != ClaimResult::holds || claim.assurance != Assurance::proved ||
          claim.level == ClaimLevel::none) {
        return "a checked proof gives HOLDS, proved, at a level";
      }
      return {};
    case ClaimMethod::counterexample:
      if (!referenced) return "must name property, proof and checker";
      if (claim.result == ClaimResult::holds || claim.level != ClaimLevel::exact_order ||
          claim.assurance != (claim.result == ClaimResult::violated ? Assurance::reproduced
                                                                    : Assurance::asserted)) {
        return "a counterexample gives VIOLATED if reproduced, otherwise UNKNOWN";
      }
      return {};
    case ClaimMethod::replay: return find_replay_overclaim(claim, statement);
  }
  return "unknown method";
}

/// Whether a property's text is short and plain enough to stand in a statement.
bool is_shown(std::string_view property_text) {
  bool shown = property_text.size() <= shown_text_max;
  for (const char c : property_text) {  // to the end, so that many are compared at once
    const bool white = (c == '\n') | (c == '\r') | (c == '\t');
    shown &= ((c >= 0x20) & (c <= 0x7e)) | white;
  }
  return shown;
}

Result<Done> check_plain(const std::string& text, const char* where) {
  if (text.size() > plain_bytes_max || !is_plain(text)) {
    return refuse(where, "must be at most " + std::to_string(plain_bytes_max) +
                             " characters of printable ASCII");
  }
  return Done{};
}

Result<Done> check_name(const std::string& text, const char* where) {
  if (text.empty()) return refuse(where, "must not be empty");
  return check_plain(text, where);
}

Result<Done> check_claims(const Statement& statement) {
  const auto& claims = statement.claims;
  for (auto at = claims.begin(); at != claims.end(); ++at) {
    const Claim& claim = *at;
    const auto refuse_claim = [&](std::string why) {
      return refuse("/predicate/claims " + quote(claim.id), std::move(why));
    };
    ISOTRACE_TRY_DONE(check_name(claim.id, "/predicate/claims/id"));
    const auto has_its_id = [&](const Claim& before) { return before.id == claim.id; };
    if (std::any_of(claims.begin(), at, has_its_id)) return refuse_claim("the id stands twice");
    if (std::string why = find_overclaim(claim, statement); !why.empty()) {
      return refuse_claim(std::move(why));
    }
    if (claim.property) {
      ISOTRACE_TRY_DONE(check_name(claim.property->language, "/predicate/claims/property/lang"));
      const std::string& text = claim.property->text;
      if (!text.empty() &&
          (!is_shown(text) || core::sha256(core::as_bytes(text)) != claim.property->sha256)) {
        return refuse_claim("the property text does not have the property's digest");
      }
    }
    if (claim.proof) ISOTRACE_TRY_DONE(check_name(claim.proof->format, "/predicate/claims/proof"));
    if (claim.checker) {
      ISOTRACE_TRY_DONE(check_name(claim.checker->name, "/predicate/claims/checker"));
      ISOTRACE_TRY_DONE(check_name(claim.checker->version, "/predicate/claims/checker"));
    }
  }
  return Done{};
}

Result<Done> check_lists(const Statement& statement) {
  if (statement.claims.size() > claims_max || statement.backends.size() > list_max ||
      statement.evidence.size() > list_max || statement.non_claims.size() > list_max) {
    return refuse("/predicate", "a list is too long");
  }
  for (const StatementBackend& backend : statement.backends) {
    if (backend.role != "recorded" && backend.role != "replayed") {
      return refuse("/predicate/backends/role", "must be recorded or replayed");
    }
    ISOTRACE_TRY_DONE(check_plain(backend.id, "/predicate/backends/id"));
    ISOTRACE_TRY_DONE(check_plain(backend.device, "/predicate/backends/device"));
    ISOTRACE_TRY_DONE(check_plain(backend.tool, "/predicate/backends/tool"));
  }
  for (const EvidenceReference& item : statement.evidence) {
    ISOTRACE_TRY_DONE(check_name(item.name, "/predicate/evidence/name"));
    ISOTRACE_TRY_DONE(check_name(item.media_type, "/predicate/evidence/mediaType"));
  }
  for (const std::string& sentence : statement.non_claims) {
    ISOTRACE_TRY_DONE(check_name(sentence, "/predicate/nonClaims"));
  }
  return Done{};
}

}  // namespace

std::string_view name_of(Assurance value) { return named(value); }
std::string_view name_of(ClaimResult value) { return named(value); }
std::string_view name_of(ClaimMethod value) { return named(value); }
std::string_view name_of(ClaimLevel value) { return named(value); }
std::string_view name_of(StatementVerdict value) { return named(value); }
std::string_view name_of(ModelKind value) { return named(value); }

template <class Enum>
std::optional<Enum> find_named(std::string_view name) {
  const auto& table = Names<Enum>::table;
  const auto* found = std::find(table.begin(), table.end(), name);
  if (found == table.end()) return std::nullopt;
  return static_cast<Enum>(found - table.begin());
}
template std::optional<Assurance> find_named(std::string_view);
template std::optional<ClaimResult> find_named(std::string_view);
template std::optional<ClaimMethod> find_named(std::string_view);
template std::optional<ClaimLevel> find_named(std::string_view);
template std::optional<StatementVerdict> find_named(std::string_view);
template std::optional<ModelKind> find_named(std::string_view);

ModelIdentity model_identity(const core::Program& program) {
  std::vector<core::Digest> leaves;
  for (const core::Tensor& constant : program.constants) {
    leaves.push_back(core::merkle_leaf(core::tensor_digest(constant.view()).view()));
  }
  return {core::program_digest(program), core::merkle_root(leaves), leaves.size()};
}

StatementVerdict verdict_of(const std::vector<Claim>& claims) {
  bool all_hold = !claims.empty();
  for (const Claim& claim : claims) {
    if (claim.result == ClaimResult::violated) return StatementVerdict::failed;
    all_hold = all_hold && claim.result == ClaimResult::holds;
  }
  return all_hold ? StatementVerdict::passed : StatementVerdict::inconclusive;
}

std::uint64_t steps_of(const StatementTrace& trace) {
  constexpr std::uint64_t other_leaves = 2;
  return trace.leaf_count < other_leaves ? 0 : trace.leaf_count - other_leaves;
}

std::vector<std::uint64_t> sample_steps(const core::Digest& root, std::string_view challenge,
                                        std::uint64_t count, std::uint64_t total) {
  ISOTRACE_CHECK(count <= total, count, total);
  core::ByteWriter seed;
  seed.text("isotrace.sample.v1").raw(root.view()).text(challenge);
  std::set<std::uint64_t> steps;
  for (std::uint64_t draw = 0; steps.size() < count; ++draw) {
    const core::Digest digest = core::sha256(core::ByteWriter(seed).u64(draw).bytes());
    const std::uint64_t number = *core::ByteReader(digest.view()).u64();
    // Numbers above the largest multiple of `total` would make small steps likelier.
    const std::uint64_t excess = (UINT64_MAX % total + 1) % total;
    if (number <= UINT64_MAX - excess) steps.insert(number % total);
  }
  return {steps.begin(), steps.end()};
}

std::optional<std::uint64_t> semantics_version(std::string_view id) {
  const auto dash = id.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  const std::string_view digits = id.substr(dash + 1);
  std::uint32_t version = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  if (error != std::errc{} || std::to_string(version) != digits) return std::nullopt;
  return version;
}

std::string shown_text(std::string_view property_text) {
  return is_shown(property_text) ? std::string(property_text) : "";
}

std::string plain_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    const bool plain = c >= 0x20 && c <= 0x7e && c != '%';
    const std::string piece = plain ? std::string(1, c) : "%" + core::to_hex({&byte, 1});
    if (out.size() + piece.size() > plain_bytes_max) break;
    out += piece;
  }
  return out;
}

Result<Done> check_statement(const Statement& statement) {
  ISOTRACE_TRY_DONE(check_name(statement.subject, "/subject/0/name"));
  ISOTRACE_TRY_DONE(check_name(statement.semantics, "/predicate/semantics/id"));
  if (!semantics_version(statement.semantics)) {
    return refuse("/predicate/semantics/id", "must end with a dash and a version");
  }
  if (statement.inputs.has_value() != statement.trace.has_value()) {
    return refuse("/predicate/inputs", "must stand if and only if there is a trace");
  }
  if (statement.claims.empty() && !statement.trace) {
    return refuse("/predicate", "neither a claim nor a trace");
  }
  ISOTRACE_TRY_DONE(check_name(statement.toolchain.name, "/predicate/toolchain/name"));
  ISOTRACE_TRY_DONE(check_name(statement.toolchain.version, "/predicate/toolchain/version"));
  ISOTRACE_TRY_DONE(check_name(statement.challenge.source, "/predicate/challenge/source"));
  ISOTRACE_TRY_DONE(check_plain(statement.challenge.value, "/predicate/challenge/value"));
  ISOTRACE_TRY_DONE(check_lists(statement));
  return check_claims(statement);
}

}  // namespace isotrace::certificates
