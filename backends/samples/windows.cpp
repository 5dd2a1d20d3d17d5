// Contractions, and what slides windows over images.
#include <isotrace/backends/samples/families.hpp>

namespace isotrace::backends::samples {
namespace {

/// Regions and boxes inside an image of 6 by 7: samples of data would leave it.
Tensor regions(Maker& make, const Ints& values, Shape shape) {
  Tensor integers = ints(values);
  integers.reshape(std::move(shape));
  return make.cast(integers);
}

}  // namespace

void add_contractions(Op op, Maker& make) {
  for (const std::int64_t segment : {std::int64_t{256}, std::int64_t{4}}) {
    if (op == Op::matmul) {
      make.add({{"k_segment", segment}}, list(make.data({2, 3, 9}), make.data({9, 17})));
      make.add({{"k_segment", segment}}, list(make.data({13, 300}), make.data({300, 35})));
      make.add({{"k_segment", segment}}, list(make.data({5}), make.data({2, 5, 3})));
    } else if (op == Op::gemm) {
      for (const std::int64_t transposed : {zero, one}) {
        make.add({{"alpha", make.factor(1.5F)},
                  {"beta", make.factor(0.75F)},
                  {"k_segment", segment},
                  {"transA", transposed},
                  {"transB", one - transposed}},
                 list(make.data(transposed == 1 ? Shape{9, 14} : Shape{14, 9}),
                      make.data(transposed == 1 ? Shape{9, 19} : Shape{19, 9}), make.data({19})));
      }
    } else {
      const bool forward = op == Op::conv;
      std::vector<core::Attribute> attributes = {{"auto_pad", std::string("NOTSET")},
                                                 {"dilations", Ints{1, 2}},
                                                 {"group", std::int64_t{2}},
                                                 {"k_segment", segment}};
      if (!forward) {
        attributes.push_back({"output_padding", Ints{0, 0}});
        attributes.push_back({"output_shape", Ints{}});
      }
      attributes.push_back({"pads", Ints{1, 0, 0, 2}});
      attributes.push_back({"strides", Ints{2, 1}});
      make.add(std::move(attributes),
               list(make.data({2, 4, 6, 7}), make.data({4, 2, 3, 2}), make.data({4})));
    }
  }
}

void add_pools(Op op, Maker& make) {
  if (op == Op::global_max_pool || op == Op::global_average_pool) {
    return make.add({}, list(make.data({2, 3, 4, 5})));
  }
  if (op == Op::global_lp_pool) {
    return make.add({{"p", std::int64_t{3}}}, list(make.data({2, 3, 4, 5})));
  }
  std::vector<core::Attribute> attributes = {{"auto_pad", std::string("NOTSET")},
                                             {"ceil_mode", one}};
  if (op == Op::average_pool) attributes.push_back({"count_include_pad", zero});
  attributes.push_back({"dilations", Ints{1, 1}});
  attributes.push_back({"kernel_shape", Ints{3, 2}});
  if (op == Op::lp_pool) attributes.push_back({"p", std::int64_t{2}});
  attributes.push_back({"pads", Ints{1, 0, 1, 1}});
  if (op == Op::max_pool) attributes.push_back({"storage_order", zero});
  attributes.push_back({"strides", Ints{2, 2}});
  make.add(attributes, list(make.data({1, 2, 7, 6})), op == Op::max_pool ? 2 : 1);
}

void add_windows(Op op, Maker& make) {
  const Ints two = {2, 2};
  switch (op) {
    case Op::max_unpool:
      return make.add({{"kernel_shape", two}, {"pads", Ints{}}, {"strides", two}},
                      list(make.data({1, 1, 2, 2}), indices({1, 1, 2, 2}, {0, 3, 9, 15})));
    case Op::max_roi_pool:
      return make.add(
          {{"pooled_shape", two}, {"spatial_scale", 0.5F}},
          list(make.data({2, 2, 6, 7}), regions(make, {0, 0, 0, 5, 6, 1, 2, 2, 9, 11}, {2, 5})));
    case Op::roi_align:
      for (const char* mode : {"avg", "max"}) {
        make.add({{"coordinate_transformation_mode", std::string("half_pixel")},
                  {"mode", std::string(mode)},
                  {"output_height", std::int64_t{2}},
                  {"output_width", std::int64_t{3}},
                  {"sampling_ratio", zero},
                  {"spatial_scale", 0.75F}},
                 list(make.data({2, 2, 6, 7}), regions(make, {0, 0, 5, 6, 1, 2, 4, 4}, {2, 4}),
                      ints({1, 0})));
      }
      return;
    case Op::col2im:
      return make.add({{"dilations", Ints{1, 2}}, {"pads", Ints{1, 0, 0, 1}}, {"strides", Ints{}}},
                      list(make.data({2, 8, 12}), ints({3, 5}), ints({2, 2})));
    case Op::deform_conv:
      return make.add({{"dilations", Ints{1, 1}},
                       {"group", std::int64_t{2}},
                       {"k_segment", std::int64_t{256}},
                       {"offset_group", std::int64_t{2}},
                       {"pads", Ints{1, 0, 0, 1}},
                       {"strides", Ints{1, 2}}},
                      list(make.data({1, 4, 4, 5}), make.data({2, 2, 2, 2}),
                           make.data({1, 16, 4, 3}), make.data({2}), make.data({1, 8, 4, 3})));
    default: ISOTRACE_CHECK(false, core::op_info(op).name);
  }
}

}  // namespace isotrace::backends::samples
