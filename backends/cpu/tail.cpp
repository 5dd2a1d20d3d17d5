#include <isotrace/backends/cpu/tail.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <isotrace/backends/cpu/elementwise.hpp>
#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::cpu {
namespace {

/// f(first row of the part, rows, row within the period) for runs of rows inside one period.
template <class F>
void split_rows(const MatrixPart& part, Index period, F f) {
  for (Index done = 0; done < part.rows;) {
    const Index within = (part.row + done) % period;
    const Index count = std::min(part.rows - done, period - within);
    f(done, count, within);
    done += count;
  }
}

/// Whether the kernels for Clip may take the bound as it is.
bool is_plain(float bound) {
  return bound < 0 || bound > 0 || (bound == 0 && !std::signbit(bound));
}

/// The step's operands with `value` in the place of the one that is chained.
std::vector<std::optional<core::TensorView>> with_chained(const ChainStep& step,
                                                          const core::TensorView& value) {
  std::vector<std::optional<core::TensorView>> operands(step.operands.begin(), step.operands.end());
  operands[step.chained] = value;
  return operands;
}

}  // namespace

bool is_tail_operation(core::Op op) {
  const VectorKernels& any = vector_kernels_avx2();
  return op == core::Op::batch_normalization || find_binary(op, any) != nullptr ||
         find_unary(op, any) != nullptr || find_math_function(op) != nullptr;
}

Tail::Tail(core::Tensor& result, Index columns)
    : result_(result),
      base_(result.data<float>().data()),
      columns_(columns),
      rows_(static_cast<Index>(result.elements()) / columns) {}

std::optional<Tail> Tail::make(Steps steps, core::Tensor& result, Index columns,
                               const Engine& engine) {
  Tail tail(result, columns == 1 ? static_cast<Index>(result.elements()) : columns);
  for (const ChainStep& step : steps) {
    auto made = tail.make_step(step, engine);
    if (!made) return std::nullopt;
    tail.steps_.push_back(*std::move(made));
  }
  return tail;
}

std::optional<Tail::Step> Tail::make_step(const ChainStep& step, const Engine& engine) const {
  const auto operands = with_chained(step, result_.view());
  if (!is_f32_call(step.node, operands)) return std::nullopt;
  if (step.node.op == core::Op::batch_normalization) return make_normalise(step, engine);
  if (const BinaryKernel kernel = find_binary(step.node.op, engine.vectors)) {
    return make_zip(kernel, step);
  }
  if (step.chained != 0) return std::nullopt;
  if (const UnaryKernel kernel = find_unary(step.node.op, engine.vectors)) {
    const auto parameters = find_parameters(step.node, operands);
    if (!parameters) return std::nullopt;
    return make_map(step.node.op, kernel, *parameters);
  }
  if (const auto member = find_math_function(step.node.op)) return Call{engine.math.*member};
  return std::nullopt;
}

Tail::Step Tail::make_map(core::Op op, UnaryKernel kernel, std::array<float, 2> parameters) {
  auto [first, second] = parameters;
  if (op == core::Op::relu) second = std::numeric_limits<float>::infinity();  // and +0
  const bool bounds =
      op == core::Op::relu || (op == core::Op::clip && is_plain(first) && is_plain(second));
  return Map{kernel, first, second, bounds};
}

std::optional<Tail::Step> Tail::make_zip(BinaryKernel kernel, const ChainStep& step) const {
  if (step.operands.size() != 2) return std::nullopt;
  const bool other_first = step.chained == 1;
  const auto& other = step.operands[other_first ? 0 : 1];
  const auto spread = other ? find_spread(*other) : std::nullopt;
  if (!spread) return std::nullopt;
  return Zip{kernel, other->data<float>().data(), *spread, other_first,
             step.node.op == core::Op::add};
}

std::optional<Tail::Step> Tail::make_normalise(const ChainStep& step, const Engine& engine) const {
  const auto& shape = result_.shape();
  if (step.chained != 0 || shape.size() < 3) return std::nullopt;
  if (static_cast<Index>(reference::product(shape, 2, shape.size())) != columns_) {
    return std::nullopt;
  }
  for (const auto& parameter : step.operands.subspan(1)) {
    if (parameter->rank() != 1 || parameter->dim(0) != shape[1]) return std::nullopt;
  }
  const auto parameter = [&](std::size_t i) { return step.operands[i]->data<float>().data(); };
  const float epsilon = step.node.real("epsilon");
  std::vector<float> r;
  for (const float variance : step.operands[4]->data<float>()) {
    r.push_back(1.0F / std::sqrt(variance + epsilon));
  }
  return Normalise{engine.vectors.normalise, parameter(3), std::move(r), parameter(1),
                   parameter(2)};
}

std::optional<Tail::Spread> Tail::find_spread(const core::TensorView& operand) const {
  const core::Shape& shape = result_.shape();
  if (!reference::check_broadcastable(operand.shape(), shape)) return std::nullopt;
  const reference::Strides strides = reference::broadcast_strides(operand.shape(), shape);
  std::size_t axis = shape.size();
  const auto in_columns = [&](Index size) { return size < columns_; };
  // The axes of a row: all fixed, or the elements one after the other.
  bool dense = true;
  bool fixed = true;
  for (Index size = 1; in_columns(size); size *= shape[axis]) {
    --axis;
    if (shape[axis] == 1) continue;
    dense = dense && strides[axis] == size;
    fixed = fixed && strides[axis] == 0;
  }
  if (!dense && !fixed) return std::nullopt;
  // The axes between rows: evenly spaced over the inner ones, the same over the outer ones.
  Spread spread{1, 0, !fixed};
  bool repeats = false;
  while (axis-- > 0) {
    if (shape[axis] == 1) continue;
    if (spread.period == 1 && !repeats) spread.row_stride = strides[axis];
    const bool even =
        !repeats && strides[axis] != 0 && strides[axis] == spread.row_stride * spread.period;
    if (even) {
      spread.period *= shape[axis];
    } else if (strides[axis] == 0) {
      repeats = true;
    } else {
      return std::nullopt;
    }
  }
  if (spread.period == 1) spread = {std::max<Index>(rows_, 1), 0, spread.per_column};
  return spread;
}

void Tail::apply(float* out, Index stride, Index rows, Index columns) const {
  apply(out, stride, out, stride, rows, columns);
}

void Tail::apply_from(std::size_t steps, float* out, Index stride, Index rows,
                      Index columns) const {
  if (steps == steps_.size()) return;
  run_steps(std::span(steps_).subspan(steps),
            {out, stride, out, stride, part_at(out, rows, columns)});
}

void Tail::apply(const float* x, Index x_stride, float* out, Index stride, Index rows,
                 Index columns) const {
  run_steps(steps_, {x, x_stride, out, stride, part_at(out, rows, columns)});
}

MatrixPart Tail::part_at(const float* out, Index rows, Index columns) const {
  const Index at = out - base_;
  return {at / columns_, rows, at % columns_, columns};
}

void Tail::run_steps(std::span<const Step> steps, Block block) {
  for (const Step& step : steps) {
    std::visit([&](const auto& one) { run(one, block); }, step);
    block.x = block.out;
    block.x_stride = block.out_stride;
  }
}

std::size_t Tail::join(std::size_t step, const float* out, Index rows, TileEnd& end) const {
  const MatrixPart part = part_at(out, rows, 0);
  // Bounds are the last that a tile does.
  while (step < steps_.size() && !end.bounded &&
         std::visit([&](const auto& one) { return join(one, part, end); }, steps_[step])) {
    ++step;
  }
  return step;
}

std::size_t Tail::join_bounds(TileEnd& end) const {
  const Map* first = steps_.empty() ? nullptr : std::get_if<Map>(&steps_.front());
  return first != nullptr && join(*first, {}, end) ? 1 : 0;
}

bool Tail::join(const Zip& step, const MatrixPart& part, TileEnd& end) {
  const Index row = part.row % step.spread.period;
  if (!step.adds || end.count == TileEnd::steps_max || row + part.rows > step.spread.period) {
    return false;
  }
  TileEnd::Step& added = end.steps[end.count++];
  added.kind = TileEnd::add;
  added.data =
      step.other + row * step.spread.row_stride + (step.spread.per_column ? part.column : 0);
  added.row_stride = step.spread.row_stride;
  added.column_stride = step.spread.per_column ? 1 : 0;
  return true;
}

bool Tail::join(const Map& step, const MatrixPart&, TileEnd& end) {
  if (!step.bounds) return false;
  end.bounded = true;
  end.low = step.first;
  end.high = step.second;
  return true;
}

bool Tail::join(const Call&, const MatrixPart&, TileEnd&) { return false; }

bool Tail::join(const Normalise& step, const MatrixPart& part, TileEnd& end) {
  const Index channel = part.row % std::ssize(step.r);
  if (end.count == TileEnd::steps_max || channel + part.rows > std::ssize(step.r)) return false;
  TileEnd::Step& added = end.steps[end.count++];
  added.kind = TileEnd::normalise;
  added.data = step.mean + channel;
  added.r = step.r.data() + channel;
  added.scale = step.scale + channel;
  added.bias = step.bias + channel;
  return true;
}

void Tail::run(const Zip& step, const Block& block) {
  const Spread& spread = step.spread;
  split_rows(block.part, spread.period, [&](Index from, Index rows, Index within) {
    const float* other = step.other + within * spread.row_stride;
    if (spread.per_column) other += block.part.column;
    const float* x = block.x + from * block.x_stride;
    float* out = block.out + from * block.out_stride;
    if (step.other_first) {
      step.kernel({other, x, out, block.part.columns, !spread.per_column, false, rows,
                   spread.row_stride, block.x_stride, block.out_stride});
    } else {
      step.kernel({x, other, out, block.part.columns, false, !spread.per_column, rows,
                   block.x_stride, spread.row_stride, block.out_stride});
    }
  });
}

void Tail::run(const Map& step, const Block& block) {
  step.kernel({block.x, block.out, block.part.columns, step.first, step.second, block.part.rows,
               block.x_stride, block.out_stride});
}

void Tail::run(const Call& step, const Block& block) {
  for (Index row = 0; row < block.part.rows; ++row) {
    step.function(block.x + row * block.x_stride, block.out + row * block.out_stride,
                  static_cast<std::size_t>(block.part.columns));
  }
}

void Tail::run(const Normalise& step, const Block& block) {
  split_rows(block.part, std::ssize(step.r), [&](Index from, Index rows, Index channel) {
    step.kernel({block.x + from * block.x_stride, block.out + from * block.out_stride,
                 block.part.columns, step.mean + channel, step.r.data() + channel,
                 step.scale + channel, step.bias + channel, rows, block.x_stride,
                 block.out_stride});
  });
}

}  // namespace isotrace::backends::cpu
