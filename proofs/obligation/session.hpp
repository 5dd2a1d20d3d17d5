// Functions called in the state that instantiation has left, and what they leave. Trust: part of
// the trusted base.
#pragma once

#include <memory>

#include <isotrace/proofs/obligation/machine.hpp>
#include <isotrace/proofs/obligation/obligation.hpp>

namespace isotrace::proofs::obligation {

/// A module and what instantiation makes of it.
struct Subject {
  wasm::Module module;
  InitialInstance instance;
  std::unique_ptr<MemoryTerms> memory;
};

/// `given`: nothing if an arbitrary memory is a variable; else it has these bytes.
core::Result<std::unique_ptr<Subject>> make_subject(bits::TermPool& pool, const core::Bytes& module,
                                                    const FunctionClaim& claim,
                                                    const FunctionInputs* given);

/// A machine and the state in which its module can be called.
class Session {
 public:
  Session(bits::TermPool& pool, const Subject& subject, FloatTerms& floats, std::uint32_t unwind);

  core::Result<core::Done> start();
  /// In the state that the call before has left. No results: no call of it returns.
  core::Result<core::Done> call(std::uint32_t function, const std::vector<bits::Term>& arguments);

  [[nodiscard]] bool returns() const { return path_.has_value(); }
  [[nodiscard]] const std::vector<bits::Term>& results() const { return results_; }
  [[nodiscard]] bits::Term trapped() const { return machine_.ends().trapped; }
  [[nodiscard]] bits::Term cut() const { return machine_.ends().cut; }

  [[nodiscard]] const Subject& subject() const { return subject_; }
  /// What start() left.
  [[nodiscard]] const Path& before() const { return before_; }
  /// What the calls left; only if they return.
  [[nodiscard]] const Path& after() const { return *path_; }

 private:
  bits::TermPool& pool_;
  const Subject& subject_;
  Machine machine_;
  std::optional<Path> path_;
  Path before_;
  std::vector<bits::Term> results_;
};

/// Whether the calls of two sessions, which return, have left something different in what one of
/// them has changed: the byte of memory at `place` if `compared`, the number of pages, globals that
/// can change. Of two modules those globals are compared that both export under one name.
/// `compared` says no of every place in [low, high), so that stores there need not be followed.
bits::Term effects_differ(bits::TermPool& pool, const Session& a, const Session& b,
                          bits::Term place, bits::Term compared, std::uint64_t low,
                          std::uint64_t high);

}  // namespace isotrace::proofs::obligation
