// The parts of a report that are not HTML: escaping, rows that are shown, flow, lanes, heat maps.
#include <gtest/gtest.h>

#include <bit>

#include <isotrace/tools/report/heat_map.hpp>
#include <isotrace/tools/report/html.hpp>
#include <isotrace/tools/report/lanes.hpp>

namespace isotrace::tools::page {
namespace {

using core::Dtype;
using core::Tensor;

TEST(Escaping, keeps_text_and_takes_markup_apart) {
  EXPECT_EQ(escaped("größe 8×8"), "größe 8×8");
  EXPECT_EQ(escaped("<b a='1' b=\"2\">&amp;"), "&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;amp;");
}

TEST(Escaping, shows_what_cannot_be_seen) {
  EXPECT_EQ(escaped(std::string_view("a\0b", 3)), "a\\u{00}b");
  EXPECT_EQ(escaped("\n\x1b\x7f"), "\\u{0a}\\u{1b}\\u{7f}");
  EXPECT_EQ(escaped("\u202ea\u200b\ufeff\u2066"), "\\u{202e}a\\u{200b}\\u{feff}\\u{2066}");
  EXPECT_EQ(escaped("\U000e0041\ufffe"), "\\u{e0041}\\u{fffe}");
}

TEST(Escaping, names_every_byte_that_is_no_utf8) {
  EXPECT_EQ(escaped("\xff"), "\\xff");
  EXPECT_EQ(escaped("\xc0\x80"), "\\xc0\\x80");                    // overlong NUL
  EXPECT_EQ(escaped("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(escaped("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
  EXPECT_EQ(escaped("\xe2\x82"), "\\xe2\\x82");                    // cut off
  EXPECT_EQ(escaped("\xe2\x82<"), "\\xe2\\x82&lt;");
}

TEST(Escaping, cuts_long_text_and_says_by_how_much) {
  EXPECT_EQ(escaped("abcdef", 4), "abcd… (2 more bytes)");
  EXPECT_EQ(escaped("aé", 2), "aé");  // never inside a character
}

TEST(Numbers, read_well) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(67106794), "67,106,794");
  EXPECT_EQ(counted(1, "page") + ", " + counted(1024, "page"), "1 page, 1,024 pages");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text(std::uint64_t{3} << 30), "3.0 GiB");
  EXPECT_EQ(bytes_text(UINT64_MAX), "15.9 EiB");
}

TEST(Rows, all_of_them_where_they_fit) {
  EXPECT_EQ(select_rows(0, 10, 0), std::vector<RowRange>());
  EXPECT_EQ(select_rows(10, 10, 3), (std::vector<RowRange>{{0, 10}}));
}

TEST(Rows, never_more_than_asked_for_and_always_the_one_that_matters) {
  for (std::size_t most : {1, 2, 3, 4, 7, 100}) {
    for (std::size_t focus = 0; focus < 1000; ++focus) {
      const auto ranges = select_rows(1000, most, focus);
      EXPECT_LE(rows_in(ranges), most);
      std::size_t end = 0;
      bool shown = false;
      for (const RowRange& range : ranges) {
        EXPECT_TRUE(range.begin > end || (range.begin == 0 && end == 0)) << most << " " << focus;
        EXPECT_LT(range.begin, range.end);
        shown = shown || (range.begin <= focus && focus < range.end);
        end = range.end;
      }
      EXPECT_TRUE(shown) << most << " " << focus;
      EXPECT_LE(end, 1000U);
    }
  }
}

trace::TensorRecord value(std::uint8_t mark) {
  trace::TensorRecord record{{}, Dtype::f32, {2}};
  record.digest.bytes[0] = mark;
  return record;
}

/// 0 and 1 read the input; 2 reads both and a constant; 3 reads 0 again.
trace::Trace diamond() {
  trace::Trace trace;
  trace.identity.inputs = {{"x", value(1)}};
  const auto add = [&](std::vector<std::optional<trace::TensorRecord>> inputs, std::uint8_t out) {
    trace::StepRecord step;
    step.index = trace.steps.size();
    step.inputs = std::move(inputs);
    step.outputs = {value(out)};
    trace.steps.push_back(std::move(step));
  };
  add({value(1)}, 2);
  add({value(1), std::nullopt}, 3);
  add({value(2), value(3), value(99)}, 4);
  add({value(4), value(2)}, 5);
  trace.outputs = {{"y", value(5)}};
  return trace;
}

TEST(FlowOfValues, finds_where_operands_come_from_and_who_reads_results) {
  const Flow flow = find_flow(diamond());
  using enum Source::Kind;
  EXPECT_EQ(flow.steps[0].operands[0].kind, input);
  EXPECT_EQ(flow.steps[1].operands[1].kind, absent);
  EXPECT_EQ(flow.steps[2].operands[0].kind, step);
  EXPECT_EQ(flow.steps[2].operands[1].index, 1U);
  EXPECT_EQ(flow.steps[2].operands[2].kind, constant);
  EXPECT_EQ(flow.steps[0].readers, (std::vector<std::size_t>{2, 3}));
  EXPECT_TRUE(flow.steps[3].readers.empty());
}

TEST(FlowOfValues, counts_what_is_still_read) {
  const Flow flow = find_flow(diamond());
  std::vector<std::uint64_t> alive;
  for (const StepFlow& step : flow.steps) alive.push_back(step.alive_bytes / 8);
  EXPECT_EQ(alive, (std::vector<std::uint64_t>{2, 3, 3, 3}));
  EXPECT_EQ(flow.peak, 1U);
}

TEST(LanesOfValues, a_chain_runs_straight_and_a_branch_stands_beside) {
  const Flow flow = find_flow(diamond());
  const Lanes lanes = find_lanes(flow, {0, 4});
  EXPECT_EQ(lanes.width, 2U);
  EXPECT_EQ(lanes.lane, (std::vector<std::size_t>{0, 1, 1, 1}));
  EXPECT_EQ(lanes.rails.size(), 4U);  // 0-2, 1-2, 2-3, 0-3
}

TEST(LanesOfValues, a_window_takes_in_what_comes_from_above_and_lets_out_what_is_read_below) {
  const Flow flow = find_flow(diamond());
  const Lanes lanes = find_lanes(flow, {2, 3});
  std::size_t from_above = 0;
  std::size_t below = 0;
  for (const Rail& rail : lanes.rails) {
    from_above += rail.from < 2 ? 1 : 0;
    below += rail.to >= 3 ? 1 : 0;
  }
  EXPECT_EQ(from_above, 3U);  // 0-2, 1-2, 0-3
  EXPECT_EQ(below, 2U);
}

TEST(HeatMaps, show_the_worst_of_each_block) {
  Tensor a(Dtype::f32, {96, 100});
  Tensor b(Dtype::f32, {96, 100});
  b.data<float>()[3 * 100 + 5] = std::bit_cast<float>(7U);  // 7 ulps from zero
  b.data<float>()[3 * 100 + 4] = std::bit_cast<float>(1U);
  b.data<float>()[95 * 100 + 99] = std::bit_cast<float>(0x7fc00000U);
  const auto map = make_heat_map(a, b);
  ASSERT_TRUE(map);
  EXPECT_EQ(
      (std::vector<std::size_t>{map->rows, map->columns, map->block_rows, map->block_columns}),
      (std::vector<std::size_t>{48, 34, 2, 3}));
  EXPECT_EQ(heat_of(map->cells[1 * 34 + 1]), 3U);  // 4 to 15
  EXPECT_EQ(differing_in(map->cells[1 * 34 + 1]), 2U);
  EXPECT_EQ(heat_of(map->cells.back()), heat_nan);
  std::uint64_t counted = 0;
  std::uint64_t differing = 0;
  for (const executor::Distances& cell : map->cells) {
    counted += cell.elements[0] + differing_in(cell);
    differing += differing_in(cell);
  }
  EXPECT_EQ(counted, a.elements());
  EXPECT_EQ(differing, 3U);
}

TEST(HeatMaps, break_a_long_vector_into_rows) {
  Tensor a(Dtype::i32, {10'000});
  Tensor b(Dtype::i32, {10'000});
  b.data<std::int32_t>()[9'999] = 1 << 20;
  const auto map = make_heat_map(a, b);
  ASSERT_TRUE(map);
  EXPECT_GE(map->matrix_columns * map->matrix_columns, 10'000U);
  EXPECT_LE(map->rows, HeatMap::cells_max);
  EXPECT_LE(map->columns, HeatMap::cells_max);
  std::uint64_t counted = 0;
  for (const executor::Distances& cell : map->cells)
    counted += cell.elements[0] + differing_in(cell);
  EXPECT_EQ(counted, 10'000U);
}

TEST(HeatMaps, part_dimensions_where_that_is_closest_to_a_square) {
  const auto sides = [](const core::Shape& shape) {
    const auto map = make_heat_map(Tensor(Dtype::u8, shape), Tensor(Dtype::u8, shape));
    return std::pair(map->matrix_rows, map->matrix_columns);
  };
  EXPECT_EQ(sides({1, 320, 7, 7}), std::pair(std::size_t{320}, std::size_t{49}));
  EXPECT_EQ(sides({32, 96, 1, 1}), std::pair(std::size_t{32}, std::size_t{96}));
  EXPECT_EQ(sides({30, 1}), std::pair(std::size_t{1}, std::size_t{30}));
}

TEST(HeatMaps, need_elements) {
  EXPECT_FALSE(make_heat_map(Tensor(Dtype::f32, {0, 4}), Tensor(Dtype::f32, {0, 4})));
  const auto scalar = make_heat_map(Tensor(Dtype::f32, {}), Tensor(Dtype::f32, {}));
  ASSERT_TRUE(scalar);
  EXPECT_EQ(scalar->cells.size(), 1U);
}

}  // namespace
}  // namespace isotrace::tools::page
