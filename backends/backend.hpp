// A backend executes single operations and must give the bits of reference::evaluate. What it
// cannot do exactly it refuses; there is no silent fallback.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <isotrace/backends/remote_tensor.hpp>
#include <isotrace/core/program.hpp>

namespace isotrace::backends {

enum class BackendState : std::uint8_t { available, device_absent };

struct BackendInfo {
  std::string name;  ///< "reference", "cpu"
  BackendState state;
  std::string device;  ///< what it runs on: "x86-64 avx512, 2 threads"
};

struct BackendOptions {
  unsigned threads = 1;  ///< worker threads, at least 1
  std::string isa;       ///< "" = best available; "avx2", "avx512": exactly this, or refused
};

/// A step of a chain. All but the first take the result of the step before: operand `chained`,
/// which is not among `operands`.
struct ChainStep {
  const core::Node& node;
  core::Operands operands;
  std::size_t chained;
};

class Backend {
 public:
  virtual ~Backend() = default;
  [[nodiscard]] virtual BackendInfo info() const = 0;
  /// Whether run() does this operation for these element types (one per operand; absent operands
  /// left out); refuses backend_operation_unsupported or operation_dtype_unsupported otherwise.
  [[nodiscard]] virtual core::Result<core::Done> supports(
      const core::Node& node, std::span<const core::Dtype> operand_dtypes) const = 0;
  /// One tensor per output. Sets up the floating-point environment itself.
  virtual core::Result<std::vector<core::Tensor>> run(const core::Node& node,
                                                      core::Operands operands) = 0;
  /// How many bytes the results of the next run() take at most, as the operation has it: for a
  /// backend that copies them out of somebody else's memory, so that it takes none for more.
  virtual void limit_results(std::uint64_t /*bytes*/) {}
  /// Whether the last run() was not this backend's own, but that of one behind it
  /// (fallback_backend.hpp).
  [[nodiscard]] virtual bool fell_back() const { return false; }
  /// Whether run_remote ever gives results.
  [[nodiscard]] virtual bool keeps_results() const { return false; }
  /// Whether run_remote takes this operand of the node as an earlier run_remote has left it.
  [[nodiscard]] virtual bool takes_remote(const core::Node&, std::size_t /*operand*/) const {
    return false;
  }
  /// run() with results that stay with the backend. Where `remote` holds an operand, its view tells
  /// type and shape alone, and takes_remote has said yes. Nothing where the backend does not do it
  /// so, or fails; then run() is asked, with all elements, and it is left to run() to refuse.
  virtual std::optional<RemoteResults> run_remote(const core::Node&, core::Operands,
                                                  RemoteOperands /*remote*/) {
    return std::nullopt;
  }
  /// How many of these nodes, from the first on, run_chain might take at once; at least 1. Each but
  /// the first reads the result of the one before it, once, and nobody else does.
  [[nodiscard]] virtual std::size_t chain_length(std::span<const core::Node>) const { return 1; }
  /// The result of the last step, with the bits that the steps have one by one, without keeping the
  /// results between. Nothing where the backend does not compute them as one; so it is left to
  /// run() to refuse.
  virtual std::optional<core::Tensor> run_chain(std::span<const ChainStep>) { return std::nullopt; }
  /// How many threads share() has, the caller's among them; 0: none to lend.
  [[nodiscard]] virtual unsigned shared_threads() const { return 0; }
  /// Lends the threads that run() computes with between two calls of it: task(i) for every i below
  /// `count`, in any order. Returns when all are done. Tasks must neither throw nor ask the
  /// backend. Only where shared_threads() is not 0.
  virtual void share(std::size_t /*count*/, const std::function<void(std::size_t)>& /*task*/) {}
  /// Says that these tensors neither move nor change until they are released, so that the backend
  /// may keep them in the form that it computes with. Holds of the same tensors add up.
  virtual void hold_constants(std::span<const core::Tensor>) {}
  virtual void release_constants(std::span<const core::Tensor>) {}
};

/// Holds constants as long as it lives; backend and tensors must outlive it. A run holds those of
/// its program; who runs one program often holds them around all runs.
class ConstantsHold {
 public:
  ConstantsHold(Backend& backend, std::span<const core::Tensor> constants)
      : backend_(backend), constants_(constants) {
    backend_.hold_constants(constants_);
  }
  ~ConstantsHold() { backend_.release_constants(constants_); }
  ConstantsHold(const ConstantsHold&) = delete;
  ConstantsHold& operator=(const ConstantsHold&) = delete;

 private:
  Backend& backend_;
  std::span<const core::Tensor> constants_;
};

/// Names of all backends compiled in, in the order `isotrace backends` lists them.
std::vector<std::string> backend_names();
/// Refuses backend_unknown, device_absent.
core::Result<std::unique_ptr<Backend>> make_backend(std::string_view name,
                                                    const BackendOptions& options);

}  // namespace isotrace::backends
