#include <isotrace/proofs/export/trace_calls.hpp>

#include <algorithm>

#include <isotrace/core/merkle.hpp>
#include <isotrace/trace/machine_bytes.hpp>

#include "coq_theorem.hpp"
#include "fact_text.hpp"
#include "reading.hpp"

namespace isotrace::proofs {
namespace {

using core::Result;

constexpr std::size_t call_bytes_max = std::size_t{64} << 10;
constexpr std::size_t lines_max = std::size_t{1} << 16;

tl::unexpected<core::Refusal> unsupported(std::string detail) {
  return core::refuse(core::RefusalCode::export_unsupported, "host calls", std::move(detail));
}

Reading reading_of(const CallsFact& fact) {
  const std::string log = fact.before == core::Digest{}
                              ? "and no others before them"
                              : "behind a log with the digest " + fact.before.hex();
  return {
      "a run of WebAssembly with the root " + fact.root.hex() + " ended having made these " +
          std::to_string(fact.calls.size()) + " calls of host functions, " + log,
      "exists path, merkle(path, sha256(front, chain(before, calls))) = root, and path is that of "
      "the last of " +
          std::to_string(fact.leaves) + " leaves"};
}

std::string spec_text(const CallsFact& fact) {
  std::string text =
      "(* The statement: the calls of host functions with which a run of WebAssembly ended.\n   " +
      reading_text(reading_of(fact)) +
      " *)\n"
      "From Coq Require Import NArith List.\nFrom Isotrace.Trace Require Import Merkle Chain.\n"
      "Import ListNotations.\nLocal Open Scope N_scope.\n\n"
      "(* Of each call: function, arguments, results, trap, writes. *)\n"
      "Definition calls : list (list N) :=\n  [";
  for (std::size_t i = 0; i < fact.calls.size(); ++i)
    text += (i == 0 ? "" : ";\n   ") + coq_bytes(fact.calls[i]);
  return text + "].\n(* The digest of the log before them" +
         (fact.before == core::Digest{} ? ", which was empty" : "") +
         ". *)\nDefinition before : list N :=\n  " + coq_bytes(fact.before.view()) +
         ".\n(* The last state, up to the number of all host calls. *)\n"
         "Definition front : list N :=\n  " +
         coq_bytes(fact.front) + ".\nDefinition root : list N :=\n  " +
         coq_bytes(fact.root.view()) +
         ".\n\nDefinition statement : Prop := ends_with_calls front before calls " +
         std::to_string(fact.leaves) + " root.\n";
}

std::string proof_text(const CallsFact& fact) {
  const std::string place = "(front ++ log_after calls before) (" + std::to_string(fact.leaves) +
                            " - 1) " + std::to_string(fact.leaves);
  return "From Coq Require Import NArith List.\nFrom Isotrace.Trace Require Import Merkle Chain.\n"
         "From Isotrace.Gen Require Import Spec_calls.\n"
         "From Isotrace.Gen Require Import Cert_calls.\nLocal Open Scope N_scope.\n\n"
         "Lemma checked : leads_to_root path " +
         place +
         " root = true.\nProof. vm_cast_no_check (eq_refl true). Qed.\n\n"
         "Theorem proof : statement.\nProof. exact (led_to_root path " +
         place + " root checked). Qed.\nPrint Assumptions proof.\n";
}

}  // namespace

Result<CallsFact> make_calls_fact(const trace::Trace& trace, std::uint64_t count) {
  if (!trace.machine.state) return unsupported("the trace is not of a whole run of WebAssembly");
  const std::vector<trace::HostCallRecord>& all = trace.machine.host_calls;
  if (count > all.size())
    return unsupported("the run has " + std::to_string(all.size()) + " of them");
  CallsFact fact;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i < all.size() - count) {
      fact.before = trace::extend_host_log(fact.before, all[i]);
      continue;
    }
    fact.calls.push_back(trace::host_call_bytes(all[i]));
    bytes += fact.calls.back().size();
    if (bytes > call_bytes_max) return unsupported("more than 64 KiB are asked for");
  }
  fact.front = trace::state_bytes(*trace.machine.state);
  fact.front.resize(fact.front.size() - fact.before.view().size());
  const std::vector<core::Digest> leaves = trace::trace_leaves(trace);
  fact.leaves = leaves.size();
  fact.root = trace.root;
  fact.path = core::merkle_inclusion_proof(leaves, leaves.size() - 1);
  return fact;
}

core::Bytes write_calls_fact(const CallsFact& fact) {
  std::string text = "isotrace.calls 1\nleaves " + std::to_string(fact.leaves) + "\nroot " +
                     fact.root.hex() + "\nfront " + core::to_hex(fact.front) + "\nbefore " +
                     fact.before.hex() + "\n";
  for (const core::Bytes& call : fact.calls) text += "call " + core::to_hex(call) + "\n";
  for (const core::Digest& digest : fact.path) text += "path " + digest.hex() + "\n";
  return {text.begin(), text.end()};
}

Result<CallsFact> parse_calls_fact(core::ByteView bytes) {
  const std::vector<std::string_view> lines = lines_of(core::as_text(bytes), lines_max);
  if (lines.size() < 5 || lines[0] != "isotrace.calls 1") return malformed_fact(0, "no calls");
  const auto leaves = number_after(lines[1], "leaves");
  const auto root = digest_after(lines[2], "root");
  const auto front = bytes_after(lines[3], "front");
  const auto before = digest_after(lines[4], "before");
  if (!leaves || !root || !front || !before || *leaves < 2)
    return malformed_fact(1, "leaves, root, front or before");
  CallsFact fact{*leaves, *root, *front, *before, {}, {}};
  for (std::size_t i = 5; i < lines.size(); ++i) {
    const auto call = bytes_after(lines[i], "call");
    const auto digest = digest_after(lines[i], "path");
    if (!call && !digest) return malformed_fact(i, "neither a call nor a digest");
    if (call) fact.calls.push_back(*call);
    if (digest) fact.path.push_back(*digest);
  }
  const core::Bytes again = write_calls_fact(fact);
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()))
    return malformed_fact(lines.size(), "not as it would be written");
  return fact;
}

Bundle export_coq_calls(const CallsFact& fact) {
  Bundle bundle;
  bundle.subjects.root = fact.root;
  bundle.files.push_back({std::string(bundle_calls_path), write_calls_fact(fact)});
  add_theorem(bundle, {"calls", "trace.chain", "sha256-chain", "trace", "Isotrace.Trace",
                       spec_text(fact), coq_path(fact.path), proof_text(fact), reading_of(fact)});
  return bundle;
}

}  // namespace isotrace::proofs
