// Elementwise operations, casts and reductions.
#include <isotrace/backends/samples/families.hpp>
#include <isotrace/reference/bit_cast.hpp>

namespace isotrace::backends::samples {

void add_modes(Op op, Maker& make) {
  switch (op) {
    case Op::mod:
      make.add({{"fmod", one}}, list(make.data({4, 9}), make.data({9})));
      if (core::is_integer(make.dtype())) {
        make.add({{"fmod", zero}}, list(make.data({4, 9}), make.data({9})));
      }
      return;
    case Op::bit_shift:
      for (const char* direction : {"LEFT", "RIGHT"}) {
        make.add({{"direction", std::string(direction)}}, list(make.data({4, 9}), make.data({9})));
      }
      return;
    case Op::is_inf:
      return make.add({{"detect_negative", one}, {"detect_positive", zero}}, list(make.data({70})));
    case Op::gelu:
      make.add({{"approximate", std::string("none")}}, list(make.data({70})));
      return make.add({{"approximate", std::string("tanh")}}, list(make.data({70})));
    case Op::shrink: return make.add({{"bias", 0.25F}, {"lambd", 1.5F}}, list(make.data({70})));
    default: ISOTRACE_CHECK(false, core::op_info(op).name);
  }
}

void add_elementwise(Op op, Maker& make) {
  const core::OpInfo& info = core::op_info(op);
  std::vector<core::Attribute> attributes;
  if (core::attribute_kind(op, "alpha")) attributes.push_back({"alpha", 0.3F});
  if (core::attribute_kind(op, "beta")) attributes.push_back({"beta", 0.6F});
  if (core::attribute_kind(op, "gamma")) attributes.push_back({"gamma", 1.1F});
  if (info.inputs_min == 2) {
    make.add(attributes, list(make.data({4, 9}), make.data({4, 9})));
    make.add(attributes, list(make.data({2, 3, 5}), make.data({3, 1})));
    make.add(attributes, list(make.data({}), make.data({})));
    make.add(attributes, list(make.data({0, 3}), make.data({3})));
  } else if (info.inputs_max == core::any_number) {
    make.add(attributes, list(make.data({4, 9}), make.data({4, 9})));
    make.add(attributes, list(make.data({3, 7}), make.data({7}), make.data({3, 1})));
    make.add(attributes, list(make.data({}), make.data({})));
    make.add(attributes, list(make.data({0, 3}), make.data({3})));
  } else {
    make.add(attributes, list(make.data({5, 33})));
    make.add(attributes, list(make.data({})));
    make.add(attributes, list(make.data({3, 0})));
  }
}

void add_powers(Maker& make) {
  make.add({}, list(make.data({4, 9}), make.data({4, 9})));
  make.add({}, list(make.data({2, 4}), ints({3, 0, 1, 2})));
}

void add_casts(Maker& make) {
  for (std::uint8_t number = 1; core::dtype_from_number(number); ++number) {
    for (const std::int64_t saturate : {zero, one}) {
      make.add({{"saturate", saturate}, {"to", static_cast<std::int64_t>(number)}},
               list(make.data({70})));
    }
  }
}

void add_bit_casts(Maker& make) {
  for (std::uint8_t number = 1; const auto to = core::dtype_from_number(number); ++number) {
    core::Node node{};
    node.op = Op::bit_cast;
    node.attributes = {{"to", std::int64_t{number}}};
    const bool fits = reference::bit_cast_dtype(node, make.dtype()).has_value();
    // Few bytes are booleans.
    if (!fits || (*to == Dtype::boolean && make.dtype() != *to)) continue;
    make.add(node.attributes, list(make.data({3, 5})));
  }
}

void add_reductions(Op op, Maker& make) {
  if (op == Op::cum_sum || op == Op::cum_prod) {
    make.add({{"exclusive", zero}, {"reverse", zero}}, list(make.data({3, 5, 2}), ints({1})));
    return make.add({{"exclusive", one}, {"reverse", one}}, list(make.data({9}), ints({-1})));
  }
  if (op == Op::top_k) {
    make.add({{"axis", one}, {"largest", one}}, list(make.data({3, 9, 2}), ints({4})), 2);
    return make.add({{"axis", -one}, {"largest", zero}}, list(make.data({3, 9}), ints({0})), 2);
  }
  if (op == Op::arg_max || op == Op::arg_min) {
    return make.add({{"axis", one}, {"keepdims", zero}, {"select_last_index", zero}},
                    list(make.data({3, 9})));
  }
  make.add({{"keepdims", one}, {"noop_with_empty_axes", zero}},
           list(make.data({3, 50, 2}), ints({1})));
  make.add({{"keepdims", zero}, {"noop_with_empty_axes", zero}}, list(make.data({4, 6})));
}

}  // namespace isotrace::backends::samples
