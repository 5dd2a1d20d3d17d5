#include "graphs.hpp"

namespace isotrace::tests {
namespace {

using core::Attribute;
using core::Op;
using Integers = std::vector<std::int64_t>;

class Maker {
 public:
  Maker(core::PhiloxStream& random, float scale)
      : random_(random), scale_(scale), graph_({1, 2, 2, 3}) {}

  int weights(core::Shape shape) {
    std::size_t size = 1;
    for (const std::int64_t dim : shape) size *= static_cast<std::size_t>(dim);
    std::vector<float> values = uniforms(random_, size);
    for (float& value : values) value *= scale_;
    return graph_.floats(std::move(shape), values);
  }
  int flat(int value) { return graph_.node(Op::flatten, {value}, {{"axis", std::int64_t{1}}}); }
  int dense(int value, std::int64_t in, std::int64_t out) {
    const int product =
        graph_.node(Op::matmul, {value, weights({in, out})}, {{"k_segment", std::int64_t{256}}});
    return graph_.node(Op::add, {product, weights({out})});
  }
  int relu(int value) { return graph_.node(Op::relu, {value}); }
  int pool(Op op, int value, bool ceil, std::int64_t include_pad) {
    std::vector<Attribute> attributes = {{"auto_pad", std::string("NOTSET")},
                                         {"ceil_mode", std::int64_t{ceil ? 1 : 0}}};
    if (op == Op::average_pool) attributes.push_back({"count_include_pad", include_pad});
    attributes.push_back({"dilations", Integers{1, 1}});
    attributes.push_back({"kernel_shape", Integers{2, 2}});
    attributes.push_back({"pads", Integers{0, 1, 0, 0}});
    if (op == Op::max_pool) attributes.push_back({"storage_order", std::int64_t{0}});
    attributes.push_back({"strides", Integers{1, 2}});
    return graph_.node(op, {value}, attributes);
  }
  int slice(int value, std::int64_t axis, std::int64_t start, std::int64_t end, std::int64_t step) {
    return graph_.node(Op::slice, {value, graph_.integers({start}), graph_.integers({end}),
                                   graph_.integers({axis}), graph_.integers({step})});
  }
  core::Program residual();
  core::Program pools(Op op, bool ceil, std::int64_t include_pad);
  core::Program normalised();
  core::Program pieces();
  core::Program parts();
  core::Program extremes();
  core::Program wholes();
  core::Program curves();
  core::Program hard();
  core::Program exponentials();
  core::Program spreads();
  core::Program repeats();
  core::Program reductions();

 private:
  core::PhiloxStream& random_;
  float scale_;
  Graph graph_;
};

core::Program Maker::residual() {
  const int x = flat(Graph::input);
  const int a = relu(dense(x, 12, 6));
  const int b = relu(dense(a, 6, 6));
  const int sum = graph_.node(Op::add, {a, b});
  const int c = graph_.node(Op::sub, {sum, dense(x, 12, 6)});
  return graph_.build({dense(relu(c), 6, 3), graph_.node(Op::add, {a, a})});
}

core::Program Maker::pools(Op op, bool ceil, std::int64_t include_pad) {
  const int pooled = pool(op, relu(Graph::input), ceil, include_pad);
  const int global = graph_.node(op == Op::max_pool ? Op::global_max_pool : Op::global_average_pool,
                                 {Graph::input});
  return graph_.build({pooled, dense(flat(global), 2, 3)});
}

core::Program Maker::normalised() {
  const int variance = graph_.floats({2}, {0.3F, 2.5F});
  const int y = graph_.node(Op::batch_normalization,
                            {Graph::input, weights({2}), weights({2}), weights({2}), variance},
                            {{"epsilon", 1e-5F}});
  return graph_.build({dense(relu(flat(y)), 12, 3)});
}

core::Program Maker::pieces() {
  const int x = dense(flat(Graph::input), 12, 5);
  const int leaky = graph_.node(Op::leaky_relu, {x}, {{"alpha", 0.1F}});
  const int prelu = graph_.node(Op::prelu, {leaky, weights({5})});
  const int clipped =
      graph_.node(Op::clip, {prelu, graph_.floats({}, {-0.3F}), graph_.floats({}, {0.7F})});
  const int least = graph_.node(Op::clip, {x, -1, graph_.floats({}, {0.2F})});
  return graph_.build({dense(clipped, 5, 2), graph_.node(Op::abs, {x}), least});
}

core::Program Maker::parts() {
  const int x = flat(Graph::input);
  const int split =
      graph_.node(Op::split, {x, graph_.integers({5, 3, 4})}, {{"axis", std::int64_t{1}}}, 3);
  const int turned = slice(split + 2, 1, -1, -100, -1);
  const int gathered =
      graph_.node(Op::gather, {x, graph_.integers({3, -1, 3})}, {{"axis", std::int64_t{1}}});
  const int fixed = graph_.floats({1, 2}, {0.5F, -2.0F});
  const int joined =
      graph_.node(Op::concat, {relu(split), fixed, turned, gathered}, {{"axis", std::int64_t{1}}});
  const int padded = graph_.node(Op::pad, {joined, graph_.integers({0, 1, 0, 2})},
                                 {{"mode", std::string("constant")}});
  return graph_.build({dense(relu(padded), 17, 3), relu(gathered)});
}

core::Program Maker::extremes() {
  const int x = flat(Graph::input);
  const int a = dense(x, 12, 4);
  const int b = dense(x, 12, 4);
  const int c = dense(x, 12, 1);
  const int most = graph_.node(Op::max, {a, b, c});
  return graph_.build({dense(relu(most), 4, 2), graph_.node(Op::min, {a, c}), most});
}

core::Program Maker::wholes() {
  const int x = Graph::input;
  const int turned = graph_.node(Op::transpose, {x}, {{"perm", Integers{0, 3, 1, 2}}});
  const int shape =
      graph_.node(Op::shape, {turned}, {{"end", INT64_MAX}, {"start", std::int64_t{0}}});
  const int reshaped = graph_.node(Op::reshape, {relu(x), shape}, {{"allowzero", std::int64_t{0}}});
  const int sum = graph_.node(Op::add, {turned, reshaped});
  const int same = graph_.node(
      Op::cast, {sum},
      {{"saturate", std::int64_t{1}}, {"to", static_cast<std::int64_t>(core::Dtype::f32)}});
  const int low = graph_.node(Op::neg, {graph_.node(Op::identity, {same})});
  return graph_.build({dense(flat(low), 12, 3), turned});
}

core::Program Maker::curves() {
  const int x = flat(Graph::input);
  const int wide = graph_.node(Op::sigmoid, {dense(x, 12, 6)});
  const int deep = graph_.node(Op::tanh, {dense(wide, 6, 5)});
  const int beside = graph_.node(Op::add, {deep, relu(dense(wide, 6, 5))});
  return graph_.build({dense(beside, 5, 3), deep, graph_.node(Op::sigmoid, {x})});
}

core::Program Maker::hard() {
  const auto bounded = [this](int value, float alpha, float beta) {
    return graph_.node(Op::hard_sigmoid, {value}, {{"alpha", alpha}, {"beta", beta}});
  };
  const int x = flat(Graph::input);
  const int inner = bounded(dense(x, 12, 6), 0.2F, 0.5F);
  return graph_.build({dense(inner, 6, 3), bounded(x, 1, 0), bounded(inner, -1.5F, 0.75F)});
}

core::Program Maker::exponentials() {
  const auto bounded = [this](int value) {
    return graph_.node(Op::clip, {value, graph_.floats({}, {-9}), graph_.floats({}, {9})});
  };
  const int x = flat(Graph::input);
  const int elu = graph_.node(Op::elu, {dense(x, 12, 5)}, {{"alpha", 0.75F}});
  const int selu =
      graph_.node(Op::selu, {dense(elu, 5, 4)}, {{"alpha", 1.6732632F}, {"gamma", 1.050701F}});
  const int soft = graph_.node(Op::softplus, {dense(selu, 4, 5)});
  const int floor = graph_.node(Op::max, {soft, graph_.floats({5}, {0.5F, 0, 1, -1, 2})});
  const int ceiling = graph_.node(Op::min, {graph_.floats({1}, {1.5F}), floor});
  // Rows along an axis in the middle, and all of them.
  const int along = graph_.node(Op::softmax, {bounded(Graph::input)},
                                {{"axis", std::int64_t{2}}, {"flatten", std::int64_t{0}}});
  const int all = graph_.node(Op::softmax, {bounded(dense(ceiling, 5, 3))},
                              {{"axis", std::int64_t{1}}, {"flatten", std::int64_t{1}}});
  return graph_.build({dense(ceiling, 5, 2), all, elu, along});
}

core::Program Maker::spreads() {
  const auto spread = [this](int value, core::Shape kernel, Integers strides, Integers dilations,
                             Integers pads, Integers more, std::int64_t group, bool bias) {
    std::vector<int> operands = {value, weights(kernel)};
    if (bias) operands.push_back(weights({kernel[1] * group}));
    return graph_.node(Op::conv_transpose, operands,
                       {{"auto_pad", std::string("NOTSET")},
                        {"dilations", std::move(dilations)},
                        {"group", group},
                        {"k_segment", std::int64_t{256}},
                        {"output_padding", std::move(more)},
                        {"output_shape", Integers{}},
                        {"pads", std::move(pads)},
                        {"strides", std::move(strides)}});
  };
  const int x = Graph::input;
  // [1, 3, 3, 6], then groups and holes in the kernel, then taps that meet nothing at the end.
  const int wide = spread(x, {2, 3, 2, 3}, {2, 2}, {1, 1}, {1, 0, 0, 1}, {0, 0}, 1, true);
  const int grouped = spread(x, {2, 1, 2, 2}, {1, 3}, {2, 1}, {0, 1, 1, 0}, {0, 2}, 2, false);
  const int back = spread(relu(wide), {3, 1, 1, 2}, {1, 1}, {1, 2}, {0, 0, 1, 2}, {0, 0}, 1, true);
  return graph_.build({flat(back), flat(grouped)});
}

core::Program Maker::repeats() {
  const auto resize = [this](int value, int scales, int sizes, const char* places,
                             const char* mode) {
    return graph_.node(Op::resize, {value, -1, scales, sizes},
                       {{"antialias", std::int64_t{0}},
                        {"axes", Integers{}},
                        {"coordinate_transformation_mode", std::string(places)},
                        {"cubic_coeff_a", -0.75F},
                        {"exclude_outside", std::int64_t{0}},
                        {"extrapolation_value", 0.0F},
                        {"keep_aspect_ratio_policy", std::string("stretch")},
                        {"mode", std::string("nearest")},
                        {"nearest_mode", std::string(mode)}});
  };
  const auto pad = [this](int value, Integers pads, const char* mode) {
    return graph_.node(Op::pad, {value, graph_.integers(pads)}, {{"mode", std::string(mode)}});
  };
  const int x = relu(Graph::input);
  const int doubled = resize(x, graph_.floats({4}, {1, 1, 2, 3}), -1, "asymmetric", "floor");
  const int sized = resize(x, -1, graph_.integers({1, 4, 6, 3}), "half_pixel", "round_prefer_ceil");
  const int mirrored = pad(Graph::input, {0, 0, 1, 3, 0, 0, 4, 2}, "reflect");
  const int edges = pad(x, {0, 1, 0, 2, 0, 0, 1, 1}, "edge");
  const int tiled = graph_.node(Op::tile, {flat(x), graph_.integers({2, 3})});
  const int row = dense(flat(x), 12, 3);
  const int expanded = graph_.node(Op::expand, {row, graph_.integers({2, 4, 1})});
  const int sum = graph_.node(Op::add, {expanded, expanded});
  return graph_.build({doubled, sized, mirrored, edges, tiled, sum});
}

core::Program Maker::reductions() {
  const auto reduce = [this](Op op, int value, Integers axes, std::int64_t keeps) {
    return graph_.node(op, {value, graph_.integers(axes)},
                       {{"keepdims", keeps}, {"noop_with_empty_axes", std::int64_t{0}}});
  };
  const int x = Graph::input;
  const int sums = reduce(Op::reduce_sum, x, {-1, 1}, 0);
  const int means = reduce(Op::reduce_mean, x, {2}, 1);
  const int most = reduce(Op::reduce_max, x, {1, 3}, 1);
  const int centred = graph_.node(Op::sub, {x, means});
  const int all = reduce(Op::reduce_mean, relu(centred), {}, 0);
  return graph_.build({dense(sums, 2, 3), flat(means), most, all});
}

}  // namespace

core::Program random_graph(core::PhiloxStream& random, std::size_t kind, float scale) {
  Maker maker(random, scale);
  switch (kind) {
    case 0: return maker.residual();
    case 1: return maker.pools(Op::max_pool, false, 0);
    case 2: return maker.pools(Op::max_pool, true, 0);
    case 3: return maker.pools(Op::average_pool, false, 0);
    case 4: return maker.pools(Op::average_pool, true, 1);
    case 5: return maker.normalised();
    case 6: return maker.pieces();
    case 7: return maker.parts();
    case 8: return maker.extremes();
    case 9: return maker.curves();
    case 10: return maker.hard();
    case 11: return maker.exponentials();
    case 12: return maker.spreads();
    case 13: return maker.repeats();
    case 14: return maker.reductions();
    default: return maker.wholes();
  }
}

}  // namespace isotrace::tests
