// Digests of tensors found piece by piece: those of whole tensors, in any order of pieces.
#include <isotrace/executor/tensor_pieces.hpp>

#include <gtest/gtest.h>

namespace isotrace::tests {
namespace {

core::Tensor bytes_of(std::size_t count, std::size_t rank) {
  core::Shape shape(rank, 1);
  shape.back() = static_cast<std::int64_t>(count);
  core::Tensor tensor(core::Dtype::u8, std::move(shape));
  std::uint32_t state = 7;
  for (std::uint8_t& byte : tensor.mutable_bytes()) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  return tensor;
}

void expect_same(const core::Tensor& tensor) {
  executor::TensorPieces pieces(tensor);
  for (std::size_t i = pieces.count(); i-- > 0;) pieces.hash(i);
  EXPECT_EQ(pieces.digest(), core::tensor_digest(tensor)) << core::shape_text(tensor.shape());
}

TEST(TensorPieces, GiveTheDigestOfTheTensor) {
  constexpr std::size_t piece = 256 << 10;
  for (const std::size_t rank : {1U, 4U}) {
    const std::size_t header = 2 + 8 * rank;
    for (std::size_t pieces = 0; pieces <= 5; ++pieces) {
      for (const std::size_t chunks : {0U, 1U, 2U, 31U, 33U, 127U, 255U}) {
        for (const std::size_t more : {0U, 1U, 1023U}) {
          const std::size_t bytes = pieces * piece + chunks * 1024 + more;
          if (bytes >= header) expect_same(bytes_of(bytes - header, rank));
        }
      }
    }
  }
  expect_same(bytes_of(0, 2));
}

TEST(TensorPieces, OfLargeTensorsAreSmall) {
  const core::Tensor tensor = bytes_of(9 << 20, 3);
  EXPECT_GE(executor::TensorPieces(tensor).count(), 32U);
  expect_same(tensor);
}

}  // namespace
}  // namespace isotrace::tests
