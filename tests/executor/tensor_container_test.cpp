// .npz and .safetensors: there and back for every element type, fixed bytes, and refusals of
// everything that two readers could understand differently.
#include <gtest/gtest.h>
#include <zlib.h>

#include <isotrace/executor/tensor_file.hpp>
#include <isotrace/executor/zip.hpp>

#include "tests/executor/model_builder.hpp"

namespace isotrace::tests {
namespace {

using core::Bytes;
using core::Dtype;
using core::RefusalCode;
using executor::NamedTensor;
using executor::TensorFormat;

/// One tensor of every element type that all formats have, and an empty and a rank 0 one.
std::vector<NamedTensor> all_kinds() {
  std::vector<NamedTensor> tensors;
  for (std::uint8_t number = 1; number <= 13; ++number) {
    core::Tensor tensor(*core::dtype_from_number(number), {2, 3});
    std::uint8_t next = 0;
    for (std::uint8_t& byte : tensor.mutable_bytes()) byte = next++ % 2;
    tensors.push_back({"t" + std::to_string(number), std::move(tensor)});
  }
  tensors.push_back({"empty/\"quoted\"", core::Tensor(Dtype::f32, {2, 0})});
  tensors.push_back({"scalar", core::Tensor::of<float>({}, {1.5F})});
  return tensors;
}

RefusalCode refusal_of(const Bytes& bytes) {
  const auto file = executor::parse_tensors(bytes);
  EXPECT_FALSE(file.has_value());
  return file ? RefusalCode::file_not_found : file.error().code;
}

void check_round_trip(TensorFormat format) {
  const std::vector<NamedTensor> tensors = all_kinds();
  const auto bytes = executor::write_tensors(format, tensors);
  ASSERT_TRUE(bytes.has_value()) << core::describe(bytes.error());
  EXPECT_EQ(*bytes, *executor::write_tensors(format, tensors));
  const auto file = executor::parse_tensors(*bytes);
  ASSERT_TRUE(file.has_value()) << core::describe(file.error());
  EXPECT_EQ(file->format, format);
  ASSERT_EQ(file->tensors.size(), tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    EXPECT_EQ(file->tensors[i].name, tensors[i].name);
    EXPECT_TRUE(core::identical(file->tensors[i].value, tensors[i].value)) << tensors[i].name;
  }
  const auto none = executor::parse_tensors(*executor::write_tensors(format, {}));
  ASSERT_TRUE(none.has_value()) << core::describe(none.error());
  EXPECT_TRUE(none->tensors.empty());
}

TEST(TensorContainer, NpzThereAndBack) { check_round_trip(TensorFormat::npz); }
TEST(TensorContainer, SafetensorsThereAndBack) { check_round_trip(TensorFormat::safetensors); }

TEST(TensorContainer, TensorProtoThereAndBackWithItsName) {
  for (const NamedTensor& tensor : all_kinds()) {
    const auto bytes = executor::write_tensors(TensorFormat::pb, {&tensor, 1});
    ASSERT_TRUE(bytes.has_value()) << core::describe(bytes.error());
    const auto file = executor::parse_tensors(*bytes);
    ASSERT_TRUE(file.has_value()) << core::describe(file.error());
    EXPECT_EQ(file->tensors[0].name, tensor.name);
    EXPECT_TRUE(core::identical(file->tensors[0].value, tensor.value));
  }
}

TEST(TensorContainer, SafetensorsHasExactlyTheseBytes) {
  const std::vector<NamedTensor> tensors = {{"b", core::Tensor::of<std::uint8_t>({2}, {7, 9})}};
  const std::string header = R"({"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})";
  core::ByteWriter expected;
  expected.u64(56).raw(core::as_bytes(header + std::string(56 - header.size(), ' ')));
  expected.u8(7).u8(9);
  EXPECT_EQ(*executor::write_tensors(TensorFormat::safetensors, tensors), expected.bytes());
}

TEST(TensorContainer, FormatsByExtension) {
  EXPECT_EQ(executor::find_tensor_format("a/b.npy"), TensorFormat::npy);
  EXPECT_EQ(executor::find_tensor_format("b.npz"), TensorFormat::npz);
  EXPECT_EQ(executor::find_tensor_format("b.pb"), TensorFormat::pb);
  EXPECT_EQ(executor::find_tensor_format("b.safetensors"), TensorFormat::safetensors);
  EXPECT_EQ(executor::find_tensor_format("b.txt"), std::nullopt);
}

TEST(TensorContainerRefuses, NamesTwiceAndNamesThatJsonCannotHold) {
  const NamedTensor one{"x", floats({1}, {1})};
  const std::vector<NamedTensor> twice = {one, one};
  for (const TensorFormat format : {TensorFormat::npz, TensorFormat::safetensors}) {
    EXPECT_EQ(executor::write_tensors(format, twice).error().code, RefusalCode::value_out_of_range);
  }
  for (const char* name : {"\xFF", "__metadata__"}) {
    const NamedTensor tensor{name, floats({1}, {1})};
    EXPECT_EQ(executor::write_tensors(TensorFormat::safetensors, {&tensor, 1}).error().code,
              RefusalCode::value_out_of_range);
  }
}

/// A safetensors file with this header and so many zero bytes behind it.
Bytes safetensors(const std::string& header, std::size_t data_bytes) {
  core::ByteWriter out;
  out.text(header).raw(Bytes(data_bytes));
  return out.take();
}

TEST(TensorContainer, SafetensorsWithMetadataInAnyOrder) {
  const auto file = executor::parse_tensors(safetensors(
      R"({"__metadata__":{"format":"pt"},"b":{"data_offsets":[4,8],"shape":[1],"dtype":"F32"},)"
      R"("a":{"dtype":"I16","shape":[2,1],"data_offsets":[0,4]}}   )",
      8));
  ASSERT_TRUE(file.has_value()) << core::describe(file.error());
  ASSERT_EQ(file->tensors.size(), 2U);
  EXPECT_EQ(file->tensors[1].name, "a");
  EXPECT_EQ(file->tensors[1].value.shape(), (core::Shape{2, 1}));
}

TEST(TensorContainerRefuses, SafetensorsThatAreNotStrict) {
  const std::string a = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  const std::vector<std::pair<std::string, std::size_t>> files = {
      {"{" + a + "," + a + "}", 4},                                                // a name twice
      {"{" + a + "}", 5},                                                          // bytes behind
      {"{" + a + "}", 3},                                                          // bytes missing
      {"{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4},  // overlap
      {"{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})", 6},
      {"{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[5,9]}})", 9},  // a gap
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4},            // size
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}})", 4},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", 4},
      {R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4},
      {R"({"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})", 4},
      {R"({"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]}})", 4},
      {R"({"a":{"dtype":"C64","shape":[1],"data_offsets":[0,4]}})", 4},
      {R"({"a":{"dtype":"F32","shape":[1]}})", 4},
      {R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4},
      {R"({"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}})", 4},
      {R"({"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}})", 4},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":true}})", 4},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":{}}})", 4},
      {R"({"__metadata__":{"a":1}})", 0},
      {R"({"a":7})", 0},
      {"{" + a + "} x", 4},
      {"{" + a, 4},
      {R"({"flags":{"dtype":"BOOL","shape":[0],"data_offsets":[0,0]},"a":null})", 0},
  };
  for (const auto& [header, data] : files) {
    EXPECT_EQ(refusal_of(safetensors(header, data)), RefusalCode::tensor_file_malformed) << header;
  }
}

TEST(TensorContainerRefuses, SafetensorsHeaderOverTheLimit) {
  core::ByteWriter out;
  constexpr std::uint64_t size = 100'000'001;
  out.u64(size).raw(core::as_bytes("{")).raw(Bytes(size - 1, ' '));
  EXPECT_EQ(refusal_of(out.bytes()), RefusalCode::limit_exceeded);
}

/// A ZIP of one deflated member with the classic 32-bit records, as savez_compressed makes them but
/// for its 64-bit extra fields.
Bytes deflated_npz(const std::string& name, const Bytes& contents, std::uint32_t announced) {
  Bytes packed(::compressBound(contents.size()) + 16);
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = const_cast<Bytef*>(contents.data());
  stream.avail_in = static_cast<uInt>(contents.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  const auto sizes = [&](core::ByteWriter& out) {
    out.u16(20).u16(0).u16(8).u16(0).u16(0x21);
    out.u32(static_cast<std::uint32_t>(::crc32_z(0, contents.data(), contents.size())));
    out.u32(static_cast<std::uint32_t>(packed.size())).u32(announced);
    out.u16(static_cast<std::uint16_t>(name.size())).u16(0);
  };
  core::ByteWriter out;
  out.u32(0x04034b50);
  sizes(out);
  out.raw(core::as_bytes(name)).raw(packed);
  const auto directory = static_cast<std::uint32_t>(out.bytes().size());
  out.u32(0x02014b50).u16(20);
  sizes(out);
  out.u16(0).u16(0).u16(0).u32(0).u32(0).raw(core::as_bytes(name));
  const auto end = static_cast<std::uint32_t>(out.bytes().size());
  out.u32(0x06054b50).u32(0).u16(1).u16(1).u32(end - directory).u32(directory).u16(0);
  return out.take();
}

TEST(TensorContainer, DeflatedMembersAndClassicRecords) {
  const core::Tensor tensor(Dtype::f64, {40, 50});
  const Bytes npy = *executor::write_npy(tensor);
  const Bytes file = deflated_npz("z.npy", npy, static_cast<std::uint32_t>(npy.size()));
  EXPECT_LT(file.size(), npy.size() / 10);
  const auto parsed = executor::parse_tensors(file);
  ASSERT_TRUE(parsed.has_value()) << core::describe(parsed.error());
  EXPECT_EQ(parsed->tensors[0].name, "z");
  EXPECT_TRUE(core::identical(parsed->tensors[0].value, tensor));
}

TEST(TensorContainerRefuses, DeflatedMembersOfAnotherSizeOrName) {
  const Bytes npy = *executor::write_npy(floats({100}, std::vector<float>(100, 1)));
  const auto size = static_cast<std::uint32_t>(npy.size());
  for (const std::uint32_t announced : {0U, size - 1, size + 1, 0x7FFFFFFFU}) {
    EXPECT_EQ(refusal_of(deflated_npz("z.npy", npy, announced)),
              RefusalCode::tensor_file_malformed);
  }
  EXPECT_EQ(refusal_of(deflated_npz("z.txt", npy, size)), RefusalCode::tensor_file_malformed);
  const Bytes text(100, 'a');
  EXPECT_EQ(refusal_of(deflated_npz("z.npy", text, 100)), RefusalCode::tensor_file_malformed);
}

TEST(TensorContainerRefuses, ZipsThatReadersMayDisagreeOn) {
  const Bytes npy = *executor::write_npy(floats({1}, {1}));
  executor::ZipWriter twice;
  twice.add("x.npy", npy);
  twice.add("x.npy", npy);
  EXPECT_EQ(refusal_of(std::move(twice).finish()), RefusalCode::tensor_file_malformed);

  executor::ZipWriter writer;
  writer.add("x.npy", npy);
  const Bytes good = std::move(writer).finish();
  ASSERT_TRUE(executor::parse_tensors(good).has_value());
  core::ByteWriter commented;
  commented.raw(core::ByteView(good).first(good.size() - 2)).u16(1).u8('c');
  EXPECT_EQ(refusal_of(commented.bytes()), RefusalCode::tensor_file_malformed);
  Bytes renamed = good;  // in the local header only
  renamed[30] = 'y';
  EXPECT_EQ(refusal_of(renamed), RefusalCode::tensor_file_malformed);
  Bytes damaged = good;  // the contents, so that the CRC-32 differs
  damaged[30 + 5 + 20 + npy.size() - 1] ^= 1;
  EXPECT_EQ(refusal_of(damaged), RefusalCode::tensor_file_malformed);
  for (std::size_t size = 4; size < good.size(); ++size) {
    EXPECT_EQ(refusal_of(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))),
              RefusalCode::tensor_file_malformed)
        << size;
  }
}

TEST(TensorContainerRefuses, OneTensorWhereThereAreSeveral) {
  const std::vector<NamedTensor> two = {{"a", floats({1}, {1})}, {"b", floats({1}, {2})}};
  const auto tensor = executor::parse_tensor_file(*executor::write_tensors(TensorFormat::npz, two));
  EXPECT_EQ(tensor.error().code, RefusalCode::tensor_file_malformed);
}

}  // namespace
}  // namespace isotrace::tests
