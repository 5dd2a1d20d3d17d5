// [pool.max_pool] [pool.average_pool] [pool.global_max_pool] [pool.global_average_pool]
#include <tests/reference/support.hpp>

#include <isotrace/reference/reduce.hpp>

namespace isotrace::reference {
namespace {

const Attribute ceil_mode{"ceil_mode", std::int64_t{1}};
const Attribute include_pad{"count_include_pad", std::int64_t{1}};

Outcome max_pool(const Tensor& x, Ints kernel, std::vector<Attribute> more = {},
                 std::size_t outputs = 1) {
  more.push_back({"kernel_shape", std::move(kernel)});
  return call(Op::max_pool, {x}, std::move(more), outputs);
}
Outcome average_pool(const Tensor& x, Ints kernel, std::vector<Attribute> more = {}) {
  more.push_back({"kernel_shape", std::move(kernel)});
  return call(Op::average_pool, {x}, std::move(more));
}

TEST(MaxPool, takes_the_greatest_and_its_index) {
  const Tensor x = f32({1, 2, 2, 3}, {1, 5, 2, 4, 3, 6, -1, -5, -2, -4, -3, -6});
  expect_results(max_pool(x, {2, 2}, {}, 2),
                 {f32({1, 2, 1, 2}, {5, 6, -1, -2}), i64({1, 2, 1, 2}, {1, 5, 6, 8})});
}

TEST(MaxPool, column_major_indices_number_the_spatial_axes_backwards) {
  const Tensor x = f32({1, 2, 2, 3}, {1, 5, 2, 4, 3, 6, -1, -5, -2, -4, -3, -6});
  expect_results(max_pool(x, {2, 2}, {{"storage_order", std::int64_t{1}}}, 2),
                 {f32({1, 2, 1, 2}, {5, 6, -1, -2}), i64({1, 2, 1, 2}, {2, 5, 6, 10})});
}

TEST(MaxPool, column_major_indices_of_three_axes_and_one) {
  const Attribute column_major{"storage_order", std::int64_t{1}};
  Tensor x = f32({1, 2, 2, 3, 2}, std::vector<float>(24, 0));
  x.data<float>()[12 + 1 * 6 + 2 * 2 + 1] = 1;  // channel 1, position (1, 2, 1)
  const auto pooled = max_pool(x, {2, 3, 2}, {column_major}, 2);
  expect_results(pooled,
                 {f32({1, 2, 1, 1, 1}, {0, 1}), i64({1, 2, 1, 1, 1}, {0, 12 + 1 + 2 * 2 + 1 * 6})});
  expect_results(max_pool(f32({1, 1, 3}, {1, 3, 2}), {3}, {column_major}, 2),
                 {f32({1, 1, 1}, {3}), i64({1, 1, 1}, {1})});
}

TEST(MaxPool, padding_is_never_the_maximum_nor_an_index) {
  expect_results(max_pool(f32({1, 1, 2}, {-3, -4}), {2}, {{"pads", Ints{1, 1}}}, 2),
                 {f32({1, 1, 3}, {-3, -3, -4}), i64({1, 1, 3}, {0, 0, 1})});
}

TEST(MaxPool, nan_wins_and_ties_go_to_the_first_tap) {
  const Tensor x = f32_bits({1, 1, 4}, {0x7F800000, 0xFFC00001, 0x7FC00000, 0});
  expect_results(max_pool(x, {4}, {}, 2), {f32_bits({1, 1, 1}, {0x7FC00000}), i64({1, 1, 1}, {1})});
  expect_results(max_pool(f32({1, 1, 2}, {-0.0F, 0.0F}), {2}, {}, 2),
                 {f32_bits({1, 1, 1}, {0}), i64({1, 1, 1}, {0})});
}

TEST(MaxPool, ceil_mode_drops_windows_that_start_in_the_end_padding) {
  const Tensor x = f32({1, 1, 4}, {1, 2, 3, 4});
  const Attribute by_two{"strides", Ints{2}};
  const Attribute by_three{"strides", Ints{3}};
  expect_result(max_pool(x, {3}, {by_two}), f32({1, 1, 1}, {3}));
  expect_result(max_pool(x, {3}, {by_two, ceil_mode}), f32({1, 1, 2}, {3, 4}));
  // A third window would start at position 5 of 4, on the padding.
  expect_result(max_pool(x, {1}, {by_three, ceil_mode, {"pads", Ints{0, 2}}}),
                f32({1, 1, 2}, {1, 4}));
}

TEST(MaxPool, dilation_and_integers) {
  Tensor x = vector_of<std::uint8_t>({1, 9, 3, 200, 5});
  x.reshape({1, 1, 5});
  Tensor expected = vector_of<std::uint8_t>({3, 200, 5});
  expected.reshape({1, 1, 3});
  expect_result(max_pool(x, {2}, {{"dilations", Ints{2}}}), expected);
}

TEST(MaxPool, automatic_padding) {
  const Tensor x = f32({1, 1, 3}, {3, 1, 2});
  expect_result(max_pool(x, {2}, {{"auto_pad", std::string("SAME_UPPER")}}),
                f32({1, 1, 3}, {3, 2, 2}));
  expect_result(max_pool(x, {2}, {{"auto_pad", std::string("SAME_LOWER")}}),
                f32({1, 1, 3}, {3, 3, 2}));
}

TEST(MaxPool, refuses_a_window_on_padding_alone) {
  const Tensor x = f32({1, 1, 1}, {1});
  expect_refused(max_pool(x, {2}, {{"pads", Ints{2, 2}}}), RefusalCode::shape_mismatch, "MaxPool");
}

TEST(MaxPool, a_dilation_beyond_the_input_leaves_one_tap) {
  const std::int64_t huge = (std::int64_t{1} << 31) - 1;
  expect_results(max_pool(f32({1, 1, 2}, {1, 2}), {2},
                          {{"dilations", Ints{huge}}, {"pads", Ints{0, huge}}}, 2),
                 {f32({1, 1, 2}, {1, 2}), i64({1, 1, 2}, {0, 1})});
}

TEST(MaxPool, refuses_hostile_attributes_quickly) {
  const Tensor x = f32({1, 1, 4}, {1, 2, 3, 4});
  for (const Ints& kernel : {Ints{0}, Ints{-1}, Ints{}, Ints{1, 1}, Ints{1LL << 40}}) {
    expect_refused(max_pool(x, kernel), RefusalCode::operation_attribute_invalid, "MaxPool");
  }
  expect_refused(max_pool(x, {1}, {{"storage_order", std::int64_t{2}}}),
                 RefusalCode::operation_attribute_invalid, "MaxPool");
  expect_refused(max_pool(x, {5}), RefusalCode::shape_mismatch, "MaxPool");
  expect_refused(max_pool(f32({1, 2}), {1}), RefusalCode::shape_mismatch, "MaxPool");
}

TEST(AveragePool, a_huge_window_over_padding_costs_no_more_than_its_input) {
  const std::int64_t huge = (1LL << 31) - 2;
  const Tensor x = f32({1, 1, 2, 2}, {1, 2, 3, 4});
  const Attribute pads{"pads", Ints{huge - 1, huge - 1, 0, 0}};
  expect_result(average_pool(x, {huge, huge}, {pads}), f32({1, 1, 2, 2}, {1, 1.5F, 2, 2.5F}));
  const auto count = static_cast<float>(huge * huge);
  expect_result(average_pool(x, {huge, huge}, {pads, include_pad}),
                f32({1, 1, 2, 2}, {1 / count, 3 / count, 4 / count, 10 / count}));
}

TEST(AveragePool, refuses_a_window_whose_taps_cannot_be_counted) {
  const Tensor x = f32({1, 1, 1, 1, 1}, {1});
  const std::int64_t huge = (1LL << 31) - 1;
  expect_refused(average_pool(x, {huge, huge, huge}, {{"pads", Ints(6, huge)}}),
                 RefusalCode::operation_attribute_invalid, "AveragePool");
}

TEST(AveragePool, counts_the_input_or_the_padded_input) {
  const Tensor x = f32({1, 1, 3}, {1, 2, 4});
  const Attribute pads{"pads", Ints{1, 1}};
  expect_result(average_pool(x, {2}, {pads}), f32({1, 1, 4}, {1, 1.5F, 3, 4}));
  expect_result(average_pool(x, {2}, {pads, include_pad}), f32({1, 1, 4}, {0.5F, 1.5F, 3, 2}));
}

TEST(AveragePool, positions_that_ceil_mode_adds_are_never_counted) {
  const Tensor x = f32({1, 1, 4}, {1, 2, 3, 4});
  // The second window covers position 2 and 3 and one beyond the padded input.
  expect_result(average_pool(x, {3}, {{"strides", Ints{2}}, ceil_mode, include_pad}),
                f32({1, 1, 2}, {2, 3.5F}));
}

TEST(AveragePool, dilated_windows_count_their_taps_only) {
  const Tensor x = f32({1, 1, 6}, {1, 2, 4, 8, 16, 32});
  const Attribute dilated{"dilations", Ints{2}};
  expect_result(average_pool(x, {3}, {dilated}), f32({1, 1, 2}, {7, 14}));
  // Taps at -1, 1, 3 and 4, 6, 8: padding counts if asked for, what ceil_mode adds never does.
  const std::vector<Attribute> apart = {
      dilated, ceil_mode, {"pads", Ints{1, 1}}, {"strides", Ints{5}}};
  expect_result(average_pool(x, {3}, apart), f32({1, 1, 2}, {5, 16}));
  std::vector<Attribute> counted = apart;
  counted.push_back(include_pad);
  expect_result(average_pool(x, {3}, counted), f32({1, 1, 2}, {10.0F / 3, 8}));
}

TEST(AveragePool, adds_in_window_order) {
  // (1 + 2^-24) + 2^-24 stays 1; the other order would not.
  expect_result(average_pool(f32({1, 1, 4}, {1, 0x1p-24F, 0x1p-24F, 0}), {4}),
                f32({1, 1, 1}, {0.25F}));
  expect_result(average_pool(f32({1, 1, 4}, {0x1p-24F, 0x1p-24F, 1, 0}), {4}),
                f32({1, 1, 1}, {(1 + 0x1p-23F) / 4}));
}

TEST(AveragePool, refuses_integers) {
  Tensor x = i32({1});
  x.reshape({1, 1, 1});
  expect_refused(average_pool(x, {1}), RefusalCode::operation_dtype_unsupported, "AveragePool");
}

TEST(GlobalMaxPool, reduces_every_spatial_axis) {
  expect_result(call(Op::global_max_pool, {f32({1, 2, 1, 2}, {1, 2, quiet_nan(), 3})}),
                f32({1, 2, 1, 1}, {2, quiet_nan()}));
  expect_refused(call(Op::global_max_pool, {f32({1})}), RefusalCode::shape_mismatch,
                 "GlobalMaxPool");
}

TEST(GlobalAveragePool, is_r_over_n) {
  core::PhiloxStream random(30);
  const auto values = random_values(70, random);
  expect_result(call(Op::global_average_pool, {f32({1, 1, 7, 10}, values)}),
                f32({1, 1, 1, 1}, {reduce_sum<float>(values) / 70}));
}

}  // namespace
}  // namespace isotrace::reference
