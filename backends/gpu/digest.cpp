// The digest of a tensor on the device: chunks, then trees of their chaining values, of which the
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
  const auto blocks_of = [](std::uint64_t count, std::uint64_t each) -> core::Result<Grid> {
    const std::uint64_t blocks = (count + each - 1) / each;
    if (blocks <= grid_max.x) return Grid{static_cast<std::uint32_t>(blocks), 1, 1};
    return core::refuse(core::RefusalCode::limit_exceeded, "", "more bytes than one launch hashes");
  };
  ISOTRACE_TRY(const Grid chunk_grid, blocks_of(chunks.count, HashChunks::threads));
  ISOTRACE_TRY_DONE(launch("hash_chunks", chunk_grid, chunks));
  for (std::uint64_t count = chunks.count; count > 1;) {
    ISOTRACE_TRY(const Grid grid, blocks_of(count, HashTrees::leaves));
    ISOTRACE_TRY(Array roots, make_values(grid.x));
    ISOTRACE_TRY_DONE(launch(
        "hash_trees", grid,
        HashTrees::Arguments{count, values.data<std::uint32_t>(), roots.data<std::uint32_t>()}));
    values = std::move(roots);
    count = grid.x;
  }
  core::Digest digest;
  ISOTRACE_TRY_DONE(device_.download(digest.bytes, values.buffer->address()));
  return digest;
}

}  // namespace isotrace::backends::gpu
