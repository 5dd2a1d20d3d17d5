#include <isotrace/executor/gzip.hpp>

#include <algorithm>
#include <array>
#include <limits>

#include <zlib.h>

#include <isotrace/core/check.hpp>

namespace isotrace::executor {
namespace {

using core::Bytes;
using core::ByteView;
using core::RefusalCode;

/// What zlib calls a gzip wrapper around a window of the greatest size.
constexpr int gzip_window = MAX_WBITS + 16;

class Inflater {
 public:
  Inflater() { ISOTRACE_CHECK(::inflateInit2(&stream_, gzip_window) == Z_OK); }
  ~Inflater() { ::inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  z_stream* operator->() { return &stream_; }
  int step() { return ::inflate(&stream_, Z_NO_FLUSH); }
  void restart() { ISOTRACE_CHECK(::inflateReset(&stream_) == Z_OK); }

 private:
  z_stream stream_{};
};

}  // namespace

bool is_gzip(ByteView bytes) { return bytes.size() > 1 && bytes[0] == 0x1F && bytes[1] == 0x8B; }

core::Result<Bytes> gunzip(ByteView bytes, std::uint64_t bytes_max) {
  const auto malformed = [](const char* detail) {
    return core::refuse(RefusalCode::bytes_truncated, "gzip", detail);
  };
  if (!is_gzip(bytes)) return malformed("does not begin as a gzip file");
  Inflater inflater;
  std::array<std::uint8_t, 1 << 16> block;
  Bytes contents;
  std::size_t taken = 0;
  for (;;) {
    const std::size_t in =
        std::min<std::size_t>(bytes.size() - taken, std::numeric_limits<uInt>::max());
    inflater->next_in = const_cast<Bytef*>(bytes.data() + taken);  // zlib only reads it
    inflater->avail_in = static_cast<uInt>(in);
    inflater->next_out = block.data();
    inflater->avail_out = static_cast<uInt>(block.size());
    const int status = inflater.step();
    const std::size_t made = block.size() - inflater->avail_out;
    taken += in - inflater->avail_in;
    if (made > bytes_max - contents.size()) {
      return core::refuse(RefusalCode::limit_exceeded, "gzip",
                          "more than " + std::to_string(bytes_max) + " bytes");
    }
    contents.insert(contents.end(), block.begin(), block.begin() + static_cast<long>(made));
    if (status == Z_STREAM_END && taken == bytes.size()) return contents;
    if (status == Z_STREAM_END) {
      inflater.restart();
    } else if (status != Z_OK) {
      return malformed("cut off, or not what its checksum says");
    }
  }
}

}  // namespace isotrace::executor
