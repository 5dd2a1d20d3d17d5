// Traces of which only parts are read: the states they give are those of the whole trace, and a
// byte that is changed never gives another one.
#include <isotrace/trace/message.hpp>
#include <isotrace/wasm/record/partial_trace.hpp>
#include <isotrace/wasm/record/position.hpp>

#include "tests/wasm/recorded_run.hpp"

namespace isotrace::wasm::tests {
namespace {

constexpr Slot rounds = 150;

class FileInMemory final : public RandomAccess {
 public:
  explicit FileInMemory(core::Bytes bytes) : bytes_(std::move(bytes)) {}

  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  core::Result<core::Done> read(std::uint64_t offset, std::span<std::uint8_t> to) override {
    EXPECT_LE(offset + to.size(), bytes_.size());
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), to.size(), to.begin());
    bytes_read_ += to.size();
    return core::Done{};
  }
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  core::Bytes bytes_;
  std::uint64_t bytes_read_ = 0;
};

class WasmPartialTrace : public ::testing::Test {
 protected:
  /// In front of a step; nothing where a refusal is in the way.
  [[nodiscard]] std::optional<trace::StateRecord> find(RandomAccess& file,
                                                       std::uint64_t step) const {
    auto partial = PartialTrace::open(file);
    if (!partial || !partial->load_before(step)) return std::nullopt;
    const auto request = request_of(partial->trace());
    if (!request) return std::nullopt;
    return find_in(partial->trace(), *request, step);
  }

  [[nodiscard]] static std::optional<trace::StateRecord> find_in(const trace::Trace& trace,
                                                                 const RunRequest& request,
                                                                 std::uint64_t step) {
    const EngineFactory engine = make_reference_engine;
    const auto position = Position::find(trace, request, engine, step);
    if (!position) return std::nullopt;
    return state_record((*position)->run().store(), (*position)->state(), request.program);
  }

  const RunRequest request_ = request_for(busy_module(), {rounds});
  const core::Bytes file_ = record(request_, counting_host()).file;
  const trace::Trace trace_ = read(file_);
};

TEST_F(WasmPartialTrace, every_step_has_the_state_of_the_whole_trace) {
  ASSERT_GT(trace_.machine.snapshots.size(), 3U);
  const std::uint64_t end = trace_.machine.state->steps;
  for (std::uint64_t step = 0; step <= end; step += 97) {
    FileInMemory file(file_);
    const auto found = find(file, step);
    ASSERT_TRUE(found.has_value()) << step;
    EXPECT_EQ(found, find_in(trace_, request_, step)) << step;
  }
  FileInMemory file(file_);
  EXPECT_FALSE(find(file, end + 1));
}

TEST_F(WasmPartialTrace, has_what_the_root_covers) {
  FileInMemory file(file_);
  const auto partial = PartialTrace::open(file);
  ASSERT_TRUE(partial.has_value());
  EXPECT_EQ(partial->trace().root, trace_.root);
  EXPECT_EQ(partial->trace().machine.checkpoints, trace_.machine.checkpoints);
  EXPECT_EQ(partial->trace().machine.state, trace_.machine.state);
  const trace::MachineTrace& whole = trace_.machine;
  std::size_t snapshots = 0;
  for (const trace::Snapshot& one : whole.snapshots) snapshots += write_snapshot(one).size();
  constexpr std::size_t head_bytes = 18;  // of every message, before it is known what it is
  const std::size_t messages =
      whole.checkpoints.size() + whole.snapshots.size() + whole.host_calls.size() + 3;
  EXPECT_LE(file.bytes_read() + snapshots, file_.size() + messages * head_bytes);
}

TEST_F(WasmPartialTrace, a_changed_byte_never_gives_another_state) {
  const std::uint64_t step = trace_.machine.state->steps * 3 / 4;
  const auto expected = find_in(trace_, request_, step);
  ASSERT_TRUE(expected.has_value());
  std::size_t refused = 0;
  std::size_t found = 0;
  for (std::size_t i = 0; i < file_.size(); i += i < 4096 ? 7 : 331) {
    core::Bytes bytes = file_;
    bytes[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
    FileInMemory file(std::move(bytes));
    const auto state = find(file, step);
    (state ? found : refused) += 1;
    if (state) {
      EXPECT_EQ(state, expected) << "byte " << i;
    }
  }
  EXPECT_GT(refused, 0U);
  EXPECT_GT(found, 0U);  // what is not needed is not read
}

/// What the host answered is covered by the state behind it alone.
TEST_F(WasmPartialTrace, a_changed_answer_behind_the_last_checkpoint_never_gives_another_state) {
  RunRequest request = request_for(busy_module(), {20});
  request.interval = checkpoint_interval;
  const core::Bytes bytes = record(request, counting_host()).file;
  const trace::Trace whole = read(bytes);
  ASSERT_GE(whole.machine.host_calls.size(),
            whole.machine.checkpoints.back().state.host_calls.size + 20U);
  const std::uint64_t step = whole.machine.state->steps - 1;
  const auto expected = find_in(whole, request, step);
  ASSERT_TRUE(expected.has_value());
  std::size_t found = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    core::Bytes changed = bytes;
    changed[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
    FileInMemory file(std::move(changed));
    const auto state = find(file, step);
    if (!state) continue;
    ++found;
    EXPECT_EQ(state, expected) << "byte " << i;
  }
  EXPECT_GT(found, 0U);  // provenance, say
}

TEST_F(WasmPartialTrace, a_trace_that_was_not_closed_is_left_to_others) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, file_.size() - 8}) {
    FileInMemory file({file_.begin(), file_.begin() + static_cast<std::ptrdiff_t>(size)});
    EXPECT_FALSE(PartialTrace::open(file)) << size;
  }
}

/// A file of a snapshot alone, in pieces.
struct SnapshotFile {
  explicit SnapshotFile(std::uint64_t size) {
    for (std::uint64_t i = 0; i < size; ++i) {
      snapshot.push_back(static_cast<std::uint8_t>(i * i >> 3U));
    }
    for (std::uint64_t offset = 0; offset < size; offset += trace::chunk_bytes) {
      const auto from = snapshot.begin() + static_cast<std::ptrdiff_t>(offset);
      const auto piece = static_cast<std::ptrdiff_t>(std::min(trace::chunk_bytes, size - offset));
      const core::Bytes message =
          *trace::encode_message(trace::SnapshotChunk{size, offset, {from, from + piece}});
      messages.push_back({file.size(), message.size()});
      file.insert(file.end(), message.begin(), message.end());
    }
  }

  core::Bytes snapshot;
  std::vector<MessagePlace> messages;
  core::Bytes file;
};

std::optional<core::Bytes> read_whole(RandomAccess& file, const SnapshotFile& whole) {
  core::Bytes bytes;
  const auto done = StoredSnapshot(file, whole.messages).append(bytes, 0, whole.snapshot.size());
  return done ? std::optional(bytes) : std::nullopt;
}

TEST(WasmStoredSnapshot, is_read_where_it_lies) {
  for (const std::uint64_t size :
       {std::uint64_t{1}, std::uint64_t{8}, trace::chunk_bytes, 2 * trace::chunk_bytes + 3}) {
    const SnapshotFile whole(size);
    FileInMemory file(whole.file);
    EXPECT_EQ(read_whole(file, whole), whole.snapshot) << size;
    core::Bytes last;
    ASSERT_TRUE(StoredSnapshot(file, whole.messages).append(last, size - 1, 1)) << size;
    EXPECT_EQ(last[0], whole.snapshot.back()) << size;
    EXPECT_FALSE(StoredSnapshot(file, whole.messages).append(last, size, 1)) << size;
  }
}

TEST(WasmStoredSnapshot, says_by_its_first_message_where_the_others_stand) {
  constexpr std::size_t before = 24;  // bytes of something else
  for (const std::uint64_t size :
       {std::uint64_t{1}, trace::chunk_bytes, trace::chunk_bytes + 1, 3 * trace::chunk_bytes + 3}) {
    const SnapshotFile whole(size);
    core::Bytes bytes(before);
    bytes.insert(bytes.end(), whole.file.begin(), whole.file.end());
    FileInMemory file(bytes);
    const auto found = StoredSnapshot::find_messages(file, before);
    ASSERT_TRUE(found.has_value()) << size;
    ASSERT_EQ(found->size(), whole.messages.size()) << size;
    for (std::size_t i = 0; i < found->size(); ++i) {
      EXPECT_EQ((*found)[i].offset, whole.messages[i].offset + before) << size;
      EXPECT_EQ((*found)[i].bytes, whole.messages[i].bytes) << size;
    }
    for (std::size_t kept = 0; kept < bytes.size(); kept += kept < 128 ? 1 : 4099) {
      FileInMemory shorter({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(kept)});
      EXPECT_FALSE(StoredSnapshot::find_messages(shorter, before)) << size << ' ' << kept;
    }
    for (const int total : {0x00, 0xff}) {  // nothing, and more than any file has
      core::Bytes forged = bytes;
      std::fill_n(forged.begin() + before + 32, 8, static_cast<std::uint8_t>(total));
      FileInMemory other(forged);
      EXPECT_FALSE(StoredSnapshot::find_messages(other, before)) << size;
    }
  }
}

TEST(WasmStoredSnapshot, is_refused_unless_in_canonical_form) {
  const SnapshotFile whole(trace::chunk_bytes + 3);
  constexpr std::size_t head_bytes[] = {48, 56};
  const auto accepts = [&](const core::Bytes& bytes) {
    FileInMemory file(bytes);
    return read_whole(file, whole).has_value();
  };
  ASSERT_TRUE(accepts(whole.file));
  for (std::size_t piece = 0; piece < 2; ++piece) {
    for (std::size_t bit = 0; bit < 8 * head_bytes[piece]; ++bit) {
      core::Bytes bytes = whole.file;
      bytes[whole.messages[piece].offset + bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      EXPECT_FALSE(accepts(bytes)) << "piece " << piece << " bit " << bit;
    }
  }
  core::Bytes bytes = whole.file;
  bytes.back() = 1;  // behind the contents
  EXPECT_FALSE(accepts(bytes));
}

}  // namespace
}  // namespace isotrace::wasm::tests
