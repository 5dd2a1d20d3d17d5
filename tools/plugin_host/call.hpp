// One call of a plugin's `run`: its operands mapped, its results given out and taken back.
#pragma once

#include <isotrace/tools/plugin_host/abi_question.hpp>
#include <isotrace/tools/plugin_host/mapping.hpp>

namespace isotrace::tools {

class Call {
 public:
  /// `results_bytes_max` bounds the shared memory of the results. The request must outlive the
  /// call.
  Call(const backends::plugin::Request& request, std::uint64_t results_bytes_max);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// Makes the operands readable; false where memory does not suffice.
  bool map_operands();
  [[nodiscard]] const isotrace_call* get() const { return &call_; }
  /// What came of a run that returned `status`.
  backends::plugin::Reply judge(std::int32_t status) const;

 private:
  struct Result {
    backends::plugin::PlacedTensor tensor;
    std::uint64_t bytes;
    Mapping mapping;
  };
  // To be given to plugins, with this object as `host`.
  static void* give_result(void* host, std::uint32_t index, std::uint32_t dtype, std::uint32_t rank,
                           const std::int64_t* dims) noexcept;
  static void take_explanation(void* host, const char* text) noexcept;
  void* add_result(std::uint32_t index, core::Dtype dtype, core::Shape shape);

  const backends::plugin::Request& request_;
  std::uint64_t results_bytes_max_;
  AbiQuestion question_;
  std::vector<Mapping> mappings_;
  std::vector<isotrace_tensor> tensors_;
  std::vector<const isotrace_tensor*> operands_;
  std::vector<std::optional<Result>> results_;
  std::uint64_t results_end_ = 0;
  std::string misuse_;  // of give_result
  Explanation explanation_;
  isotrace_call call_{};
};

}  // namespace isotrace::tools
