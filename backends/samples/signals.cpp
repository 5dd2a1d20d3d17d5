// Images, transforms and losses.
#include <isotrace/backends/samples/families.hpp>

namespace isotrace::backends::samples {
namespace {

std::vector<core::Attribute> resize_attributes(std::string mode, std::int64_t antialias) {
  return {{"antialias", antialias},
          {"axes", Ints{}},
          {"coordinate_transformation_mode", std::string("half_pixel")},
          {"cubic_coeff_a", -0.75F},
          {"exclude_outside", antialias},
          {"extrapolation_value", 0.0F},
          {"keep_aspect_ratio_policy", std::string("stretch")},
          {"mode", std::move(mode)},
          {"nearest_mode", std::string("round_prefer_floor")}};
}

}  // namespace

void add_vision(Op op, Maker& make) {
  const Tensor none(Dtype::f32, {0});  // lists without entries count as left out
  switch (op) {
    case Op::resize:
      make.add(resize_attributes("nearest", zero),
               list(make.data({1, 2, 4, 5}), none, none, ints({1, 2, 7, 3})));
      if (!make.has_arithmetic()) return;
      make.add(resize_attributes("linear", zero),
               list(make.data({1, 2, 4, 5}), none, none, ints({1, 2, 7, 3})));
      return make.add(resize_attributes("cubic", one),
                      list(make.data({5, 6}), none, none, ints({3, 8})));
    case Op::grid_sample:
      for (const char* mode : {"nearest", "linear", "cubic"}) {
        for (const char* padding : {"zeros", "border", "reflection"}) {
          make.add({{"align_corners", zero},
                    {"mode", std::string(mode)},
                    {"padding_mode", std::string(padding)}},
                   list(make.data({1, 2, 4, 5}), make.grid({1, 3, 4, 2})));
        }
      }
      return;
    case Op::affine_grid:
      return make.add({{"align_corners", zero}}, list(make.data({1, 2, 3}), ints({1, 1, 3, 4})));
    case Op::non_max_suppression:
      return make.add({{"center_point_box", zero}},
                      list(make.data({1, 20, 4}), make.data({1, 2, 20}), ints({5}), make.data({}),
                           make.data({})));
    default: ISOTRACE_CHECK(false, core::op_info(op).name);
  }
}

void add_signals(Op op, Maker& make) {
  const core::Attribute segment = {"k_segment", std::int64_t{4}};
  const core::Attribute to_f32 = {"output_datatype", one};
  switch (op) {
    case Op::einsum:
      make.add({{"equation", std::string("bij,bjk->bik")}, segment},
               list(make.data({2, 3, 9}), make.data({2, 9, 4})));
      return make.add({{"equation", std::string("...ii,i,...j")}, segment},
                      list(make.data({2, 3, 3}), make.data({3}), make.data({2, 2})));
    case Op::det: return make.add({}, list(make.data({3, 4, 4})));
    case Op::dft:
      make.add({{"inverse", zero}, segment, {"onesided", one}},
               list(make.data({2, 9, 1}), ints({12}), ints({1})));
      return make.add({{"inverse", one}, segment, {"onesided", zero}},
                      list(make.data({2, 7, 3, 2})));
    case Op::stft:
      return make.add({segment, {"onesided", one}},
                      list(make.data({2, 20, 1}), ints({3}), make.data({8}), ints({8})));
    case Op::mel_weight_matrix:
      return make.add({to_f32},
                      list(ints({4}), ints({16}), ints({8000}), make.zeros({}), make.zeros({})));
    case Op::negative_log_likelihood_loss:
      return make.add(
          {{"has_ignore_index", one}, {"ignore_index", -one}, {"reduction", std::string("none")}},
          list(make.data({5, 3}), ints({2, 0, -1, 1, 1}), make.data({3})));
    case Op::tfidf_vectorizer:
      return make.add({{"max_gram_length", std::int64_t{2}},
                       {"max_skip_count", one},
                       {"min_gram_length", one},
                       {"mode", std::string("TFIDF")},
                       {"ngram_counts", Ints{0, 3}},
                       {"ngram_indexes", Ints{1, 0, 2, 4}},
                       {"pool_int64s", Ints{1, 2, -3, 2, 1}},
                       {"weights", std::vector<float>{1, 0.5F, 2, 3}}},
                      list(make.data({2, 30})));
    default:
      make.add({to_f32, {"periodic", one}}, list(make.count(9)));
      return make.add({to_f32, {"periodic", zero}}, list(make.count(8)));
  }
}

}  // namespace isotrace::backends::samples
