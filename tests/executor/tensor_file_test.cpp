// Tensor files: every element type in both encodings of TensorProto, .npy there and back, refusals.
#include <gtest/gtest.h>

#include <isotrace/executor/tensor_file.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::Dtype;
using core::RefusalCode;

/// A tensor whose bytes count up, in the range of its type.
core::Tensor counting(Dtype dtype, const core::Shape& shape) {
  core::Tensor tensor(dtype, shape);
  std::uint8_t next = 0;
  for (std::uint8_t& byte : tensor.mutable_bytes()) {
    next += 37;
    byte = next;
    if (dtype == Dtype::boolean) byte = next % 2;
    if (dtype == Dtype::u4 || dtype == Dtype::f4e2m1) byte = next % 16;
    if (dtype == Dtype::u2) byte = next % 4;
    if (dtype == Dtype::i2) byte = static_cast<std::uint8_t>(next % 4 - 2);
    if (dtype == Dtype::i4) byte = static_cast<std::uint8_t>(next % 16 - 8);
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
  for (std::uint8_t number = 1; number <= 22; ++number) {
    const core::Tensor tensor = counting(*core::dtype_from_number(number), {3, 3});
    for (const Encoding encoding : {Encoding::raw, Encoding::typed}) {
      const auto parsed =
          executor::parse_tensor_file(serialized(tensor_proto("", tensor, encoding)));
      ASSERT_TRUE(parsed.has_value()) << core::describe(parsed.error());
      EXPECT_TRUE(core::identical(*parsed, tensor)) << core::dtype_name(tensor.dtype());
    }
  }
}

TEST(TensorFile, TheFirstOf4BitIntegersStandsInTheLowerHalf) {
  onnx::TensorProto proto;
  proto.set_data_type(22);
  proto.add_dims(3);
  proto.set_raw_data(std::string("\x8F\xF7"));  // the last upper half belongs to nothing
  const auto tensor = executor::parse_tensor_file(serialized(proto));
  ASSERT_TRUE(tensor.has_value()) << core::describe(tensor.error());
  EXPECT_TRUE(core::identical(*tensor, core::Tensor::of<core::Int4>({3}, {{-1}, {-8}, {7}})));
  proto.set_raw_data(std::string("\x8F"));
  EXPECT_EQ(refusal_of(serialized(proto)), RefusalCode::tensor_file_malformed);
  proto.clear_raw_data();
  proto.add_int32_data(0x8F);
  EXPECT_EQ(refusal_of(serialized(proto)), RefusalCode::tensor_file_malformed);
  proto.add_int32_data(256);
  EXPECT_EQ(refusal_of(serialized(proto)), RefusalCode::tensor_file_malformed);
}

TEST(TensorFile, FourElementsOf2BitsShareAByte) {
  onnx::TensorProto proto;
  proto.set_data_type(26);
  proto.add_dims(5);
  proto.set_raw_data(std::string("\x4E\xFD"));  // 10 11 00 01, lowest first; then 01 and padding
  const auto tensor = executor::parse_tensor_file(serialized(proto));
  ASSERT_TRUE(tensor.has_value()) << core::describe(tensor.error());
  EXPECT_TRUE(
      core::identical(*tensor, core::Tensor::of<core::Int2>({5}, {{-2}, {-1}, {0}, {1}, {1}})));
  proto.set_raw_data(std::string("\x4E"));
  EXPECT_EQ(refusal_of(serialized(proto)), RefusalCode::tensor_file_malformed);
}

TEST(TensorFile, NpyThereAndBack) {
  for (std::uint8_t number = 1; number <= 22; ++number) {
    for (const core::Shape& shape : {core::Shape{}, core::Shape{5}, core::Shape{2, 0, 3}}) {
      const core::Tensor tensor = counting(*core::dtype_from_number(number), shape);
      const auto bytes = executor::write_npy(tensor);
      // NumPy has nothing below 8 bits and no floats of 8.
      if (number > 13) {
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

TEST(TensorFile, NpyOfTheOtherByteOrder) {
  core::ByteWriter file;
  file.raw(npy("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", 0));
  file.u8(1).u8(2).u8(3).u8(4);
  const auto parsed = executor::parse_tensor_file(file.bytes());
  ASSERT_TRUE(parsed.has_value()) << core::describe(parsed.error());
  EXPECT_TRUE(core::identical(*parsed, core::Tensor::of<std::int16_t>({2}, {0x0102, 0x0304})));
}

TEST(TensorFile, NpyInFortranOrder) {
  // a[i][j][k] = 100 i + 10 j + k, the first index running fastest in the file.
  core::ByteWriter file;
  file.raw(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2), }", 0));
  for (int k = 0; k < 2; ++k) {
    for (int j = 0; j < 3; ++j) {
      for (int i = 0; i < 2; ++i) file.u8(static_cast<std::uint8_t>(100 * i + 10 * j + k));
    }
  }
  const auto parsed = executor::parse_tensor_file(file.bytes());
  ASSERT_TRUE(parsed.has_value()) << core::describe(parsed.error());
  EXPECT_TRUE(core::identical(
      *parsed, core::Tensor::of<std::uint8_t>(
                   {2, 3, 2}, {0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121})));
}

TEST(TensorFileRefuses, NpyHeadersThatNumpyDoesNotWrite) {
  for (const char* header :
       {"", "{}", "{'descr': '|f4', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '>V2', 'fortran_order': False, 'shape': (2,), }",
        "{'descr': '<b1', 'fortran_order': False, 'shape': (4,), }",
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
