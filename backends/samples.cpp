#include <isotrace/backends/samples.hpp>

#include <isotrace/backends/samples/families.hpp>

namespace isotrace::backends {
namespace samples {
namespace {

/// Conv and its kin, Pool, ... stand in blocks of core/ops.def.
void add_samples(Op op, Dtype dtype, Maker& make) {
  const auto number = static_cast<int>(op);
  const auto between = [&](Op first, Op last) {
    return number >= static_cast<int>(first) && number <= static_cast<int>(last);
  };
  if (op == Op::cast) return add_casts(make);
  if (op == Op::bit_cast) return add_bit_casts(make);
  if (op == Op::pow) return add_powers(make);
  if (op == Op::clip) return make.add({}, list(make.data({40}), std::nullopt, make.data({})));
  if (op == Op::where) {
    return make.add({}, list(make.condition({3, 4}), make.data({3, 4}), make.data({4})));
  }
  if (op == Op::mod || op == Op::bit_shift || op == Op::is_inf || op == Op::gelu ||
      op == Op::shrink) {
    return add_modes(op, make);
  }
  if (op == Op::hardmax || between(Op::softmax, Op::layer_normalization) ||
      between(Op::instance_normalization, Op::lrn)) {
    return add_normalisations(op, make);
  }
  if (between(Op::rnn, Op::lstm)) return add_recurrent(op, make);
  if (op == Op::deform_conv || between(Op::max_unpool, Op::col2im)) return add_windows(op, make);
  if (between(Op::resize, Op::non_max_suppression)) return add_vision(op, make);
  if (between(Op::matmul, Op::conv_transpose)) return add_contractions(op, make);
  if (between(Op::max_pool, Op::global_lp_pool)) return add_pools(op, make);
  if (between(Op::reduce_sum, Op::cum_prod)) return add_reductions(op, make);
  if (between(Op::reshape, Op::constant_of_shape)) return add_moves(op, make);
  if (between(Op::tile, Op::tensor_scatter)) return add_arrangements(op, make);
  if (between(Op::sequence_construct, Op::optional_has_element)) {
    return add_sequences(op, dtype, make);
  }
  if (between(Op::quantize_linear, Op::qlinear_conv)) return add_quantised(op, make);
  if (between(Op::einsum, Op::tfidf_vectorizer)) return add_signals(op, make);
  add_elementwise(op, make);
}

}  // namespace
}  // namespace samples

std::vector<std::optional<core::TensorView>> Sample::views() const {
  std::vector<std::optional<core::TensorView>> all;
  for (const auto& operand : operands) {
    if (operand) {
      all.emplace_back(operand->view());
    } else {
      all.emplace_back(std::nullopt);
    }
  }
  return all;
}

std::vector<core::Dtype> Sample::dtypes() const {
  std::vector<core::Dtype> all;
  for (const auto& operand : operands) {
    if (operand) all.push_back(operand->dtype());
  }
  return all;
}

std::vector<Sample> make_samples(core::Op op, core::Dtype dtype, std::uint64_t seed) {
  samples::Maker make(op, dtype, seed);
  samples::add_samples(op, dtype, make);
  return make.take();
}

}  // namespace isotrace::backends
