// The digest of a tensor on the device: chunks, then a tree of their chaining values, of which the
// last is fetched.
#include <algorithm>

#include <isotrace/backends/gpu/kernels/hash.hpp>
#include <isotrace/backends/gpu/work.hpp>
#include <isotrace/core/bytes.hpp>
#include <isotrace/core/limits.hpp>

namespace isotrace::backends::gpu {

static_assert(hash_header_max >= 2 + 8 * core::limits::tensor_rank_max);

core::Result<core::Digest> Work::digest(const Array& array) {
  core::ByteWriter header;  // as core::tensor_digest
  header.u8(static_cast<std::uint8_t>(array.dtype))
      .u8(static_cast<std::uint8_t>(array.shape.size()));
  for (const std::int64_t dim : array.shape) header.i64(dim);
  HashChunks::Arguments chunks{};
  chunks.size = header.bytes().size() + array.bytes();
  chunks.count = (chunks.size - 1) / hash_chunk + 1;
  chunks.body = array.data<std::uint8_t>();
  chunks.header_size = static_cast<std::uint32_t>(header.bytes().size());
  std::ranges::copy(header.bytes(), chunks.header);
  const auto make_values = [this](std::uint64_t count) {
    return make(core::Dtype::u32, {static_cast<std::int64_t>(count), hash_words});
  };
  ISOTRACE_TRY(Array values, make_values(chunks.count));
  chunks.out = values.data<std::uint32_t>();
  ISOTRACE_TRY_DONE(launch_each("hash_chunks", chunks));
  for (std::uint64_t count = chunks.count; count > 1; count = (count + 1) / 2) {
    ISOTRACE_TRY(Array parents, make_values((count + 1) / 2));
    ISOTRACE_TRY_DONE(launch_each(
        "hash_parents", HashParents::Arguments{(count + 1) / 2, count, values.data<std::uint32_t>(),
                                               parents.data<std::uint32_t>()}));
    values = std::move(parents);
  }
  core::Digest digest;
  ISOTRACE_TRY_DONE(device_.download(digest.bytes, values.buffer->address()));
  return digest;
}

}  // namespace isotrace::backends::gpu
