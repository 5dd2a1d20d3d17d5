#include <isotrace/backends/cpu/packed_matrix.hpp>

namespace isotrace::backends::cpu {

PackedMatrix find_packed_matrix(PackedConstants& constants, const Kernels& kernels,
                                const PackArguments& wanted) {
  if (wanted.count == 0 || wanted.depth == 0) return {};
  const Index last =
      (wanted.count - 1) * wanted.lane_stride + (wanted.depth - 1) * wanted.depth_stride;
  const PackedKey key{.source = wanted.source,
                      .source_bytes = static_cast<std::size_t>(last + 1) * sizeof(float),
                      .form = PackedForm::f32_panels,
                      .lane_stride = wanted.lane_stride,
                      .depth_stride = wanted.depth_stride,
                      .count = wanted.count,
                      .depth = wanted.depth,
                      .width = wanted.width};
  const Index panels = (wanted.count + wanted.width - 1) / wanted.width;
  const auto bytes = static_cast<std::size_t>(panels * wanted.width * wanted.depth) * sizeof(float);
  const std::byte* data = constants.find(key, bytes, [&](std::byte* memory) {
    PackArguments pack = wanted;
    pack.packed = reinterpret_cast<float*>(memory);
    kernels.pack(pack);
    return true;
  });
  return {reinterpret_cast<const float*>(data), wanted.depth, wanted.width};
}

}  // namespace isotrace::backends::cpu
