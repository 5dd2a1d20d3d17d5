// MaxRoiPool and RoiAlign (docs/spec/pool.md).
#include <isotrace/backends/gpu/kernels/region.hpp>
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/roi.hpp>
#include <isotrace/reference/scalar.hpp>

namespace isotrace::backends::gpu {
namespace {

using reference::RoiBin;

template <class Number>
Regions<Number> regions_of(const Array& x, const Array& out, const Array& images) {
  return {out.shape[1],     out.shape[2],      out.shape[3],
          x.shape[2],       x.shape[3],        images.data<std::int64_t>(),
          x.data<Number>(), out.data<Number>()};
}

void append(std::vector<std::int64_t>& list, const std::vector<RoiBin>& bins) {
  for (const RoiBin& bin : bins) {
    list.push_back(bin.first);
    list.push_back(bin.last);
  }
}

Made max_roi_pool(DeviceCall& call) {
  const core::TensorView& rois = call.call.operand(1);
  ISOTRACE_TRY_DONE(reference::check_same_dtype(call.call.operand(0), rois));
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const auto output,
               reference::max_roi_pool_shape(call.node(), x.shape, rois.shape()));
  ISOTRACE_TRY(const auto regions, reference::max_roi_bins(call.node(), x.shape, rois));
  std::vector<std::int64_t> images;
  std::vector<std::int64_t> rows;
  std::vector<std::int64_t> columns;
  for (const reference::RoiBins& region : regions) {
    images.push_back(region.image);
    append(rows, region.rows);
    append(columns, region.columns);
  }
  Work& work = call.work;
  ISOTRACE_TRY(const Array out, work.make(x.dtype, output));
  ISOTRACE_TRY(const Array sent_images, work.send(images));
  ISOTRACE_TRY(const Array sent_rows, work.send(rows));
  ISOTRACE_TRY(const Array sent_columns, work.send(columns));
  ISOTRACE_TRY_DONE(visit_real(x.dtype, [&](auto number) {
    using Number = decltype(number);
    return work.launch_each(of_type("max_regions", x.dtype),
                            typename MaxRegions<Number>::Arguments{
                                out.elements, regions_of<Number>(x, out, sent_images),
                                sent_rows.data<std::int64_t>(), sent_columns.data<std::int64_t>()});
  }));
  return out;
}

/// The grids of all regions, y and x of each.
core::Result<std::vector<RegionAxis>> region_axes(const core::Node& node,
                                                  const core::TensorView& rois) {
  return reference::visit_floats(
      rois.dtype(), [&](auto type) -> core::Result<std::vector<RegionAxis>> {
        using T = typename decltype(type)::type;
        const auto values = rois.data<T>();
        std::vector<RegionAxis> axes;
        for (std::size_t i = 0; i + 4 <= values.size(); i += 4) {
          double edges[4];
          for (std::size_t k = 0; k < 4; ++k) {
            edges[k] = static_cast<double>(reference::widen(values[i + k]));
          }
          ISOTRACE_TRY(const reference::RoiGrid grid, reference::roi_grid(node, edges));
          axes.push_back({grid.y.start, grid.y.bin, grid.y.samples});
          axes.push_back({grid.x.start, grid.x.bin, grid.x.samples});
        }
        return axes;
      });
}

Made roi_align(DeviceCall& call) {
  const core::TensorView& rois = call.call.operand(1);
  ISOTRACE_TRY_DONE(reference::check_same_dtype(call.call.operand(0), rois));
  ISOTRACE_TRY(const Array x, call.wide(0));
  ISOTRACE_TRY(const auto output, reference::roi_align_shape(call.node(), x.shape, rois.shape()));
  ISOTRACE_TRY(const auto images,
               reference::roi_images(call.call.operand(2), x.shape[0], rois.dim(0)));
  ISOTRACE_TRY(const auto axes, region_axes(call.node(), rois));
  Work& work = call.work;
  ISOTRACE_TRY(const Array out, work.make(x.dtype, output));
  ISOTRACE_TRY(const Array sent_images, work.send(images));
  ISOTRACE_TRY(const Array sent_axes, work.send_plain(axes));
  const bool average = call.node().text("mode") == "avg";
  ISOTRACE_TRY_DONE(visit_real(x.dtype, [&](auto number) {
    using Number = decltype(number);
    return work.launch_each(of_type("align_regions", x.dtype),
                            typename AlignRegions<Number>::Arguments{
                                out.elements, regions_of<Number>(x, out, sent_images),
                                sent_axes.data<RegionAxis>(), average});
  }));
  return out;
}

}  // namespace

Results run_regions(DeviceCall& call) {
  return one(
      call.narrow(call.node().op == core::Op::roi_align ? roi_align(call) : max_roi_pool(call)));
}

}  // namespace isotrace::backends::gpu
