// Tensor files: every element type in both encodings of TensorProto, .npy there and back, refusals.
#include <gtest/gtest.h>

#include <isotrace/executor/import_onnx.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::Dtype;
using core::RefusalCode;

/// A tensor whose bytes count up; booleans alternate.
core::Tensor counting(Dtype dtype, const core::Shape& shape) {
  core::Tensor tensor(dtype, shape);
  std::uint8_t next = 0;
  for (std::uint8_t& byte : tensor.mutable_bytes()) {
    byte = dtype == Dtype::boolean ? static_cast<std::uint8_t>(next++ % 2)
                                   : static_cast<std::uint8_t>(next += 37);
  }
  return tensor;
}

core::Bytes serialized(const onnx::TensorProto& proto) {
  const std::string text = proto.SerializeAsString();
  return {text.begin(), text.end()};
}

RefusalCode refusal_of(const core::Bytes& bytes) {
  const auto tensor = executor::parse_tensor_file(bytes);
  EXPECT_FALSE(tensor.has_value());
  return tensor ? RefusalCode::file_not_found : tensor.error().code;
}

TEST(TensorFile, EveryElementTypeInBothEncodings) {
  for (std::uint8_t number = 1; number <= 13; ++number) {
    const core::Tensor tensor = counting(*core::dtype_from_number(number), {2, 3});
    for (const Encoding encoding : {Encoding::raw, Encoding::typed}) {
      const auto parsed =
          executor::parse_tensor_file(serialized(tensor_proto("", tensor, encoding)));
      ASSERT_TRUE(parsed.has_value()) << core::describe(parsed.error());
      EXPECT_TRUE(core::identical(*parsed, tensor)) << core::dtype_name(tensor.dtype());
    }
  }
}

TEST(TensorFile, NpyThereAndBack) {
  for (std::uint8_t number = 1; number <= 13; ++number) {
    for (const core::Shape& shape : {core::Shape{}, core::Shape{5}, core::Shape{2, 0, 3}}) {
      const core::Tensor tensor = counting(*core::dtype_from_number(number), shape);
      const auto bytes = executor::write_npy(tensor);
      if (tensor.dtype() == Dtype::bf16) {
        ASSERT_FALSE(bytes.has_value());
        EXPECT_EQ(bytes.error().code, RefusalCode::operation_dtype_unsupported);
        continue;
      }
      ASSERT_TRUE(bytes.has_value());
      EXPECT_EQ((bytes->size() - tensor.bytes().size()) % 64, 0U);
      const auto parsed = executor::parse_tensor_file(*bytes);
      ASSERT_TRUE(parsed.has_value()) << core::describe(parsed.error());
      EXPECT_TRUE(core::identical(*parsed, tensor));
    }
  }
}

/// A version 1 file with the header as given.
core::Bytes npy(const std::string& header, std::size_t data_bytes, std::uint8_t major = 1) {
  core::ByteWriter out;
  out.raw(core::as_bytes("\x93NUMPY")).u8(major).u8(0);
  if (major == 1) {
    out.u16(static_cast<std::uint16_t>(header.size()));
  } else {
    out.u32(static_cast<std::uint32_t>(header.size()));
  }
  out.raw(core::as_bytes(header)).raw(core::Bytes(data_bytes));
  return out.take();
}

TEST(TensorFile, NpyOfVersions1To3) {
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n";
  for (std::uint8_t major = 1; major <= 3; ++major) {
    const auto parsed = executor::parse_tensor_file(npy(header, 24, major));
    ASSERT_TRUE(parsed.has_value()) << core::describe(parsed.error());
    EXPECT_EQ(parsed->shape(), (core::Shape{2, 3}));
  }
  EXPECT_EQ(refusal_of(npy(header, 24, 4)), RefusalCode::tensor_file_malformed);
}

TEST(TensorFileRefuses, NpyHeadersThatNumpyDoesNotWrite) {
  for (const char* header :
       {"", "{}", "{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)"}) {
    EXPECT_EQ(refusal_of(npy(header, 4)), RefusalCode::tensor_file_malformed) << header;
  }
}

TEST(TensorFileRefuses, NpyOfAnotherSize) {
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  EXPECT_EQ(refusal_of(npy(header, 7)), RefusalCode::tensor_file_malformed);
  EXPECT_EQ(refusal_of(npy(header, 9)), RefusalCode::tensor_file_malformed);
}

TEST(TensorFileRefuses, NpyLargerThanTheLimit) {
  const std::string header =
      "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 1024), }";
  EXPECT_EQ(refusal_of(npy(header, 8)), RefusalCode::limit_exceeded);
}

TEST(TensorFileRefuses, MessagesThatAreNoTensor) {
  EXPECT_EQ(refusal_of({0x0A, 0x7F}), RefusalCode::tensor_file_malformed);
  onnx::TensorProto short_one = tensor_proto("", floats({2}, {1, 2}), Encoding::typed);
  short_one.set_dims(0, 3);
  EXPECT_EQ(refusal_of(serialized(short_one)), RefusalCode::tensor_file_malformed);
  EXPECT_EQ(refusal_of({}), RefusalCode::onnx_dtype_unsupported);
}

TEST(TensorFileRefuses, SegmentsAndExternalData) {
  onnx::TensorProto segment = tensor_proto("", floats({2}, {1, 2}));
  segment.mutable_segment()->set_begin(0);
  EXPECT_EQ(refusal_of(serialized(segment)), RefusalCode::tensor_file_malformed);
  onnx::TensorProto external = tensor_proto("", floats({2}, {1, 2}));
  external.set_data_location(onnx::TensorProto::EXTERNAL);
  EXPECT_EQ(refusal_of(serialized(external)), RefusalCode::onnx_external_data_unsupported);
}

}  // namespace
}  // namespace isotrace::tests
