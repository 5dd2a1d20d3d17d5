#include <gtest/gtest.h>

#include <isotrace/core/blake3.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/core/tensor.hpp>

namespace isotrace::core {
namespace {

Bytes counting_bytes(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i % 251);
  return bytes;
}

Bytes random_bytes(std::size_t size, PhiloxStream& random) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next_u32());
  return bytes;
}

struct Vector {
  std::size_t size;
  const char* hex;
};

constexpr Vector vectors[] = {
#define ISOTRACE_BLAKE3_VECTOR(size, hex) {size, hex},
#include "tests/core/blake3_vectors.def"
#undef ISOTRACE_BLAKE3_VECTOR
};

TEST(Blake3, official_vectors_with_every_kernel) {
  for (const Vector& vector : vectors) {
    const Bytes input = counting_bytes(vector.size);
    for (const Blake3Kernel kernel : blake3_kernels()) {
      EXPECT_EQ(blake3(input, kernel).hex(), vector.hex)
          << vector.size << ' ' << blake3_kernel_name(kernel);
    }
    EXPECT_EQ(blake3(input).hex(), vector.hex) << vector.size;
  }
}

TEST(Blake3, kernels_agree_at_any_length_and_alignment) {
  PhiloxStream random(11);
  const Bytes bytes = random_bytes((1 << 20) + 64, random);
  for (int i = 0; i < 400; ++i) {
    const auto offset = static_cast<std::size_t>(random.next_below(64));
    const auto shift = random.next_below(20);  // lengths of every order of magnitude
    const auto size = static_cast<std::size_t>(random.next_below(std::uint64_t{2} << shift));
    const ByteView view = ByteView(bytes).subspan(offset, std::min(size, bytes.size() - offset));
    const Digest expected = blake3(view, Blake3Kernel::portable);
    for (const Blake3Kernel kernel : blake3_kernels()) {
      ASSERT_EQ(blake3(view, kernel), expected) << size << ' ' << blake3_kernel_name(kernel);
    }
  }
}

TEST(Blake3, kernels_agree_around_whole_batches_of_chunks) {
  PhiloxStream random(12);
  const Bytes bytes = random_bytes(1030 << 10, random);
  for (const std::size_t chunks :
       {1, 2, 3, 8, 9, 15, 16, 17, 19, 255, 256, 257, 258, 511, 512, 513, 768, 769, 1024, 1025}) {
    for (const std::size_t size : {chunks * 1024 - 1, chunks * 1024, chunks * 1024 + 1}) {
      const ByteView view = ByteView(bytes).first(size);
      const Digest expected = blake3(view, Blake3Kernel::portable);
      for (const Blake3Kernel kernel : blake3_kernels()) {
        ASSERT_EQ(blake3(view, kernel), expected) << size << ' ' << blake3_kernel_name(kernel);
      }
    }
  }
}

TEST(Blake3, header_and_body_hash_like_their_concatenation) {
  PhiloxStream random(13);
  for (int i = 0; i < 300; ++i) {
    const Bytes header = random_bytes(random.next_below(i % 2 == 0 ? 20 : 1024), random);
    const Bytes body = random_bytes(random.next_below(std::uint64_t{2} << (i % 19)), random);
    Bytes joined = header;
    joined.insert(joined.end(), body.begin(), body.end());
    ASSERT_EQ(blake3(header, body), blake3(joined, Blake3Kernel::portable)) << body.size();
  }
}

TEST(Blake3, kernels_are_listed_slowest_first_and_have_names) {
  ASSERT_FALSE(blake3_kernels().empty());
  EXPECT_EQ(blake3_kernels().front(), Blake3Kernel::portable);
  EXPECT_EQ(blake3_kernel_name(Blake3Kernel::avx512), "avx512");
}

TEST(TensorDigest, is_the_hash_of_dtype_rank_dims_and_bytes) {
  const auto tensor = Tensor::of<float>({1, 2}, {1.5F, -2});
  ByteWriter out;
  out.u8(1).u8(2).i64(1).i64(2).f32(1.5F).f32(-2);
  EXPECT_EQ(tensor_digest(tensor), blake3(out.bytes()));
}

TEST(TensorDigest, tells_apart_equal_bytes_of_other_type_or_shape) {
  const Tensor tensor(Dtype::f32, {2, 3});
  EXPECT_NE(tensor_digest(tensor), tensor_digest(Tensor(Dtype::i32, {2, 3})));
  EXPECT_NE(tensor_digest(tensor), tensor_digest(Tensor(Dtype::f32, {3, 2})));
  EXPECT_NE(tensor_digest(tensor), tensor_digest(Tensor(Dtype::f32, {6})));
}

}  // namespace
}  // namespace isotrace::core
