#include <isotrace/wasm/effect_stream.hpp>

#include <isotrace/core/blake3.hpp>
#include <isotrace/core/bytes.hpp>

namespace isotrace::wasm {
namespace {

constexpr std::string_view stream_mark = "isotrace.wasm.effect-stream.v1";
/// What engines fill while others wait or are hashed.
constexpr std::size_t buffers = 3;
/// One opcode's effects, at the most: every slot of two frames, and some numbers.
constexpr std::size_t opcode_bytes_max = std::size_t{1} << 20 | 64;

}  // namespace

std::vector<std::uint8_t> effect_bytes_of_locals(const Module& module, const Function& function) {
  std::vector<std::uint8_t> bytes;
  for (const ValueType type : module.type_of(function).parameters) {
    bytes.push_back(static_cast<std::uint8_t>(effect_bytes(type)));
  }
  const std::size_t parameters = bytes.size();
  for (const LocalRun& run : function.locals) {
    bytes.resize(parameters + run.end, static_cast<std::uint8_t>(effect_bytes(run.type)));
  }
  return bytes;
}

bool has_noted_operands(Opcode opcode) {
  switch (opcode) {
    case Opcode::table_get:
    case Opcode::table_set:
    case Opcode::table_size:
    case Opcode::table_grow:
    case Opcode::table_fill:
    case Opcode::table_copy:
    case Opcode::table_init:
    case Opcode::elem_drop:
    case Opcode::memory_size:
    case Opcode::memory_grow:
    case Opcode::memory_fill:
    case Opcode::memory_copy:
    case Opcode::memory_init:
    case Opcode::data_drop: return true;
    default: return false;
  }
}

EffectStream::EffectStream() {
  for (std::size_t i = 1; i < buffers; ++i) spare_.emplace_back(piece_bytes + opcode_bytes_max);
  start(Buffer(piece_bytes + opcode_bytes_max), 0);
  thread_ = std::thread([this] { work(); });
}

EffectStream::~EffectStream() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  signal_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void EffectStream::start(Buffer buffer, std::size_t used) {
  buffer_ = std::move(buffer);
  next_ = buffer_.data() + used;
  limit_ = buffer_.data() + piece_bytes;
}

EffectStream::Buffer EffectStream::take_spare() {
  std::unique_lock lock(mutex_);
  signal_.wait(lock, [this] { return !spare_.empty(); });
  Buffer buffer = std::move(spare_.back());
  spare_.pop_back();
  return buffer;
}

void EffectStream::pass_on(Buffer full, std::size_t size) {
  bytes_ += size;
  {
    const std::scoped_lock lock(mutex_);
    waiting_.emplace_back(std::move(full), size);
  }
  signal_.notify_all();
}

void EffectStream::make_room() {
  while (is_full()) {
    Buffer fresh = take_spare();
    const auto rest = static_cast<std::size_t>(next_ - limit_);
    std::memcpy(fresh.data(), limit_, rest);
    pass_on(std::move(buffer_), piece_bytes);
    start(std::move(fresh), rest);
  }
}

void EffectStream::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    signal_.wait(lock, [this] { return !waiting_.empty() || ending_; });
    if (waiting_.empty()) return;
    auto [buffer, size] = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    const core::Digest digest = core::blake3(core::ByteView(buffer).first(size));
    lock.lock();
    digests_.push_back(digest);
    spare_.push_back(std::move(buffer));
    signal_.notify_all();
  }
}

EffectStream::Summary EffectStream::finish(const core::Digest& program) {
  make_room();
  if (const auto rest = static_cast<std::size_t>(next_ - buffer_.data()); rest != 0) {
    pass_on(std::move(buffer_), rest);
  }
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  signal_.notify_all();
  thread_.join();
  core::ByteWriter out;
  out.text(stream_mark).raw(program.view()).u64(bytes_);
  for (const core::Digest& digest : digests_) out.raw(digest.view());
  return {bytes_, core::blake3(out.bytes())};
}

}  // namespace isotrace::wasm
