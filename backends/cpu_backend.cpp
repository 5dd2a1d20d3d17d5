// The cpu backend: chooses instruction set and threads once, then sends each node to its SIMD
// kernel or to the reference loop, as the capability matrix says.
#include <mutex>
#include <new>

#include <isotrace/backends/capability.hpp>
#include <isotrace/backends/cpu/isa.hpp>
#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/backends/make_backends.hpp>
#include <isotrace/core/float_environment.hpp>

namespace isotrace::backends {
namespace {

std::vector<cpu::Scratch> make_scratch(unsigned threads) {
  std::vector<cpu::Scratch> scratch;
  const std::size_t level2_bytes = cpu::find_level2_bytes();
  for (unsigned i = 0; i < threads; ++i) scratch.emplace_back(level2_bytes);
  return scratch;
}

class CpuBackend final : public Backend {
 public:
  CpuBackend(cpu::Isa isa, std::unique_ptr<cpu::ThreadPool> pool, CapabilityMatrix matrix)
      : isa_(isa),
        kernels_(isa == cpu::Isa::avx512 ? cpu::kernels_avx512() : cpu::kernels_avx2()),
        vectors_(isa == cpu::Isa::avx512 ? cpu::vector_kernels_avx512()
                                         : cpu::vector_kernels_avx2()),
        math_(cpu::math_functions(isa)),
        conversions_(isa == cpu::Isa::avx512 ? cpu::conversion_kernels_avx512()
                                             : cpu::conversion_kernels_avx2()),
        integers_(cpu::choose_integer_kernels(isa, cpu::find_cpu_features())),
        pool_(std::move(pool)),
        scratch_(make_scratch(pool_->threads())),
        matrix_(std::move(matrix)) {}

  [[nodiscard]] BackendInfo info() const override {
    const unsigned threads = pool_->threads();
    const std::string_view no_amx =
        isa_ == cpu::Isa::avx512 ? cpu::find_amx().why_not : std::string_view();
    return {"cpu", BackendState::available,
            "x86-64 " + std::string(isa_name(isa_)) + ", bytes on " + integers_.name +
                (no_amx.empty() ? "" : " (not on AMX: " + std::string(no_amx) + ")") + ", " +
                std::to_string(threads) + (threads == 1 ? " thread" : " threads")};
  }

  [[nodiscard]] core::Result<core::Done> supports(
      const core::Node& node, std::span<const core::Dtype> operand_dtypes) const override {
    ISOTRACE_TRY_DONE(find_support(matrix_, node, operand_dtypes));
    return core::Done{};
  }

  core::Result<std::vector<core::Tensor>> run(const core::Node& node,
                                              core::Operands operands) override {
    // The pool serves one call at a time.
    const std::lock_guard lock(mutex_);
    const core::FloatEnvironment environment;
    ISOTRACE_TRY_DONE(core::check_float_environment());
    try {
      return dispatch(node, operands);
    } catch (const std::bad_alloc&) {
      return core::refuse(core::RefusalCode::limit_exceeded,
                          std::string(core::op_info(node.op).name),
                          "not enough memory for the result");
    }
  }

  [[nodiscard]] std::size_t chain_length(std::span<const core::Node> nodes) const override {
    return cpu::chain_length(nodes);
  }

  std::optional<core::Tensor> run_chain(std::span<const ChainStep> chain) override {
    const std::lock_guard lock(mutex_);
    const core::FloatEnvironment environment;
    if (!core::check_float_environment()) return std::nullopt;
    try {
      return cpu::run_chain(chain, make_engine());
    } catch (const std::bad_alloc&) {
      return std::nullopt;
    }
  }

  [[nodiscard]] unsigned shared_threads() const override { return pool_->threads(); }

  void share(std::size_t count, const std::function<void(std::size_t)>& task) override {
    const std::lock_guard lock(mutex_);
    pool_->run(count, [&](std::size_t index, unsigned) { task(index); });
  }

  void hold_constants(std::span<const core::Tensor> constants) override {
    const std::lock_guard lock(mutex_);
    for (const core::Tensor& constant : constants) constants_.hold(constant.bytes());
  }

  void release_constants(std::span<const core::Tensor> constants) override {
    const std::lock_guard lock(mutex_);
    for (const core::Tensor& constant : constants) constants_.release(constant.bytes());
  }

 private:
  [[nodiscard]] cpu::Engine make_engine() {
    return {kernels_, *pool_, scratch_, &constants_, vectors_, math_};
  }

  cpu::Outcome dispatch(const core::Node& node, core::Operands operands) {
    const cpu::Engine engine = make_engine();
    switch (node.op) {
      case core::Op::matmul:
        return cpu::run_or_ask_reference(cpu::try_matmul, node, operands, engine);
      case core::Op::gemm: return cpu::run_or_ask_reference(cpu::try_gemm, node, operands, engine);
      case core::Op::matmul_integer:
        return cpu::run_matmul_integer(node, operands, integers_, engine);
      case core::Op::qlinear_matmul:
        return cpu::run_qlinear_matmul(node, operands, {integers_, conversions_}, engine);
      case core::Op::conv_integer: return cpu::run_conv_integer(node, operands, integers_, engine);
      case core::Op::qlinear_conv:
        return cpu::run_qlinear_conv(node, operands, {integers_, conversions_}, engine);
      case core::Op::quantize_linear:
      case core::Op::dequantize_linear:
        return cpu::run_quantisation(node, operands, conversions_, engine);
      case core::Op::dynamic_quantize_linear:
        return cpu::run_dynamic_quantisation(node, operands, conversions_, engine);
      case core::Op::cast: return cpu::run_cast(node, operands, conversions_, engine);
      case core::Op::conv: return cpu::run_or_ask_reference(cpu::try_conv, node, operands, engine);
      case core::Op::batch_normalization:
        return cpu::run_batch_normalization(node, operands, engine);
      case core::Op::layer_normalization:
        return cpu::run_layer_normalization(node, operands, engine);
      case core::Op::softmax:
      case core::Op::log_softmax: return cpu::run_softmax(node, operands, math_, engine);
      case core::Op::reduce_sum:
      case core::Op::reduce_mean:
      case core::Op::reduce_max:
      case core::Op::reduce_min: return cpu::run_reduction(node, operands, engine);
      case core::Op::max_pool:
      case core::Op::average_pool: return cpu::run_pool(node, operands, engine);
      case core::Op::global_max_pool:
      case core::Op::global_average_pool: return cpu::run_global_pool(node, operands, engine);
      case core::Op::rnn:
      case core::Op::gru:
      case core::Op::lstm: return cpu::run_recurrent(node, operands, engine);
      case core::Op::transpose:
      case core::Op::split:
      case core::Op::slice:
      case core::Op::concat:
      case core::Op::gather:
      case core::Op::pad:
      case core::Op::expand:
      case core::Op::constant_of_shape: return cpu::run_movement(node, operands, engine);
      case core::Op::add:
      case core::Op::sub:
      case core::Op::mul:
      case core::Op::div:
      case core::Op::max:
      case core::Op::min:
      case core::Op::sum:
      case core::Op::neg:
      case core::Op::abs:
      case core::Op::reciprocal:
      case core::Op::sqrt:
      case core::Op::floor:
      case core::Op::ceil:
      case core::Op::clip:
      case core::Op::relu:
      case core::Op::leaky_relu:
      case core::Op::hard_sigmoid:
      case core::Op::softsign:
      case core::Op::where: return cpu::run_elementwise(node, operands, engine);
      default: return cpu::run_math(node, operands, math_, *pool_);
    }
  }

  cpu::Isa isa_;
  const cpu::Kernels& kernels_;
  const cpu::VectorKernels& vectors_;
  const cpu::MathFunctions& math_;
  const cpu::ConversionKernels& conversions_;
  const cpu::IntegerKernels& integers_;
  std::unique_ptr<cpu::ThreadPool> pool_;
  std::vector<cpu::Scratch> scratch_;
  cpu::PackedConstants constants_;
  CapabilityMatrix matrix_;
  std::mutex mutex_;
};

}  // namespace

core::Result<std::unique_ptr<Backend>> make_cpu_backend(const BackendOptions& options) {
  ISOTRACE_TRY(const cpu::Isa isa, cpu::choose_isa(options.isa, cpu::find_cpu_features()));
  ISOTRACE_TRY(auto pool, cpu::ThreadPool::make(options.threads));
  ISOTRACE_TRY(CapabilityMatrix matrix, capability_matrix("cpu"));
  return std::make_unique<CpuBackend>(isa, std::move(pool), std::move(matrix));
}

}  // namespace isotrace::backends
