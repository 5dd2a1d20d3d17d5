#include <isotrace/executor/onnx_skeleton.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <new>

namespace isotrace::executor {
namespace {

using core::Result;

/// Messages on the way to the weights; numbers of fields are those of onnx.proto.
enum class Level : std::uint8_t { model, graph, tensor };
constexpr std::uint64_t model_graph = 7;
constexpr std::uint64_t graph_initializer = 5;
constexpr std::uint64_t tensor_raw_data = 9;

/// Lengths that shrink are written in this many bytes whatever they are, to be filled in later.
constexpr std::size_t length_bytes = 5;

/// Copies wire-format bytes field by field. Every step is false where the bytes are unlike what
/// protobuf writes: damage, groups, numbers in more bytes than they need for 35 bits.
class Copy {
 public:
  Copy(const ModelBytes& model, OnnxSkeleton& out) : model_(model), out_(out) {}

  Result<bool> message(std::uint64_t end, Level level) {
    while (at_ < end) {
      ISOTRACE_TRY(const bool fine, field(end, level));
      if (!fine) return false;
    }
    return true;
  }

 private:
  Result<bool> field(std::uint64_t end, Level level) {
    ISOTRACE_TRY(const auto tag, varint(end));
    if (!tag || *tag > std::numeric_limits<std::uint32_t>::max()) return false;
    write(*tag);
    switch (*tag & 7) {
      case 0: return number(end);
      case 1: return bytes(8, end);
      case 5: return bytes(4, end);
      case 2: break;
      default: return false;
    }
    ISOTRACE_TRY(const auto size, varint(end));
    if (!size || *size > end - at_) return false;
    const std::uint64_t kind = *tag >> 3;
    if (level == Level::model && kind == model_graph) return inside(*size, Level::graph);
    if (level == Level::graph && kind == graph_initializer) {
      out_.initializers.emplace_back();
      return inside(*size, Level::tensor);
    }
    if (level == Level::tensor && kind == tensor_raw_data) return raw_data(*size);
    write(*size);
    return bytes(*size, end);
  }

  Result<bool> inside(std::uint64_t size, Level level) {
    const std::size_t length_at = out_.message.size();
    out_.message.resize(length_at + length_bytes);
    ISOTRACE_TRY(const bool fine, message(at_ + size, level));
    std::uint64_t length = out_.message.size() - length_at - length_bytes;
    for (std::size_t i = 0; i < length_bytes; ++i, length >>= 7) {
      const unsigned more = i + 1 < length_bytes ? 0x80 : 0;
      out_.message[length_at + i] = static_cast<std::uint8_t>((length & 0x7F) | more);
    }
    return fine;
  }

  /// Of the last initialiser; where a message holds several, the last one counts.
  Result<bool> raw_data(std::uint64_t size) {
    std::optional<RawData>& last = out_.initializers.back();
    last.reset();
    if (size < raw_data_bytes_min) {
      write(size);
      return bytes(size, at_ + size);
    }
    last = RawData{at_, size};
    write(0);
    at_ += size;
    return true;
  }

  Result<bool> number(std::uint64_t end) {
    // Negative numbers of 32 bits take ten bytes: copied as they are.
    for (int count = 0; count < 10; ++count) {
      if (at_ == end) return false;
      ISOTRACE_TRY(const std::uint8_t byte, next());
      out_.message.push_back(byte);
      if ((byte & 0x80) == 0) return true;
    }
    return false;
  }

  Result<bool> bytes(std::uint64_t size, std::uint64_t end) {
    if (size > end - at_) return false;
    while (size != 0) {
      ISOTRACE_TRY_DONE(fill());
      const std::uint64_t offset = at_ - window_at_;
      const std::uint64_t count = std::min<std::uint64_t>(size, window_size_ - offset);
      const auto* from = window_.data() + offset;
      out_.message.insert(out_.message.end(), from, from + count);
      at_ += count;
      size -= count;
    }
    return true;
  }

  Result<std::optional<std::uint64_t>> varint(std::uint64_t end) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 35 && at_ < end; shift += 7) {
      ISOTRACE_TRY(const std::uint8_t byte, next());
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if ((byte & 0x80) == 0) return std::optional(value);
    }
    return std::optional<std::uint64_t>();
  }

  void write(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
      out_.message.push_back(static_cast<std::uint8_t>(value | 0x80));
    }
    out_.message.push_back(static_cast<std::uint8_t>(value));
  }

  Result<std::uint8_t> next() {
    ISOTRACE_TRY_DONE(fill());
    return window_[static_cast<std::size_t>(at_++ - window_at_)];
  }

  /// Makes the window hold the byte at at_, which there is.
  Result<core::Done> fill() {
    if (at_ >= window_at_ && at_ - window_at_ < window_size_) return core::Done{};
    window_at_ = at_;
    window_size_ =
        static_cast<std::size_t>(std::min<std::uint64_t>(window_.size(), model_.size() - at_));
    return model_.read(at_, std::span(window_).first(window_size_));
  }

  const ModelBytes& model_;
  OnnxSkeleton& out_;
  std::uint64_t at_ = 0;
  std::array<std::uint8_t, 16384> window_;
  std::uint64_t window_at_ = 0;
  std::size_t window_size_ = 0;
};

Result<OnnxSkeleton> copy_all(const ModelBytes& model) {
  OnnxSkeleton skeleton;
  skeleton.message.resize(model.size());
  ISOTRACE_TRY_DONE(model.read(0, skeleton.message));
  return skeleton;
}

}  // namespace

Result<OnnxSkeleton> make_skeleton(const ModelBytes& model) {
  if (model.size() > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
    return core::refuse(core::RefusalCode::limit_exceeded, "model",
                        std::to_string(model.size()) + " bytes");
  }
  try {
    OnnxSkeleton skeleton;
    skeleton.message.reserve(model.size());  // taken from the system only where it is written
    ISOTRACE_TRY(const bool fine, Copy(model, skeleton).message(model.size(), Level::model));
    if (fine) return skeleton;
    skeleton = {};
    return copy_all(model);
  } catch (const std::bad_alloc&) {
    return core::refuse(core::RefusalCode::limit_exceeded, "model", "not enough memory");
  }
}

}  // namespace isotrace::executor
