// Convolutions of bytes without columns: the channels of a position stand side by side, so that
// each tap of a window is a run of bytes, which kernels read where it lies. The windows are the
// rows of the product and the output channels its columns; what becomes of the sums is turned
// round at last.
#include <algorithm>
#include <atomic>
#include <new>

#include <isotrace/backends/cpu/byte_transposition.hpp>
#include <isotrace/backends/cpu/channels_last.hpp>
#include <isotrace/backends/cpu/integer_conv.hpp>
#include <isotrace/backends/cpu/tap_weights.hpp>

namespace isotrace::backends::cpu {
namespace {

constexpr Index line_outputs_min = 4;    // fewer keep too few sums going
constexpr Index depth_block = 640;       // of k: what b has of it stays in the first-level cache
constexpr Index positions_block = 1024;  // whose sums stay near while all of k is added
constexpr Index uses_min = 128;          // of an input by a window of each output channel
constexpr Index rows_max = 16;
constexpr Index columns_max = 32;

Index divide_up(Index value, Index by) { return (value + by - 1) / by; }

std::uint8_t* get_bytes(Scratch& scratch, Scratch::Use use, Index bytes) {
  return reinterpret_cast<std::uint8_t*>(scratch.get(use, bytes / Index{sizeof(float)} + 1));
}

/// The runs of a window, in blocks of k.
struct WindowRuns {
  struct Block {
    std::size_t first;
    Index count;
    Index bytes_before;  ///< of k
  };
  std::vector<InPlaceRun> runs;
  std::vector<Block> blocks;

  explicit WindowRuns(const ChannelsLast& layout) {
    const Index depth = layout.taps() * layout.depth();
    const Index most = divide_up(divide_up(depth, divide_up(depth, depth_block)), 4) * 4;
    Index bytes = 0;
    for (Index tap = 0; tap < layout.taps(); ++tap) {
      for (Index from = 0; from < layout.depth();) {
        if (bytes % most == 0) blocks.push_back({runs.size(), 0, bytes});
        const Index here = std::min(layout.depth() - from, most - bytes % most);
        const Index offset = layout.tap_offset(tap) + from;
        if (blocks.back().count != 0 && offset == runs.back().offset + 4 * runs.back().groups) {
          runs.back().groups += here / 4;  // as the taps of a line without dilation
        } else {
          runs.push_back({offset, here / 4});
          ++blocks.back().count;
        }
        from += here;
        bytes += here;
      }
    }
  }
};

/// Windows side by side in a line, about as many in each tile of a line.
struct Tile {
  Index line;
  Index first;
  Index rows;
};

std::vector<Tile> find_tiles(const ChannelsLast& layout, Index rows_most) {
  const Index line_outputs = layout.line_outputs();
  const Index parts = divide_up(line_outputs, rows_most);
  std::vector<Tile> tiles;
  for (Index line = 0; line < layout.output_lines(); ++line) {
    for (Index part = 0; part < parts; ++part) {
      const Index first = part * line_outputs / parts;
      tiles.push_back({line, first, (part + 1) * line_outputs / parts - first});
    }
  }
  return tiles;
}

/// A part of the results of one image and group.
struct Part {
  Index tile;
  Index tile_end;
  Index position;  ///< output position that the first tile begins with
  Index column;    ///< output channels of the group, in whole panels
  Index column_end;
};

class InPlaceConv {
 public:
  InPlaceConv(const IntegerConv& conv, const ChannelsLast& layout, const TapWeights& weights,
              const IntegerKernels& kernels)
      : conv_(conv),
        layout_(layout),
        weights_(weights),
        kernels_(kernels),
        windows_(layout),
        tiles_(find_tiles(layout, kernels.in_place_rows)),
        positions_(layout.output_lines() * layout.line_outputs()) {
    image_bytes_ = conv.geometry.group_inputs;
    for (const reference::WindowAxis& axis : conv.geometry.axes) image_bytes_ *= axis.input;
  }

  /// False if memory ran out.
  [[nodiscard]] bool run(const Engine& engine) const {
    std::atomic<bool> out_of_memory = false;
    const Index pairs = conv_.geometry.batch * conv_.geometry.groups;
    const Index threads = engine.pool.threads();
    const Index parts = pairs >= threads ? 1 : threads;
    const bool shares = parts > 1 && splits_columns(parts);
    std::uint8_t* image =
        shares ? get_bytes(engine.scratch[0], Scratch::packed_a, layout_.bytes()) : nullptr;
    // One image that all threads read serves one pair at a time.
    const Index together = shares ? 1 : pairs;
    for (Index pair = 0; pair < pairs; pair += together) {
      if (shares) {
        engine.pool.run(static_cast<std::size_t>(parts), [&](std::size_t index, unsigned) {
          const auto at = static_cast<Index>(index);
          fill(pair, layout_.lines() * at / parts, layout_.lines() * (at + 1) / parts, image);
        });
      }
      engine.pool.run(
          static_cast<std::size_t>(together * parts), [&](std::size_t index, unsigned worker) {
            const auto at = static_cast<Index>(index);
            try {
              run_part(pair + at / parts, part(at % parts, parts), image, engine.scratch[worker]);
            } catch (const std::bad_alloc&) {
              out_of_memory = true;
            }
          });
    }
    return !out_of_memory;
  }

 private:
  /// Some lines of the image of a pair; pairs count images and groups in the order of memory.
  void fill(Index pair, Index from, Index to, std::uint8_t* padded) const {
    layout_.fill(conv_.image + pair * image_bytes_,
                 static_cast<std::uint8_t>(conv_.image_zero_point), row_flip(conv_.image_signed),
                 from, to, padded);
  }

  /// Threads share what there is more of, weights or positions.
  [[nodiscard]] bool splits_columns(Index parts) const {
    const Index panels = divide_up(conv_.geometry.group_outputs, kernels_.tile_columns);
    return panels >= parts && panels * weights_.panel_bytes() > layout_.bytes();
  }

  [[nodiscard]] Part part(Index index, Index parts) const {
    const Index outputs = conv_.geometry.group_outputs;
    Part part{0, std::ssize(tiles_), 0, 0, outputs};
    if (splits_columns(parts)) {
      const Index panels = divide_up(outputs, kernels_.tile_columns);
      part.column = panels * index / parts * kernels_.tile_columns;
      part.column_end = std::min(outputs, panels * (index + 1) / parts * kernels_.tile_columns);
      return part;
    }
    part.tile = std::ssize(tiles_) * index / parts;
    part.tile_end = std::ssize(tiles_) * (index + 1) / parts;
    if (part.tile < part.tile_end) {
      part.position = tile(part.tile).line * layout_.line_outputs() + tile(part.tile).first;
    }
    return part;
  }
  [[nodiscard]] const Tile& tile(Index index) const {
    return tiles_[static_cast<std::size_t>(index)];
  }

  /// In blocks of positions whose windows and sums stay in the second-level cache. Without an
  /// image, each block has its lines of it made, or all blocks together where that is too much.
  void run_part(Index pair, const Part& part, const std::uint8_t* image, Scratch& scratch) const {
    if (part.tile == part.tile_end) return;
    const Index near = scratch.level2_elements() * Index{sizeof(float)} / 2;
    const Index fitting = near / divide_up(layout_.bytes(), positions_);
    const Index most = std::clamp(fitting, rows_max, positions_block);
    const Memory memory{
        reinterpret_cast<std::int32_t*>(
            get_bytes(scratch, Scratch::partial, most * kernels_.tile_columns * 4)),
        get_bytes(scratch, Scratch::products, most * kernels_.tile_columns + rows_max)};
    const bool by_blocks = layout_.window_lines() * layout_.line_bytes() <= near / 4;
    if (image == nullptr && !by_blocks) image = get_lines(pair, part, scratch);
    Part block = part;
    while (block.tile < part.tile_end) {
      Index positions = 0;
      block.tile_end = block.tile;
      while (block.tile_end < part.tile_end && positions + tile(block.tile_end).rows <= most) {
        positions += tile(block.tile_end++).rows;
      }
      const std::uint8_t* lines = image == nullptr ? get_lines(pair, block, scratch) : image;
      for (Index j = part.column; j < part.column_end; j += kernels_.tile_columns) {
        block.column = j;
        block.column_end = std::min(j + kernels_.tile_columns, part.column_end);
        run_panel(pair, block, positions, lines, memory);
      }
      block.position += positions;
      block.tile = block.tile_end;
    }
  }

  /// The lines of the image that a part reads; returns where the first of all lines would be.
  const std::uint8_t* get_lines(Index pair, const Part& part, Scratch& scratch) const {
    const Index from = layout_.first_line(tile(part.tile).line);
    const Index to = layout_.first_line(tile(part.tile_end - 1).line) + layout_.window_lines();
    const Index before = from * layout_.line_bytes();
    std::uint8_t* lines = get_bytes(scratch, Scratch::packed_a, (to - from) * layout_.line_bytes());
    fill(pair, from, to, lines - before);
    return lines - before;
  }

  struct Memory {
    std::int32_t* sums;
    std::uint8_t* bytes;
  };

  /// What the sums of a panel's columns begin with, and how they become bytes.
  struct PanelTerms {
    alignas(64) std::int32_t start[columns_max] = {};
    alignas(64) float factors[rows_max * columns_max];
    RequantiseArguments tile{};
    void (*run)(const RequantiseArguments& arguments);

    PanelTerms(const Requantisation& by, Index columns, std::uint32_t zero,
               const std::int32_t* sums) {
      for (Index j = 0; j < columns; ++j) {
        const auto addend = static_cast<std::uint32_t>(by.addends == nullptr ? 0 : by.addends[j]);
        start[j] = static_cast<std::int32_t>(addend - zero * static_cast<std::uint32_t>(sums[j]));
      }
      const Index count = by.factor_row_stride == 0 ? 1 : rows_max * columns_max;
      for (Index i = 0; i < count; ++i) {
        const Index j = std::min(i % columns_max, columns - 1);
        factors[i] = by.factors[j * by.factor_row_stride];
      }
      tile = {.sums = nullptr,
              .count = 0,
              .addend = 0,
              .factors = factors,
              .factor_stride = by.factor_row_stride,
              .zero_point = *by.zero_points,
              .range = by.range,
              .out = nullptr};
      run = by.run;
    }
  };

  void run_panel(Index pair, const Part& block, Index positions, const std::uint8_t* image,
                 const Memory& memory) const {
    const reference::ConvGeometry& geometry = conv_.geometry;
    const Index group = pair % geometry.groups;
    const Index columns = block.column_end - block.column;
    const PackedIntegers b = weights_.packed(group);
    const Requantisation by =
        conv_.requantisation->at(group * geometry.group_outputs + block.column, 0);
    const std::int32_t zero = conv_.image_zero_point + (conv_.image_signed ? 128 : 0);
    PanelTerms terms(by, columns, static_cast<std::uint32_t>(zero), b.sums + block.column);
    const std::byte* panel =
        b.panels + block.column / kernels_.tile_columns * weights_.panel_bytes();
    for (const WindowRuns::Block& runs : windows_.blocks) {
      run_tiles(block, runs, image, panel, memory, terms);
    }
    ByteTransposition{.from = memory.bytes,
                      .from_stride = kernels_.tile_columns,
                      .end = memory.bytes + positions * kernels_.tile_columns + rows_max,
                      .out = conv_.requantisation->out +
                             (pair * geometry.group_outputs + block.column) * positions_ +
                             block.position,
                      .out_stride = positions_,
                      .rows = positions,
                      .columns = columns,
                      .out_rows = positions}
        .run();
  }

  /// One block of k; after the last the sums become bytes.
  void run_tiles(const Part& block, const WindowRuns::Block& runs, const std::uint8_t* image,
                 const std::byte* panel, const Memory& memory, PanelTerms& terms) const {
    const bool first = &runs == &windows_.blocks.front();
    const bool last = &runs == &windows_.blocks.back();
    InPlaceTile in_place{.rows = 0,
                         .a = nullptr,
                         .row_stride = layout_.window_stride(),
                         .runs = windows_.runs.data() + runs.first,
                         .run_count = runs.count,
                         .b = panel + runs.bytes_before * kernels_.tile_columns,
                         .start = first ? terms.start : nullptr,
                         .sums = memory.sums};
    std::uint8_t* out = memory.bytes;
    for (Index t = block.tile; t < block.tile_end; ++t) {
      in_place.rows = tile(t).rows;
      in_place.a = image + layout_.window(tile(t).line, tile(t).first);
      kernels_.tile_in_place(in_place);
      const Index count = in_place.rows * kernels_.tile_columns;
      if (last) {
        terms.tile.sums = in_place.sums;
        terms.tile.count = count;
        terms.tile.out = out;
        terms.run(terms.tile);
        out += count;
      }
      // Sums that are complete at once need no place of their own.
      if (!(first && last)) in_place.sums += count;
    }
  }

  const IntegerConv& conv_;
  const ChannelsLast& layout_;
  const TapWeights& weights_;
  const IntegerKernels& kernels_;
  WindowRuns windows_;
  std::vector<Tile> tiles_;
  Index positions_;
  Index image_bytes_ = 1;
};

/// Whether the weights, as kernels have them, have zero points of 0: sums of windows are not known.
bool has_no_zero_points(const IntegerConv& conv) {
  const IntegerMatrix& w = conv.weights;
  const std::int32_t none = w.is_signed ? 0 : 128;
  if (w.zero_points == nullptr) return none == 0;
  const Index count =
      w.zero_point_stride == 0 ? 1 : conv.geometry.groups * conv.geometry.group_outputs;
  return std::all_of(w.zero_points, w.zero_points + count,
                     [none](std::int32_t zero) { return zero == none; });
}

/// Whether panels of output channels and groups of input channels are full enough, and channels
/// are multiplied often enough to be worth their new order.
bool suits(const IntegerConv& conv, const IntegerKernels& kernels) {
  if (kernels.tile_in_place == nullptr || conv.requantisation == nullptr) return false;
  const reference::ConvGeometry& geometry = conv.geometry;
  if (geometry.axes.size() > 2 || geometry.group_inputs < 3) return false;
  const Index panels = divide_up(geometry.group_outputs, kernels.tile_columns);
  if (geometry.group_outputs * 4 < panels * kernels.tile_columns * 3) return false;
  Index uses = geometry.group_outputs;
  for (const reference::WindowAxis& axis : geometry.axes) uses *= axis.kernel;
  return uses >= uses_min;
}

}  // namespace

core::Result<bool> run_in_place_conv(const IntegerConv& conv, const IntegerKernels& kernels,
                                     const Engine& engine) {
  if (!suits(conv, kernels) || !has_no_zero_points(conv)) return false;
  const ChannelsLast layout(conv.geometry.axes, conv.geometry.group_inputs);
  if (layout.line_outputs() < line_outputs_min) return false;
  bool enough = true;
  try {
    TapWeights weights(conv, layout, kernels);
    if (!weights.find(engine.constants)) return false;
    enough = InPlaceConv(conv, layout, weights, kernels).run(engine);
  } catch (const std::bad_alloc&) {
    enough = false;
  }
  if (enough) return true;
  return core::refuse(core::RefusalCode::limit_exceeded, "", "not enough memory for packing");
}

}  // namespace isotrace::backends::cpu
