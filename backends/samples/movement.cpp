// Operations that move, find and collect elements.
#include <isotrace/backends/samples/families.hpp>
#include <isotrace/reference/packed.hpp>

namespace isotrace::backends::samples {
namespace {

/// Gathering, scattering, finding.
void add_selections(Op op, Maker& make) {
  switch (op) {
    case Op::gather_elements:
      return make.add({{"axis", one}},
                      list(make.data({2, 3}), Tensor::of<std::int64_t>({1, 4}, {2, 0, -1, 0})));
    case Op::gather_nd:
      return make.add({{"batch_dims", one}},
                      list(make.data({2, 3, 2}), Tensor::of<std::int64_t>({2, 1}, {-1, 0})));
    case Op::scatter_elements:
    case Op::scatter_nd: {
      const bool along_axis = op == Op::scatter_elements;
      for (const char* reduction : {"none", "add", "mul", "max", "min"}) {
        std::vector<core::Attribute> attributes;
        if (along_axis) attributes.push_back({"axis", zero});
        attributes.push_back({"reduction", std::string(reduction)});
        const Tensor indices = Tensor::of<std::int64_t>({4, 1}, {1, 0, -1, 1});
        const Shape updates = along_axis ? Shape{4, 1} : Shape{4, 2};
        make.add(std::move(attributes), list(make.data({3, 2}), indices, make.data(updates)));
        if (!make.has_arithmetic()) return;  // none is all that these have
      }
      return;
    }
    case Op::tensor_scatter:
      make.add({{"axis", one}, {"mode", std::string("linear")}},
               list(make.data({2, 5, 3}), make.data({2, 2, 3}), ints({3, 0})));
      return make.add({{"axis", -one}, {"mode", std::string("circular")}},
                      list(make.data({2, 4}), make.data({2, 3}), ints({2, -1})));
    case Op::one_hot:
      return make.add({{"axis", zero}}, list(ints({1, -1, 5}), ints({3}), make.data({2})));
    case Op::compress:
      return make.add({{"axis", one}}, list(make.data({2, 5}), make.condition({4})));
    case Op::non_zero: return make.add({}, list(make.data({4, 7})));
    case Op::unique:
      make.add({{"axis", zero}, {"sorted", one}}, list(make.data({40})), 4);
      return make.add({{"axis", one}, {"sorted", zero}}, list(make.data({1, 12})), 4);
    default: ISOTRACE_CHECK(false, core::op_info(op).name);
  }
}

}  // namespace

void add_moves(Op op, Maker& make) {
  switch (op) {
    case Op::reshape:
      return make.add({{"allowzero", zero}}, list(make.data({2, 6}), ints({3, -1})));
    case Op::flatten: return make.add({{"axis", one}}, list(make.data({2, 3, 2})));
    case Op::transpose: return make.add({{"perm", Ints{2, 0, 1}}}, list(make.data({2, 3, 4})));
    case Op::squeeze: return make.add({}, list(make.data({2, 1, 3}), ints({1})));
    case Op::unsqueeze: return make.add({}, list(make.data({2, 3}), ints({0, 3})));
    case Op::concat: return make.add({{"axis", one}}, list(make.data({2, 3}), make.data({2, 1})));
    case Op::split: return make.add({{"axis", zero}}, list(make.data({5, 2}), ints({2, 3})), 2);
    case Op::slice:
      return make.add(
          {}, list(make.data({6, 5}), ints({5, 1}), ints({-7, 4}), ints({0, 1}), ints({-2, 1})));
    case Op::gather: return make.add({{"axis", one}}, list(make.data({2, 5}), ints({4, 0, -1})));
    case Op::pad:
      return make.add({{"mode", std::string("constant")}},
                      list(make.data({2, 3}), ints({1, 0, 0, 2}), make.data({})));
    case Op::expand: return make.add({}, list(make.data({3, 1}), ints({2, 3, 4})));
    case Op::shape:
      return make.add({{"end", std::int64_t{2}}, {"start", zero}}, list(make.data({2, 3, 1})));
    case Op::constant_of_shape: return make.add({}, list(ints({2, 3}), make.data({1})));
    default: ISOTRACE_CHECK(false, core::op_info(op).name);
  }
}

void add_arrangements(Op op, Maker& make) {
  switch (op) {
    case Op::tile: return make.add({}, list(make.data({2, 3}), ints({2, 2})));
    case Op::depth_to_space:
      for (const char* mode : {"DCR", "CRD"}) {
        make.add({{"blocksize", std::int64_t{2}}, {"mode", std::string(mode)}},
                 list(make.data({1, 8, 2, 3})));
      }
      return;
    case Op::space_to_depth:
      return make.add({{"blocksize", std::int64_t{2}}}, list(make.data({1, 2, 4, 6})));
    case Op::eye_like: {
      const auto dtype = static_cast<std::int64_t>(make.dtype());
      return make.add({{"dtype", dtype}, {"k", one}}, list(make.data({3, 4})));
    }
    case Op::trilu: return make.add({{"upper", one}}, list(make.data({2, 3, 4}), ints({1})));
    case Op::range:
      return make.add({}, list(make.number(1.0F), make.number(9.0F), make.number(2.5F)));
    case Op::reverse_sequence:
      return make.add({{"batch_axis", zero}, {"time_axis", one}},
                      list(make.data({2, 4}), ints({3, 0})));
    case Op::size: return make.add({}, list(make.data({3, 4})));
    case Op::dropout:
      return make.add({}, list(make.data({3, 4}), make.number(0.0F), make.condition({})), 2);
    case Op::center_crop_pad:
      return make.add({{"axes", Ints{}}}, list(make.data({5, 2}), ints({2, 5})));
    default: return add_selections(op, make);
  }
}

void add_sequences(Op op, Dtype dtype, Maker& make) {
  const auto sequence = [&make, dtype](std::initializer_list<Shape> shapes) {
    std::vector<Tensor> tensors;
    core::Packed value;
    for (const Shape& shape : shapes) tensors.push_back(make.data(shape));
    for (const Tensor& tensor : tensors) value.tensors.push_back(reference::packed_tensor(tensor));
    return *reference::write_packed(core::sequence_of(dtype), value);
  };
  const auto number = [](Dtype of) { return static_cast<std::int64_t>(of); };
  switch (op) {
    case Op::sequence_construct: return make.add({}, list(make.data({2, 3}), make.data({})));
    case Op::sequence_empty: return make.add({{"dtype", number(dtype)}}, {});
    case Op::sequence_at: return make.add({}, list(sequence({{2}, {3, 2}}), ints({-1})));
    case Op::sequence_insert:
      return make.add({}, list(sequence({{2}, {0, 4}}), make.data({2, 2}), ints({1})));
    case Op::sequence_erase: return make.add({}, list(sequence({{2}, {3}}), ints({0})));
    case Op::sequence_length: return make.add({}, list(sequence({{}, {3}})));
    case Op::split_to_sequence:
      return make.add({{"axis", one}, {"keepdims", zero}}, list(make.data({2, 5}), ints({4, 1})));
    case Op::concat_from_sequence:
      return make.add({{"axis", zero}, {"new_axis", zero}}, list(sequence({{2, 3}, {1, 3}})));
    case Op::optional:
      make.add({{"dtype", number(core::optional_of(dtype))}}, list(make.data({3})));
      return make.add({{"dtype", number(core::optional_of(core::sequence_of(dtype)))}},
                      list(sequence({{2}, {}})));
    case Op::optional_get_element: return make.add({}, list(sequence({{2}, {3}})));
    case Op::optional_has_element: return make.add({}, list(make.data({2})));
    default: ISOTRACE_CHECK(false, core::op_info(op).name);
  }
}

}  // namespace isotrace::backends::samples
