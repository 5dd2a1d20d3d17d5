#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include <isotrace/core/limits.hpp>
#include <isotrace/core/program_graph.hpp>

#include "tests/core/program_sample.hpp"

namespace isotrace::core::samples {
namespace {

using Change = std::function<void(Program&)>;

Program changed(const Change& change) {
  Program program = sample_program();
  change(program);
  return program;
}

Attribute& attribute(Program& program, std::size_t node, std::size_t index) {
  return program.nodes[node].attributes[index];
}

TEST(Program, round_trips_through_its_bytes) {
  const Program program = sample_program();
  ASSERT_TRUE(check_program(program).has_value()) << describe(check_program(program).error());
  const auto again = parse_program(write_program(program));
  ASSERT_TRUE(again.has_value()) << describe(again.error());
  EXPECT_EQ(program_digest(*again), program_digest(program));
  EXPECT_EQ(write_program(*again), write_program(program));
  EXPECT_EQ(again->nodes[1].name, "pool");
  EXPECT_EQ(again->value_name(3), "conv_out");
  EXPECT_TRUE(identical(again->constants[0], program.constants[0]));
}

TEST(Program, a_graph_is_what_the_digest_covers_and_stands_alone) {
  const Program program = sample_program();
  const ProgramIdentity identity = identify_program(program);
  const Bytes bytes = write_program_graph(program, identity);
  EXPECT_EQ(sha256(bytes), identity.digest);
  const auto graph = parse_program_graph(bytes);
  ASSERT_TRUE(graph.has_value()) << describe(graph.error());
  EXPECT_EQ(graph->constants, identity.constants);
  ASSERT_EQ(graph->program.nodes.size(), program.nodes.size());
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    EXPECT_EQ(graph->program.nodes[i].op, program.nodes[i].op);
    EXPECT_EQ(graph->program.nodes[i].inputs, program.nodes[i].inputs);
    EXPECT_EQ(graph->program.nodes[i].outputs, program.nodes[i].outputs);
    EXPECT_EQ(attribute_digest(graph->program.nodes[i]), attribute_digest(program.nodes[i]));
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_program_graph(ByteView(bytes).first(size)).has_value()) << size;
  }
}

TEST(Program, a_graph_that_reads_what_is_not_there_is_refused) {
  const auto code_of = [](const Change& change) {
    const Program program = changed(change);
    const auto graph = parse_program_graph(write_program_graph(program, identify_program(program)));
    return graph ? std::nullopt : std::optional(graph.error().code);
  };
  EXPECT_EQ(code_of([](Program&) {}), std::nullopt);
  EXPECT_EQ(code_of([](Program& p) { p.nodes[0].inputs[0] = 3; }), RefusalCode::program_ill_formed);
  EXPECT_EQ(code_of([](Program& p) { p.nodes[1].outputs[0] = 7; }),
            RefusalCode::program_ill_formed);
  EXPECT_EQ(code_of([](Program& p) { p.nodes[0].attributes.pop_back(); }),
            RefusalCode::program_ill_formed);
  EXPECT_EQ(code_of([](Program& p) { p.outputs[0].value = 99; }), RefusalCode::program_ill_formed);
}

TEST(Program, accessors_find_attributes_constants_and_names) {
  const Program program = sample_program();
  EXPECT_EQ(program.nodes[0].integer("group"), 1);
  EXPECT_EQ(program.nodes[0].text("auto_pad"), "NOTSET");
  EXPECT_EQ(program.nodes[1].integers("kernel_shape"), (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(program.nodes[2].real("alpha"), 0.01F);
  EXPECT_EQ(program.constant_id(1), 2U);
  EXPECT_EQ(program.find_constant(0), nullptr);
  EXPECT_EQ(program.find_constant(1), &program.constants[0]);
  EXPECT_EQ(program.find_constant(3), nullptr);
  EXPECT_EQ(program.find_constant(no_value), nullptr);
  EXPECT_EQ(program.value_count(), 7U);
  EXPECT_EQ(program.value_name(0), "image");
  EXPECT_EQ(program.value_name(1), "weights");
  EXPECT_EQ(program.value_name(6), "%6");
}

TEST(ProgramDeathTest, attribute_of_another_name_or_kind_is_a_bug) {
  const Program program = sample_program();
  EXPECT_DEATH((void)program.nodes[0].integer("groups"), "Conv groups");
  EXPECT_DEATH((void)program.nodes[0].text("group"), "Conv group");
}

TEST(ProgramDigest, display_names_do_not_matter) {
  const Digest digest = program_digest(sample_program());
  EXPECT_EQ(program_digest(changed([](Program& p) { p.nodes[0].name = "other"; })), digest);
  EXPECT_EQ(program_digest(changed([](Program& p) { p.value_names.clear(); })), digest);
}

TEST(ProgramDigest, every_other_change_matters) {
  const std::vector<Change> changes = {
      [](Program& p) { p.inputs[0].name = "picture"; },
      [](Program& p) { p.inputs[0].dtype = Dtype::f64; },
      [](Program& p) { p.inputs[0].shape[0] = 1; },
      [](Program& p) {
        p.inputs.push_back({"more", Dtype::f32, {}});
      },
      [](Program& p) { p.constants[0].data<float>()[7] += 1; },
      [](Program& p) {
        p.constants[0].reshape({4, 27});
      },
      [](Program& p) { std::swap(p.constants[0], p.constants[1]); },
      [](Program& p) { p.nodes[2].op = Op::elu; },
      [](Program& p) { p.nodes[2].inputs[0] = 3; },
      [](Program& p) { std::swap(p.nodes[3].inputs[1], p.nodes[3].inputs[2]); },
      [](Program& p) { p.nodes[1].outputs.pop_back(); },
      [](Program& p) { attribute(p, 0, 0).value = std::string("VALID"); },
      [](Program& p) { attribute(p, 0, 2).value = std::int64_t{3}; },
      [](Program& p) { std::get<std::vector<std::int64_t>>(attribute(p, 0, 4).value)[3] = 0; },
      [](Program& p) { attribute(p, 2, 0).value = 0.02F; },
      [](Program& p) { attribute(p, 2, 0).name = "beta"; },
      [](Program& p) { p.nodes.pop_back(); },
      [](Program& p) { p.outputs[0].name = "other"; },
      [](Program& p) { p.outputs[0].value = 5; },
      [](Program& p) { std::swap(p.outputs[0], p.outputs[1]); },
      [](Program& p) { p.outputs.pop_back(); },
  };
  std::vector<Digest> seen = {program_digest(sample_program())};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Digest digest = program_digest(changed(changes[i]));
    EXPECT_EQ(std::count(seen.begin(), seen.end(), digest), 0) << "change " << i;
    seen.push_back(digest);
  }
}

TEST(AttributeDigest, covers_names_kinds_and_values_only) {
  const Program program = sample_program();
  Node other = program.nodes[2];
  other.name = "x";
  other.inputs = {0};
  EXPECT_EQ(attribute_digest(other), attribute_digest(program.nodes[2]));
  other.attributes[0].value = -0.01F;
  EXPECT_NE(attribute_digest(other), attribute_digest(program.nodes[2]));
}

void expect_ill_formed(const char* reason, const Change& change) {
  const Program program = changed(change);
  const auto checked = check_program(program);
  ASSERT_FALSE(checked.has_value()) << reason;
  EXPECT_EQ(checked.error().code, RefusalCode::program_ill_formed) << reason;
  const auto parsed = parse_program(write_program(program));
  ASSERT_FALSE(parsed.has_value()) << reason;
}

TEST(CheckProgramRefuses, attributes) {
  expect_ill_formed("missing", [](Program& p) { p.nodes[0].attributes.pop_back(); });
  expect_ill_formed("extra", [](Program& p) { p.nodes[3].attributes.push_back({"a", 1.0F}); });
  expect_ill_formed("unknown", [](Program& p) { attribute(p, 2, 0).name = "alphb"; });
  expect_ill_formed("of another kind",
                    [](Program& p) { attribute(p, 2, 0).value = std::int64_t{1}; });
  expect_ill_formed("empty name", [](Program& p) { attribute(p, 2, 0).name.clear(); });
  expect_ill_formed("out of order",
                    [](Program& p) { std::swap(attribute(p, 0, 0), attribute(p, 0, 1)); });
  expect_ill_formed("twice", [](Program& p) { attribute(p, 0, 1) = attribute(p, 0, 0); });
}

TEST(CheckProgramRefuses, operands_and_results) {
  expect_ill_formed("too few", [](Program& p) { p.nodes[0].inputs.pop_back(); });
  expect_ill_formed("too many", [](Program& p) { p.nodes[0].inputs.assign(4, 0); });
  expect_ill_formed("needed one left out", [](Program& p) { p.nodes[0].inputs[1] = no_value; });
  expect_ill_formed("own result", [](Program& p) { p.nodes[0].inputs[0] = 3; });
  expect_ill_formed("later result", [](Program& p) { p.nodes[0].inputs[0] = 6; });
  expect_ill_formed("unknown value", [](Program& p) { p.nodes[0].inputs[0] = 1000; });
  expect_ill_formed("no result", [](Program& p) { p.nodes[0].outputs.clear(); });
  expect_ill_formed("too many results", [](Program& p) { p.nodes[3].outputs = {6, 7}; });
  expect_ill_formed("result that skips a number", [](Program& p) { p.nodes[0].outputs = {4}; });
  expect_ill_formed("result made twice", [](Program& p) { p.nodes[1].outputs[0] = 3; });
  expect_ill_formed("result that is an input", [](Program& p) { p.nodes[0].outputs[0] = 0; });
}

TEST(CheckProgramRefuses, inputs_and_outputs) {
  expect_ill_formed("no outputs", [](Program& p) { p.outputs.clear(); });
  expect_ill_formed("unknown output", [](Program& p) { p.outputs[0].value = 7; });
  expect_ill_formed("output left out", [](Program& p) { p.outputs[0].value = no_value; });
  expect_ill_formed("output name twice", [](Program& p) { p.outputs[1].name = "clipped"; });
  expect_ill_formed("long output name", [](Program& p) { p.outputs[1].name.assign(4097, 'n'); });
  expect_ill_formed("shape below -1", [](Program& p) { p.inputs[0].shape[0] = -2; });
  expect_ill_formed("rank", [](Program& p) { p.inputs[0].shape.assign(17, 1); });
  expect_ill_formed("input name twice", [](Program& p) {
    p.inputs.push_back(p.inputs[0]);
    for (Node& node : p.nodes) {
      for (auto* values : {&node.inputs, &node.outputs}) {
        for (ValueId& value : *values) value += value == no_value || value == 0 ? 0 : 1;
      }
    }
  });
  expect_ill_formed("long input name", [](Program& p) { p.inputs[0].name.assign(4097, 'n'); });
}

TEST(CheckProgramRefuses, more_nodes_than_the_limit) {
  const Program program = changed([](Program& p) {
    p.nodes.resize(limits::program_nodes_max + 1, {Op::relu, {0}, {no_value}, {}, {}});
  });
  EXPECT_EQ(check_program(program).error().code, RefusalCode::limit_exceeded);
}

TEST(ParseProgramRefuses, every_truncation_and_trailing_bytes) {
  Bytes bytes = write_program(sample_program());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto program = parse_program(ByteView(bytes).first(size));
    ASSERT_FALSE(program.has_value()) << size;
    EXPECT_EQ(program.error().code, RefusalCode::program_malformed) << size;
  }
  bytes.push_back(0);
  EXPECT_EQ(parse_program(bytes).error().code, RefusalCode::program_malformed);
}

TEST(ParseProgramRefuses, another_format_or_semantics) {
  const Bytes bytes = write_program(sample_program());
  for (const std::string_view word : {"isotrace.program.v1", "isonum-1"}) {
    Bytes other = bytes;
    const auto at = as_text(bytes).find(word) + word.size() - 1;
    other[at] = '2';
    EXPECT_EQ(parse_program(other).error().code, RefusalCode::program_malformed);
  }
}

TEST(ParseProgramRefuses, constants_that_do_not_match_their_digest) {
  const Program program = sample_program();
  Bytes bytes = write_program(program);
  const std::size_t at = as_text(bytes).find(as_text(program.constants[0].bytes()));
  ASSERT_NE(at, std::string_view::npos);
  bytes[at] ^= 1;
  EXPECT_EQ(parse_program(bytes).error().code, RefusalCode::program_malformed);
}

// The example in docs/formats/program.md.
TEST(ProgramDigest, documented_example) {
  Program program;
  program.inputs = {{"x", Dtype::f32, {2}}};
  program.nodes.push_back({Op::relu, {0}, {1}, {}, "display only"});
  program.outputs = {{"y", 1}};
  ByteWriter bytes;
  bytes.text("isotrace.program.v1").text("isonum-1");
  bytes.u64(1).text("x").u8(1).u64(1).i64(2);               // inputs
  bytes.u64(0);                                             // constants
  bytes.u64(1).u16(40).u64(1).u32(0).u64(1).u32(1).u64(0);  // nodes
  bytes.u64(1).text("y").u32(1);                            // outputs
  EXPECT_EQ(program_digest(program), sha256(bytes.bytes()));
  EXPECT_EQ(program_digest(program).hex(),
            "336b7d48e4b244c0450df2ca68925fe55dc1bb01d6c4d67073a2ecdd3562b34b");
  EXPECT_EQ(attribute_digest(program.nodes[0]).hex(),
            "55e923c831ff05586fb2d88f3250edd164d071364eaa811328ed6b528f179ea2");
}

TEST(SubProgram, round_trips_and_its_digest_stands_in_the_graph_around) {
  const Program program = nested_program();
  ASSERT_TRUE(check_program(program).has_value()) << describe(check_program(program).error());
  const auto again = parse_program(write_program(program));
  ASSERT_TRUE(again.has_value()) << describe(again.error());
  EXPECT_EQ(write_program(*again), write_program(program));
  EXPECT_EQ(program_digest(*again), program_digest(program));
  const SubProgram& inside = again->nodes[0].program("else_branch");
  EXPECT_EQ(inside.digest(), program_digest(inside.program()));
  EXPECT_EQ(inside.program().nodes[0].program("then_branch").program().nodes[0].name, "leaf");

  Program other = program;
  other.nodes[0].attributes[0].value = other.nodes[0].attributes[1].value;
  EXPECT_NE(program_digest(other), program_digest(program));
  EXPECT_NE(attribute_digest(other.nodes[0]), attribute_digest(program.nodes[0]));
}

TEST(SubProgram, a_digest_that_the_program_inside_does_not_have_is_refused) {
  const Program program = nested_program();
  Bytes bytes = write_program(program);
  const Digest digest = program.nodes[0].program("then_branch").digest();
  const auto at = std::search(bytes.begin(), bytes.end(), digest.bytes.begin(), digest.bytes.end());
  ASSERT_NE(at, bytes.end());
  *at ^= 1;
  const auto refused = parse_program(bytes);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, RefusalCode::program_malformed);
}

TEST(SubProgram, what_is_no_program_is_none_inside_either) {
  Program empty;
  const auto refused = SubProgram::make(empty);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, RefusalCode::program_ill_formed);
}

TEST(SubProgram, nesting_and_nodes_inside_are_limited) {
  Program program = nested_program();
  std::size_t levels = 3;
  for (; levels < limits::program_nesting_max; ++levels) {
    const auto inside = SubProgram::make(program);
    ASSERT_TRUE(inside.has_value()) << levels;
    program.nodes[0].attributes[0].value = *inside;
    // An If inside takes the condition too, so its own program has two inputs as well.
    program.nodes[0].inputs = {0, 0, 1};
  }
  EXPECT_TRUE(check_program(program).has_value());
  const auto inside = SubProgram::make(program);
  ASSERT_TRUE(inside.has_value());
  program.nodes[0].attributes[0].value = *inside;
  EXPECT_EQ(check_program(program).error().code, RefusalCode::limit_exceeded);
  EXPECT_EQ(parse_program(write_program(program)).error().code, RefusalCode::limit_exceeded);
}

TEST(Program, an_input_of_any_rank_has_the_shape_minus_2_alone) {
  Program program = sample_program();
  program.inputs[0].shape = any_rank;
  EXPECT_TRUE(check_program(program).has_value());
  program.inputs[0].shape = {-2, 1};
  EXPECT_EQ(check_program(program).error().code, RefusalCode::program_ill_formed);
}

}  // namespace
}  // namespace isotrace::core::samples
