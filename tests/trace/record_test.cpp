#include <gtest/gtest.h>

#include "tests/support/data.hpp"
#include "tests/trace/sample.hpp"

namespace isotrace::trace::samples {
namespace {

/// The example in docs/formats/trace.md: a run of one Relu on f32 [2] = {-1, 2}, seed 5, the
/// program digest being SHA-256("program") and the attribute digest that of an empty list.
struct Example {
  core::Tensor x = core::Tensor::of<float>({2}, {-1, 2});
  core::Tensor y = core::Tensor::of<float>({2}, {0, 2});
  TraceIdentity identity{
      "isonum-1", core::sha256(core::as_bytes("program")), {{"x", record_of(x)}}, 5};
  StepRecord step{0,
                  core::Op::relu,
                  core::attribute_digest({core::Op::relu, {}, {}, {}, {}}),
                  {record_of(x)},
                  {record_of(y)},
                  "act"};
  std::vector<NamedRecord> outputs{{"y", record_of(y)}};
};

void write_tensor(core::ByteWriter& out, const core::Tensor& tensor) {
  out.raw(core::tensor_digest(tensor).view()).u8(1).u64(1).i64(2);
}

TEST(Record, digests_are_over_the_documented_bytes) {
  const Example example;
  core::ByteWriter identity;
  identity.text("isotrace.trace.identity.v1").text("isonum-1").raw(example.identity.program.view());
  identity.u64(1).text("x");
  write_tensor(identity, example.x);
  identity.u64(5);
  EXPECT_EQ(identity_digest(example.identity), core::sha256(identity.bytes()));
  core::ByteWriter step;
  step.text("isotrace.step.v1").u64(0).u16(40).raw(example.step.attributes.view());
  step.u64(1).u8(1);
  write_tensor(step, example.x);
  step.u64(1);
  write_tensor(step, example.y);
  EXPECT_EQ(step_digest(example.step), core::sha256(step.bytes()));
  core::ByteWriter outputs;
  outputs.text("isotrace.trace.outputs.v1").u64(1).text("y");
  write_tensor(outputs, example.y);
  EXPECT_EQ(outputs_digest(example.outputs), core::sha256(outputs.bytes()));
}

TEST(Record, documented_example_has_the_documented_digests) {
  const Example example;
  const Trace trace = make_trace({example.identity, {}, {}, {example.step}, example.outputs, {}});
  const core::Bytes page = tests::read_file(ISOTRACE_SOURCE "/docs/formats/trace.md");
  for (const core::Digest& digest :
       {record_of(example.x).digest, identity_digest(example.identity), step_digest(example.step),
        outputs_digest(example.outputs), trace.root}) {
    EXPECT_NE(core::as_text(page).find("| `" + digest.hex() + "` |"), std::string_view::npos)
        << digest.hex();
  }
}

TEST(Record, left_out_operand_is_not_an_empty_list) {
  StepRecord with = Example().step;
  StepRecord without = with;
  with.inputs.push_back(std::nullopt);
  EXPECT_NE(step_digest(with), step_digest(without));
}

}  // namespace
}  // namespace isotrace::trace::samples
