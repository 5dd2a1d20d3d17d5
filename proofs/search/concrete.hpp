// The judge of candidates: the program itself, run on the reference backend, and the property read
// exactly.
#pragma once

#include <memory>
#include <optional>

#include <isotrace/backends/backend.hpp>
#include <isotrace/core/program.hpp>
#include <isotrace/executor/execute.hpp>
#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/checker/property.hpp>

namespace isotrace::proofs::search {

/// The inputs of a program from their values, one after the other (dimensions of any size are 1).
/// Integers stand as the floats that they are. Refuses property_mismatch (other numbers or types of
/// elements).
core::Result<std::vector<executor::NamedTensor>> inputs_of(const core::Program& program,
                                                           std::span<const float> values);

/// The outputs of a program, one after the other, for such inputs. Refuses property_mismatch (also
/// for integers beyond 2^24) and what execution refuses.
core::Result<std::vector<float>> run_on_floats(const core::Program& program,
                                               std::span<const float> inputs,
                                               backends::Backend& backend,
                                               const executor::ExecuteLimits& limits = {});

class Judge {
 public:
  /// Refuses what make_backend refuses.
  static core::Result<Judge> make(const core::Program& program, const Property& property);

  /// The counterexample that these inputs are, if they are one. Refuses what execution refuses.
  core::Result<std::optional<Counterexample>> confirm(std::span<const float> inputs);

 private:
  Judge(const core::Program& program, const Property& property,
        std::unique_ptr<backends::Backend> backend)
      : program_(&program), property_(&property), backend_(std::move(backend)) {}

  const core::Program* program_;
  const Property* property_;
  std::unique_ptr<backends::Backend> backend_;
};

}  // namespace isotrace::proofs::search
