// Steps of a trace file read without Cap'n Proto, of which a long run has millions. In canonical
// form a message has one layout, in preorder: each pointer can only have one value, and is compared
// with it. So what is accepted here is canonical; what is not goes the long way (message.cpp).
#include <array>
#include <cstring>

#include <isotrace/core/limits.hpp>
#include <isotrace/trace/message_parts.hpp>

namespace isotrace::trace {
namespace {

constexpr std::uint64_t word_bytes = 8;
constexpr std::uint64_t digest_words = 4;

// Element sizes of lists.
constexpr std::uint64_t list_of_bytes = 2;
constexpr std::uint64_t list_of_words = 5;
constexpr std::uint64_t list_of_structs = 7;

/// Reads words in order; `ok` says whether every one was as it must be.
class Words {
 public:
  explicit Words(core::ByteView bytes) : bytes_(bytes), size_(bytes.size() / word_bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  /// Whether everything was read.
  [[nodiscard]] bool finished() const { return ok_ && next_ == size_; }
  void fail() { ok_ = false; }

  [[nodiscard]] std::uint64_t at(std::uint64_t index) const {
    std::uint64_t word = 0;
    if (index < size_) std::memcpy(&word, bytes_.data() + index * word_bytes, word_bytes);
    return word;
  }
  /// Where `count` words stand that were not claimed yet. Without so many the read fails.
  std::uint64_t claim(std::uint64_t count) {
    const std::uint64_t from = next_;
    ok_ = ok_ && count <= size_ - next_;
    if (ok_) next_ += count;
    return from;
  }
  std::uint64_t take() { return at(claim(1)); }
  void expect(std::uint64_t found, std::uint64_t expected) { ok_ = ok_ && found == expected; }

  /// The pointer at `place` leads to a struct of this size, which comes next.
  void expect_struct(std::uint64_t place, std::uint64_t data, std::uint64_t pointers) {
    expect(at(place), distance(place) << 2 | data << 32 | pointers << 48);
  }
  /// The pointer at `place` leads to a list, which comes next; the number of its elements (for
  /// structs: of their words).
  std::uint64_t list_at(std::uint64_t place, std::uint64_t element) {
    const std::uint64_t pointer = at(place);
    expect(pointer & 0x7'ffff'ffff, distance(place) << 2 | 1 | element << 32);
    return pointer >> 35;
  }
  /// Claims as many bytes as a list has, whose last word is filled up with zeros.
  core::ByteView claim_bytes(std::uint64_t count) {
    const std::uint64_t words = (count + word_bytes - 1) / word_bytes;
    const std::uint64_t from = claim(words);
    if (!ok_) return {};
    const core::ByteView whole = bytes_.subspan(from * word_bytes, words * word_bytes);
    for (const std::uint8_t padding : whole.subspan(count)) ok_ = ok_ && padding == 0;
    return whole.first(count);
  }

 private:
  /// From behind the pointer to what comes next.
  [[nodiscard]] std::uint64_t distance(std::uint64_t place) const { return next_ - place - 1; }

  core::ByteView bytes_;
  std::uint64_t size_;
  std::uint64_t next_ = 0;
  bool ok_ = true;
};

core::Digest read_digest(Words& words, std::uint64_t place) {
  words.expect(words.list_at(place, list_of_bytes), digest_words * word_bytes);
  const auto digest = core::digest_from_bytes(words.claim_bytes(digest_words * word_bytes));
  return digest.value_or(core::Digest{});
}

/// The tensor whose three words stand at `place`.
TensorRecord read_tensor(Words& words, std::uint64_t place) {
  TensorRecord tensor{};
  tensor.digest = read_digest(words, place + 1);
  const std::uint64_t rank = words.list_at(place + 2, list_of_words);
  const auto dtype = core::dtype_from_number(static_cast<std::uint8_t>(words.at(place)));
  const std::uint64_t number = words.at(place);
  if (!dtype || number == 0 || number > 0xff || rank > core::limits::tensor_rank_max) {
    words.fail();
    return tensor;
  }
  tensor.dtype = *dtype;
  const std::uint64_t from = words.claim(rank);
  tensor.shape.resize(rank);
  for (std::uint64_t i = 0; i < rank; ++i) {
    tensor.shape[i] = static_cast<std::int64_t>(words.at(from + i));
  }
  const auto elements = core::element_count(tensor.shape);
  if (!elements || *elements > core::limits::tensor_bytes_max / core::dtype_bytes(*dtype)) {
    words.fail();
  }
  return tensor;
}

/// The elements of a list of structs: how many, checked against the list's own words.
std::uint64_t read_list(Words& words, std::uint64_t place, std::uint64_t data,
                        std::uint64_t pointers) {
  const std::uint64_t size = words.list_at(place, list_of_structs);
  const std::uint64_t tag = words.take();
  const std::uint64_t count = (tag & 0xffff'ffff) >> 2;
  words.expect(tag, count << 2 | data << 32 | pointers << 48);
  words.expect(size, count * (data + pointers));
  if (count == 0) words.fail();
  return count;
}

void read_operands(Words& words, std::uint64_t place, StepRecord& step) {
  const std::uint64_t count = read_list(words, place, 0, 1);
  const std::uint64_t from = words.claim(count);
  bool any = false;
  if (words.ok()) step.inputs.resize(count);
  for (std::uint64_t i = 0; words.ok() && i < count; ++i) {
    if (words.at(from + i) == 0) continue;
    words.expect_struct(from + i, 1, 2);
    const std::uint64_t tensor = words.claim(3);
    if (words.ok()) step.inputs[i] = read_tensor(words, tensor);
    any = true;
  }
  if (!any) words.fail();
}

void read_results(Words& words, std::uint64_t place, StepRecord& step) {
  const std::uint64_t count = read_list(words, place, 1, 2);
  const std::uint64_t from = words.claim(3 * count);
  for (std::uint64_t i = 0; words.ok() && i < count; ++i) {
    step.outputs.push_back(read_tensor(words, from + 3 * i));
  }
}

}  // namespace

std::optional<StepRecord> decode_plain_step(core::ByteView body) {
  Words words(body);
  words.expect_struct(words.claim(1), 1, 1);
  words.expect(words.take(), step_tag);
  const std::uint64_t to_step = words.claim(1);
  words.expect_struct(to_step, 2, 4);
  StepRecord step;
  step.index = words.take();
  const std::uint64_t operation = words.take();
  const auto op = core::op_from_number(static_cast<std::uint16_t>(operation));
  if (!op || operation > 0xffff || operation == 0) return std::nullopt;
  step.op = *op;
  const std::uint64_t pointers = words.claim(4);
  if (!words.ok()) return std::nullopt;
  step.attributes = read_digest(words, pointers);
  read_operands(words, pointers + 1, step);
  if (!words.ok()) return std::nullopt;
  read_results(words, pointers + 2, step);
  // A text ends with a zero.
  const std::uint64_t name_bytes = words.list_at(pointers + 3, list_of_bytes);
  if (!words.ok() || name_bytes == 0 || name_bytes - 1 > core::limits::name_bytes_max) {
    return std::nullopt;
  }
  const core::ByteView name = words.claim_bytes(name_bytes);
  if (!words.finished() || name.back() != 0) return std::nullopt;
  step.name = core::as_text(name.first(name.size() - 1));
  return step;
}

}  // namespace isotrace::trace
