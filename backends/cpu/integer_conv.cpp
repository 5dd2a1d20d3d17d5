#include <isotrace/backends/cpu/integer_conv.hpp>

#include <algorithm>
#include <atomic>
#include <new>

#include <isotrace/backends/cpu/byte_image.hpp>

namespace isotrace::backends::cpu {
namespace {

constexpr Index direct_outputs_max = 2;

/// Whether output position j reads exactly input position j: then the image is the columns.
bool is_pointwise(const reference::ConvGeometry& geometry) {
  return std::all_of(geometry.axes.begin(), geometry.axes.end(), [](const auto& axis) {
    return axis.kernel == 1 && axis.stride == 1 && axis.pad_begin == 0 && axis.pad_end == 0;
  });
}

/// The weights of every group as packed rows, one group behind the other.
class PackedWeights {
 public:
  PackedWeights(const IntegerConv& conv, Index depth, const IntegerKernels& kernels)
      : conv_(conv),
        kernels_(kernels),
        depth_(depth),
        rows_(conv.geometry.group_outputs),
        memory_(rows_memory(rows_, depth, kernels)) {}

  /// From a held constant if they are one, else packed for this call.
  void find(PackedConstants* constants) {
    const Index bytes = conv_.geometry.groups * group_bytes();
    const auto fill = [this](std::byte* memory) {
      for (Index group = 0; group < conv_.geometry.groups; ++group) {
        pack_rows(matrix(group), rows_, depth_, kernels_, memory + group * group_bytes());
      }
      return true;
    };
    if (constants != nullptr) {
      const Index vectors = conv_.geometry.groups * rows_;
      packed_ = constants->find(
          {.source = conv_.weights.data,
           .source_bytes = static_cast<std::size_t>(vectors * depth_),
           .form = conv_.weights.is_signed ? PackedForm::i8_rows : PackedForm::u8_rows,
           .lane_stride = depth_,
           .depth_stride = 1,
           .count = rows_,
           .depth = depth_,
           .width = kernels_.tile_rows * kernels_.group_depth},
          static_cast<std::size_t>(bytes), fill);
    }
    if (packed_ != nullptr) return;
    own_ = std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(bytes));
    fill(own_.get());
    packed_ = own_.get();
  }

  [[nodiscard]] IntegerMatrix matrix(Index group) const {
    IntegerMatrix m = conv_.weights;
    m.data += group * rows_ * depth_;
    if (m.zero_points != nullptr) m.zero_points += group * rows_ * m.zero_point_stride;
    return m;
  }
  [[nodiscard]] PackedIntegers packed(Index group) const {
    return memory_.at(packed_ + group * group_bytes());
  }

 private:
  /// Sums are i32, so that every group begins where one of these may.
  [[nodiscard]] Index group_bytes() const { return (memory_.bytes() + 63) / 64 * 64; }

  const IntegerConv& conv_;
  const IntegerKernels& kernels_;
  Index depth_;
  Index rows_;
  PackedMemory memory_;
  const std::byte* packed_ = nullptr;
  std::unique_ptr<std::byte[]> own_;
};

class ConvRun {
 public:
  ConvRun(const IntegerConv& conv, const ByteImage* layout, const IntegerKernels& kernels,
          const Engine& engine)
      : conv_(conv), layout_(layout), kernels_(kernels), engine_(engine) {
    Index taps = 1;
    for (const reference::WindowAxis& axis : conv.geometry.axes) {
      image_bytes_ *= axis.input;
      columns_ *= axis.output;
      taps *= axis.kernel;
    }
    depth_ = conv.geometry.group_inputs * taps;
    const Index places = layout == nullptr ? columns_ : layout->places(columns_);
    across_lines_ = layout != nullptr && conv.requantisation != nullptr && pays(places);
    product_columns_ = across_lines_ ? places : columns_;
  }

  core::Result<core::Done> run() const {
    PackedWeights weights(conv_, depth_, kernels_);
    std::atomic<bool> out_of_memory = false;
    try {
      weights.find(engine_.constants);
      const Index pairs = conv_.geometry.batch * conv_.geometry.groups;
      // A thread pads the image of its part for itself, so one part is best where it suffices.
      const Index threads = engine_.pool.threads();
      const Index parts = pairs >= threads ? 1 : threads;
      const Index panels = panels_of(product_columns_);
      const Index step = (panels + parts - 1) / parts * kernels_.tile_columns;
      engine_.pool.run(
          static_cast<std::size_t>(pairs * parts), [&](std::size_t index, unsigned worker) {
            const auto at = static_cast<Index>(index);
            const Index from = at % parts * step;
            if (from >= product_columns_) return;
            try {
              run_part(weights, at / parts, from, std::min(step, product_columns_ - from),
                       engine_.scratch[worker]);
            } catch (const std::bad_alloc&) {
              out_of_memory = true;
            }
          });
    } catch (const std::bad_alloc&) {
      out_of_memory = true;
    }
    if (!out_of_memory) return core::Done{};
    return core::refuse(core::RefusalCode::limit_exceeded, "", "not enough memory for packing");
  }

 private:
  [[nodiscard]] Index panels_of(Index columns) const {
    return (columns + kernels_.tile_columns - 1) / kernels_.tile_columns;
  }

  /// Whether it is better to have columns for the places between lines, too, than to put the
  /// columns of several lines together.
  [[nodiscard]] bool pays(Index places) const {
    if (layout_->line_outputs() % kernels_.tile_columns == 0) return false;
    return panels_of(places) <= panels_of(columns_) + panels_of(columns_) / 8 + 1;
  }

  /// Some columns of one image and group, `pair` in the order of memory.
  void run_part(const PackedWeights& weights, Index pair, Index from, Index count,
                Scratch& scratch) const {
    const reference::ConvGeometry& geometry = conv_.geometry;
    const Index group = pair % geometry.groups;
    const Index rows = geometry.group_outputs;
    const std::uint8_t* image = conv_.image + pair * geometry.group_inputs * image_bytes_;
    IntegerProduct product{
        .gemm = {.rows = rows,
                 .columns = count,
                 .depth = depth_,
                 .a = weights.matrix(group),
                 .b = {image, conv_.image_signed, 1, image_bytes_, &conv_.image_zero_point, 0},
                 .c = nullptr,
                 .c_stride = columns_},
        .a = weights.packed(group),
        .b = {}};
    Requantisation requantisation{};
    if (conv_.requantisation != nullptr) {
      requantisation = conv_.requantisation->at(group * rows, 0);
      requantisation.out = conv_.requantisation->out + pair * rows * columns_ + from;
      if (across_lines_) {
        requantisation.out = get_bytes(scratch, Scratch::products, rows * count);
        requantisation.out_stride = count;
      }
      product.gemm.requantisation = &requantisation;
    } else {
      product.gemm.c = conv_.sums + pair * rows * columns_ + from;
    }
    if (layout_ == nullptr) {
      product.gemm.b.data += from;
      return run_integer_product(product, kernels_, scratch);
    }
    // The rows are packed already, so their scratch memory is free for the image.
    const Index bytes = layout_->bytes(geometry.group_inputs);
    std::uint8_t* padded = get_bytes(scratch, Scratch::packed_a, bytes);
    const auto zero = static_cast<std::uint8_t>(conv_.image_zero_point);
    layout_->fill(image, geometry.group_inputs, zero, padded);
    using Numbers = ByteImageColumns::Numbers;
    const ByteImageColumns columns(padded, *layout_, geometry.group_inputs, conv_.image_signed,
                                   from, across_lines_ ? Numbers::places : Numbers::outputs);
    product.columns_of_b = &columns;
    run_integer_product(product, kernels_, scratch);
    if (across_lines_) {
      take_lines(requantisation.out, from, count,
                 conv_.requantisation->out + pair * rows * columns_);
    }
  }

  static std::uint8_t* get_bytes(Scratch& scratch, Scratch::Use use, Index bytes) {
    return reinterpret_cast<std::uint8_t*>(scratch.get(use, bytes / Index{sizeof(float)} + 1));
  }

  /// Of the results at `count` places from `from` on those that are outputs.
  void take_lines(const std::uint8_t* results, Index from, Index count, std::uint8_t* out) const {
    struct Piece {
      Index place;
      Index count;
      Index output;
    };
    std::vector<Piece> pieces;
    const Index line = layout_->line_outputs();
    for (Index output = 0; output < columns_; output += line) {
      const Index at = layout_->window(output);
      const Index first = std::max(at, from);
      const Index end = std::min(at + line, from + count);
      if (first < end) pieces.push_back({first - from, end - first, output + first - at});
    }
    for (Index row = 0; row < conv_.geometry.group_outputs; ++row) {
      for (const Piece& piece : pieces) {
        copy_bytes(results + row * count + piece.place, piece.count,
                   out + row * columns_ + piece.output);
      }
    }
  }

  const IntegerConv& conv_;
  const ByteImage* layout_;
  const IntegerKernels& kernels_;
  const Engine& engine_;
  Index image_bytes_ = 1;
  Index columns_ = 1;
  Index depth_ = 0;
  bool across_lines_;      // columns are places rather than outputs
  Index product_columns_;  // of either
};

}  // namespace

core::Result<bool> run_integer_conv(const IntegerConv& conv, const IntegerKernels& kernels,
                                    const Engine& engine) {
  std::optional<ByteImage> layout;
  if (!is_pointwise(conv.geometry)) {
    const bool direct = conv.geometry.group_outputs <= direct_outputs_max;
    const bool whole = direct && reads_whole_lines(conv.geometry.axes, kernels);
    layout = ByteImage::make(conv.geometry.axes,
                             whole ? ByteImage::Lines::whole : ByteImage::Lines::in_planes);
    if (!layout) return false;
    if (direct) {
      ISOTRACE_TRY_DONE(run_direct_conv(conv, *layout, kernels, engine));
      return true;
    }
  }
  ISOTRACE_TRY(const bool done, run_in_place_conv(conv, kernels, engine));
  if (done) return true;
  ISOTRACE_TRY_DONE(ConvRun(conv, layout ? &*layout : nullptr, kernels, engine).run());
  return true;
}

}  // namespace isotrace::backends::cpu
