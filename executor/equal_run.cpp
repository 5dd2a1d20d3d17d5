#include <isotrace/executor/equal_run.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

namespace isotrace::executor {
namespace {

/// Two of them fit into the second-level cache.
constexpr std::uint64_t block_bytes = 192 << 10;

std::size_t count_equal(core::ByteView a, core::ByteView b) {
  if (std::memcmp(a.data(), b.data(), b.size()) == 0) return b.size();
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

/// Blocks are read and compared by any thread, in any order; the messages in them are passed in
/// order, which takes little of the time.
class Search {
 public:
  Search(const FileTail& a, const FileTail& b)
      : a_(a),
        b_(b),
        common_(std::min(a.file.size() - a.first, b.file.size() - b.first)),
        walk_(a.first, a.file.size()) {}

  std::optional<EqualRun> run(unsigned threads) {
    std::vector<std::thread> others;
    for (unsigned i = 1; i < threads; ++i) others.emplace_back([this] { work(); });
    work();
    for (std::thread& other : others) other.join();
    if (failed_) return std::nullopt;
    return EqualRun{equal_, std::move(walk_)};
  }

 private:
  void work() {
    core::Bytes left(block_bytes + message_head_bytes);
    core::Bytes right(block_bytes);
    for (;;) {
      const std::uint64_t block = taken_.fetch_add(1);
      const std::uint64_t from = block * block_bytes;
      if (from >= common_) return;
      const std::uint64_t size = std::min(block_bytes, common_ - from);
      // With the head of a message that starts at the end.
      const std::uint64_t ahead = a_.file.size() - a_.first - from;
      const auto a = std::span(left).first(std::min(size + message_head_bytes, ahead));
      const auto b = std::span(right).first(size);
      const bool read = a_.file.read(a_.first + from, a) && b_.file.read(b_.first + from, b);
      const std::size_t equal = read ? count_equal(a, b) : 0;
      if (!pass_in_turn(block, read, a, equal, size)) return;
    }
  }

  /// False once there is no more to do.
  bool pass_in_turn(std::uint64_t block, bool read, core::ByteView a, std::size_t equal,
                    std::uint64_t size) {
    std::unique_lock lock(mutex_);
    next_turn_.wait(lock, [&] { return turn_ == block || over_; });
    if (over_) return false;
    const std::uint64_t at = a_.first + block * block_bytes;
    const bool differs = equal < size;
    failed_ = !read || !walk_.pass(a, at, at + equal + (differs ? 1 : 0));
    equal_ += equal;
    over_ = failed_ || differs;
    ++turn_;
    next_turn_.notify_all();
    return !over_;
  }

  FileTail a_;
  FileTail b_;
  std::uint64_t common_;
  std::atomic<std::uint64_t> taken_ = 0;

  std::mutex mutex_;
  std::condition_variable next_turn_;
  std::uint64_t turn_ = 0;  ///< the block whose messages are passed next
  bool over_ = false;
  bool failed_ = false;
  std::uint64_t equal_ = 0;
  MessageWalk walk_;
};

}  // namespace

std::optional<EqualRun> find_equal_run(const FileTail& a, const FileTail& b, unsigned threads) {
  return Search(a, b).run(threads);
}

}  // namespace isotrace::executor
