#include <isotrace/backends/cpu/conv.hpp>
#include <isotrace/backends/cpu/image_columns.hpp>

namespace isotrace::backends::cpu {
namespace {

constexpr Index gathered_elements_max = 1 << 19;  // of the columns, which stay in the cache
constexpr Index wasted_part = 10;                 // worth it where one lane in so many is wasted

Index round_up(Index value, Index step) { return (value + step - 1) / step * step; }

/// The columns as a matrix [depth][columns].
Floats gather_columns(const ConvCall& call, Index image, Index group, const Engine& engine) {
  auto padded = pad_group(call, image, group, engine);
  if (call.taps == 1) return padded;
  Floats gathered = take_floats(static_cast<std::size_t>(call.depth() * call.columns));
  const ImageColumns columns(padded.get(), *call.layout, engine.vectors);
  run_pieces(engine.pool, call.depth(), std::max<Index>(1, piece_elements / call.columns),
             [&](Index from, Index count) {
               columns.pack(engine.kernels, from, count, 0, call.columns, call.columns,
                            gathered.get() + from * call.columns);
             });
  return gathered;
}

core::Result<core::Done> run_group(const ConvCall& call, Index image, Index group,
                                   const Engine& engine) {
  const Index outputs = call.geometry.group_outputs;
  const Floats gathered =
      call.layout == nullptr ? Floats() : gather_columns(call, image, group, engine);
  const MatrixColumns weights(call.weights + group * outputs * call.depth(), 1, call.depth());
  Gemm gemm{.rows = call.columns,
            .columns = outputs,
            .depth = call.depth(),
            .segment = call.segment,
            .a = gathered != nullptr ? gathered.get() : call.inputs_of(image, group),
            .a_row_stride = 1,
            .a_depth_stride = call.columns,
            .b = &weights,
            .c = call.outputs_of(image, group),
            .c_stride = call.columns,
            .finish = {.tail = call.tail},
            .transposes = true};
  if (call.bias != nullptr) {
    gemm.finish.addend = call.bias + group * outputs;
    gemm.finish.addend_column_stride = 1;
  }
  return run_gemms({&gemm, 1}, engine);
}

}  // namespace

bool is_narrow(const ConvCall& call, const Kernels& kernels) {
  const Index wasted = round_up(call.columns, kernels.tile_columns) - call.columns;
  return call.columns >= kernels.tile_rows && call.depth() >= 1 &&
         wasted * wasted_part >= call.columns &&
         call.geometry.group_outputs % kernels.tile_columns == 0 &&
         call.columns <= gathered_elements_max / std::max<Index>(call.depth(), 1);
}

core::Result<core::Done> run_narrow(const ConvCall& call, const Engine& engine) {
  for (Index image = 0; image < call.geometry.batch; ++image) {
    for (Index group = 0; group < call.geometry.groups; ++group) {
      ISOTRACE_TRY_DONE(run_group(call, image, group, engine));
    }
  }
  return core::Done{};
}

}  // namespace isotrace::backends::cpu
