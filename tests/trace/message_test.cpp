// Messages have one encoding: what is decoded, the short way or through Cap'n Proto, encodes to the
// very bytes it came from.
#include <gtest/gtest.h>

#include <isotrace/core/philox.hpp>
#include <isotrace/trace/message.hpp>

namespace isotrace::trace {
namespace {

class Dice {
 public:
  std::uint64_t below(std::uint64_t sides) { return stream_.next_below(sides); }

 private:
  core::PhiloxStream stream_{11, 0};
};

TensorRecord make_tensor(Dice& dice) {
  TensorRecord tensor{};
  for (std::uint8_t& byte : tensor.digest.bytes) byte = static_cast<std::uint8_t>(dice.below(256));
  tensor.dtype = dice.below(2) == 0 ? core::Dtype::f32 : core::Dtype::i64;
  tensor.shape.resize(dice.below(5));
  for (std::int64_t& dim : tensor.shape) dim = static_cast<std::int64_t>(dice.below(4));
  return tensor;
}

/// With everything that a step can have, and lack.
StepRecord make_step(Dice& dice) {
  StepRecord step;
  step.index = dice.below(3) == 0 ? 0 : dice.below(1 << 20);
  step.op = dice.below(2) == 0 ? core::Op::relu : core::Op::matmul;
  for (std::uint64_t i = dice.below(4); i > 0; --i) {
    step.inputs.emplace_back();
    if (dice.below(4) != 0) step.inputs.back() = make_tensor(dice);
  }
  for (std::uint64_t i = dice.below(3); i > 0; --i) step.outputs.push_back(make_tensor(dice));
  step.name = std::string(dice.below(20), 'n');
  return step;
}

bool are_equal(const StepRecord& a, const StepRecord& b) {
  return a.index == b.index && a.op == b.op && a.attributes == b.attributes &&
         a.inputs == b.inputs && a.outputs == b.outputs && a.name == b.name;
}

TEST(Messages, StepsComeBackAsTheyWere) {
  Dice dice;
  for (int i = 0; i < 3000; ++i) {
    const StepRecord step = make_step(dice);
    const auto bytes = encode_message(step);
    ASSERT_TRUE(bytes.has_value());
    const auto decoded = decode_message(*bytes);
    ASSERT_TRUE(decoded.has_value()) << core::describe(decoded.error());
    EXPECT_EQ(decoded->bytes, bytes->size());
    ASSERT_TRUE(are_equal(std::get<StepRecord>(decoded->message), step));
  }
}

/// Every bit of many steps, and words that are exchanged for others that occur in messages.
TEST(Messages, NoOtherBytesMeanTheSameStep) {
  Dice dice;
  std::size_t accepted = 0;
  const auto expect_canonical = [&](const core::Bytes& bytes) {
    const auto decoded = decode_message(bytes);
    if (!decoded) return;
    ++accepted;
    const auto again = encode_message(decoded->message);
    ASSERT_TRUE(again.has_value());
    ASSERT_TRUE(std::equal(again->begin(), again->end(), bytes.begin(),
                           bytes.begin() + static_cast<std::ptrdiff_t>(decoded->bytes)));
  };
  for (int i = 0; i < 40; ++i) {
    core::Bytes bytes = *encode_message(make_step(dice));
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      expect_canonical(bytes);
      bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    }
    const std::size_t words = bytes.size() / 8;
    for (int change = 0; change < 300; ++change) {
      core::Bytes other = bytes;
      for (std::uint64_t n = 1 + dice.below(2); n > 0; --n) {
        const auto from = static_cast<std::ptrdiff_t>(8 * dice.below(words));
        const auto to = static_cast<std::ptrdiff_t>(8 * dice.below(words));
        if (dice.below(3) == 0) {
          std::fill_n(other.begin() + to, 8, std::uint8_t{0});
        } else {
          std::copy_n(bytes.begin() + from, 8, other.begin() + to);
        }
      }
      expect_canonical(other);
    }
  }
  EXPECT_GT(accepted, 1000U);  // digests, names and numbers are free
}

}  // namespace
}  // namespace isotrace::trace
