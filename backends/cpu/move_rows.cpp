#include <isotrace/backends/cpu/move_rows.hpp>

#include <algorithm>
#include <cstring>

#include <isotrace/backends/cpu/strided_loop.hpp>
#include <isotrace/reference/axis_view.hpp>
#include <isotrace/reference/move_plans.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::cpu {
namespace {

using core::Tensor;
using core::TensorView;
using reference::PadAxis;

constexpr Index piece_bytes = piece_elements * 4;

/// visit(from, count) over rows of so many bytes, on the pool if there is enough to do.
template <class Visit>
void for_rows(ThreadPool& pool, Index rows, Index row_bytes, Visit visit) {
  const Index piece = std::max<Index>(1, piece_bytes / std::max<Index>(1, row_bytes));
  if (rows <= 2 * piece) {
    visit(Index{0}, rows);
  } else {
    run_pieces(pool, rows, piece, visit);
  }
}

void copy_bytes(ThreadPool& pool, const std::uint8_t* from, std::uint8_t* to, Index bytes) {
  for_rows(pool, bytes, 1, [&](Index at, Index count) {
    std::memcpy(to + at, from + at, static_cast<std::size_t>(count));
  });
}

/// f of an unsigned integer of so many bytes, or of none where there is no such integer.
template <class F>
void with_word(Index bytes, F f) {
  switch (bytes) {
    case 1: return f(std::uint8_t{});
    case 2: return f(std::uint16_t{});
    case 4: return f(std::uint32_t{});
    default: return f(std::uint64_t{});
  }
}

/// The rows of one block of x at these positions.
void take_rows(const std::uint8_t* x, const std::size_t* positions, Index count, Index row_bytes,
               std::uint8_t* out) {
  const auto bytes = static_cast<std::size_t>(row_bytes);
  if (row_bytes == 1 || row_bytes == 2 || row_bytes == 4 || row_bytes == 8) {
    // memcpy of a size that is known is one instruction.
    with_word(row_bytes, [&]<class Word>(Word word) {
      for (Index i = 0; i < count; ++i) {
        std::memcpy(&word, x + positions[i] * sizeof word, sizeof word);
        std::memcpy(out + i * Index{sizeof word}, &word, sizeof word);
      }
    });
    return;
  }
  for (Index i = 0; i < count; ++i) {
    std::memcpy(out + i * row_bytes, x + positions[i] * bytes, bytes);
  }
}

/// The lines (rows along the last axis) of a padded tensor, in words of its elements.
template <class Word>
class PaddedLines {
 public:
  PaddedLines(const reference::PadPlan& plan, const TensorView& x)
      : last_(plan.axes.back()),
        strides_(reference::row_major_strides(x.shape())),
        x_(reinterpret_cast<const Word*>(x.bytes().data())) {
    for (const PadAxis& axis : plan.axes) {
      std::vector<Index> sources(static_cast<std::size_t>(axis.output));
      for (std::size_t p = 0; p < sources.size(); ++p) {
        sources[p] = find_padded_source(plan.mode, axis, static_cast<std::int64_t>(p));
      }
      sources_.push_back(std::move(sources));
    }
    if (plan.constant != nullptr) {
      std::memcpy(&constant_, plan.constant->bytes().data(), sizeof(Word));
    }
  }

  /// The line with this number, counted in the row-major order of the result.
  void write(Index number, Word* to) const {
    Index offset = 0;
    for (std::size_t axis = sources_.size() - 1; axis-- > 0;) {
      const std::vector<Index>& sources = sources_[axis];
      const Index source = sources[static_cast<std::size_t>(number % std::ssize(sources))];
      if (source < 0) {
        std::fill_n(to, last_.output, constant_);
        return;
      }
      offset += source * strides_[axis];
      number /= std::ssize(sources);
    }
    const Word* line = x_ + offset;
    fill_around(line, 0, last_.before, to);
    if (last_.kept != 0) {
      std::memcpy(to + last_.before, line + last_.first,
                  static_cast<std::size_t>(last_.kept) * sizeof(Word));
    }
    fill_around(line, last_.before + last_.kept, last_.output, to);
  }

 private:
  void fill_around(const Word* line, Index from, Index to, Word* out) const {
    for (Index p = from; p < to; ++p) {
      const Index source = sources_.back()[static_cast<std::size_t>(p)];
      out[p] = source < 0 ? constant_ : line[source];
    }
  }

  PadAxis last_;
  reference::Strides strides_;
  const Word* x_;
  Word constant_{};
  std::vector<std::vector<Index>> sources_;
};

}  // namespace

std::optional<Tensor> gather(const reference::Call& call, ThreadPool& pool) {
  const TensorView& x = call.operand(0);
  auto plan = reference::gather_plan(call);
  if (!plan) return std::nullopt;
  auto out = Tensor::make_for_overwrite(x.dtype(), std::move(plan->shape));
  if (!out) return std::nullopt;
  if (out->elements() == 0) return *std::move(out);
  const reference::AxisView view(x.shape(), plan->axis);
  const auto row_bytes = static_cast<Index>(view.inner * core::dtype_bytes(x.dtype()));
  const Index block_bytes = static_cast<Index>(view.size) * row_bytes;
  const Index taken = std::ssize(plan->positions);
  std::uint8_t* target = out->mutable_bytes().data();
  for (Index block = 0; block < static_cast<Index>(view.outer); ++block) {
    const std::uint8_t* source = x.bytes().data() + block * block_bytes;
    std::uint8_t* to = target + block * taken * row_bytes;
    for_rows(pool, taken, row_bytes, [&](Index from, Index count) {
      take_rows(source, plan->positions.data() + from, count, row_bytes, to + from * row_bytes);
    });
  }
  return *std::move(out);
}

std::optional<Tensor> concatenate(const reference::Call& call, ThreadPool& pool) {
  const auto operands = call.all_operands();
  if (!operands) return std::nullopt;
  std::vector<reference::Dims> shapes;
  for (const TensorView& operand : *operands) {
    if (operand.dtype() != operands->front().dtype()) return std::nullopt;
    shapes.push_back(operand.shape());
  }
  const std::int64_t axis = call.node.integer("axis");
  auto shape = reference::concatenated_shape(shapes, axis);
  if (!shape) return std::nullopt;
  const auto along = reference::resolve_axis(axis, shape->size());
  if (!along) return std::nullopt;
  auto out = Tensor::make_for_overwrite(operands->front().dtype(), *std::move(shape));
  if (!out) return std::nullopt;
  if (out->elements() == 0) return *std::move(out);
  const auto rows = static_cast<Index>(reference::AxisView(out->shape(), *along).outer);
  const Index out_bytes = std::ssize(out->bytes()) / rows;
  std::uint8_t* target = out->mutable_bytes().data();
  for (const TensorView& operand : *operands) {
    const Index bytes = std::ssize(operand.bytes()) / rows;
    const std::uint8_t* source = operand.bytes().data();
    if (bytes == 0) continue;
    if (rows == 1) {
      copy_bytes(pool, source, target, bytes);
    } else {
      for_rows(pool, rows, bytes, [&](Index from, Index count) {
        for (Index row = from; row < from + count; ++row) {
          std::memcpy(target + row * out_bytes, source + row * bytes,
                      static_cast<std::size_t>(bytes));
        }
      });
    }
    target += bytes;
  }
  return *std::move(out);
}

std::optional<Tensor> pad(const reference::Call& call, ThreadPool& pool) {
  const TensorView& x = call.operand(0);
  auto plan = reference::pad_plan(call);
  if (!plan || plan->axes.empty()) return std::nullopt;
  auto out = Tensor::make_for_overwrite(x.dtype(), plan->shape);
  if (!out) return std::nullopt;
  if (out->elements() == 0) return *std::move(out);
  const Index line = plan->axes.back().output;
  const auto lines = static_cast<Index>(out->elements()) / line;
  with_word(static_cast<Index>(core::dtype_bytes(x.dtype())), [&]<class Word>(Word) {
    const PaddedLines<Word> padded(*plan, x);
    auto* target = reinterpret_cast<Word*>(out->mutable_bytes().data());
    for_rows(pool, lines, line * Index{sizeof(Word)}, [&](Index from, Index count) {
      for (Index number = from; number < from + count; ++number) {
        padded.write(number, target + number * line);
      }
    });
  });
  return *std::move(out);
}

}  // namespace isotrace::backends::cpu
