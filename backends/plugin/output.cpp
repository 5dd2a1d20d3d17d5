#include <isotrace/backends/plugin/output.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace isotrace::backends::plugin {
namespace {

/// As far as standard error takes it.
void print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(STDERR_FILENO, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

bool is_harmless(char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\t'; }

}  // namespace

void Output::forward() {
  std::array<char, 4096> piece;
  // Nothing is read beyond the limit: then the pipe is full, and what is printed is lost.
  while (left_ != 0 && pipe_.get() >= 0) {
    const ssize_t size = ::read(pipe_.get(), piece.data(), std::min(piece.size(), left_));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    const auto end = piece.begin() + size;
    std::replace_if(
        piece.begin(), end, [](char c) { return !is_harmless(c); }, '?');
    print({piece.data(), static_cast<std::size_t>(size)});
    left_ -= static_cast<std::size_t>(size);
    if (left_ == 0) print("\n(the plugin prints more, which is left out)\n");
  }
}

}  // namespace isotrace::backends::plugin
