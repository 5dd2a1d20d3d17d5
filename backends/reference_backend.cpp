// The reference as a backend: the definition itself, to compare others with.
#include <isotrace/backends/capability.hpp>
#include <isotrace/backends/make_backends.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/reference/evaluate.hpp>

namespace isotrace::backends {
namespace {

class ReferenceBackend final : public Backend {
 public:
  explicit ReferenceBackend(CapabilityMatrix matrix) : matrix_(std::move(matrix)) {}

  [[nodiscard]] BackendInfo info() const override {
    return {"reference", BackendState::available, "plain loops, 1 thread"};
  }

  [[nodiscard]] core::Result<core::Done> supports(
      const core::Node& node, std::span<const core::Dtype> operand_dtypes) const override {
    ISOTRACE_TRY_DONE(find_support(matrix_, node, operand_dtypes));
    return core::Done{};
  }

  core::Result<std::vector<core::Tensor>> run(const core::Node& node,
                                              core::Operands operands) override {
    const core::FloatEnvironment environment;
    ISOTRACE_TRY_DONE(core::check_float_environment());
    return reference::evaluate(node, operands);
  }

 private:
  CapabilityMatrix matrix_;
};

}  // namespace

core::Result<std::unique_ptr<Backend>> make_reference_backend(const BackendOptions& options) {
  if (!options.isa.empty()) {
    return core::refuse(core::RefusalCode::backend_unknown, "reference",
                        "has no instruction set '" + options.isa + "' to choose");
  }
  ISOTRACE_TRY(CapabilityMatrix matrix, capability_matrix("reference"));
  return std::make_unique<ReferenceBackend>(std::move(matrix));
}

}  // namespace isotrace::backends
