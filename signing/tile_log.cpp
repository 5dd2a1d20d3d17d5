#include <isotrace/signing/tile_log.hpp>

#include <algorithm>
#include <cstdio>

#include <isotrace/certificates/bundle.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/core/merkle.hpp>
#include <isotrace/signing/envelopes.hpp>

namespace isotrace::signing {
namespace {

using certificates::Checkpoint;
using core::Done;
using core::Result;

constexpr std::size_t tile_height = 8;  // 2^8 hashes in a tile
constexpr std::size_t entry_bytes_max = 65535;

tl::unexpected<core::Refusal> malformed(std::string where, std::string detail) {
  return core::refuse(core::RefusalCode::log_malformed, std::move(where), std::move(detail));
}

tl::unexpected<core::Refusal> inconsistent(std::string where, std::string detail) {
  return core::refuse(core::RefusalCode::log_inconsistent, std::move(where), std::move(detail));
}

/// How many of the `size` items of a level stand in its tile `index`.
std::uint64_t width_of(std::uint64_t size, std::uint64_t index) {
  return std::min(tile_width, size - index * tile_width);
}

std::uint64_t tiles_of(std::uint64_t size) { return (size + tile_width - 1) / tile_width; }

core::Bytes hash_tile(std::span<const core::Digest> hashes) {
  core::Bytes bytes;
  for (const core::Digest& hash : hashes) {
    bytes.insert(bytes.end(), hash.bytes.begin(), hash.bytes.end());
  }
  return bytes;
}

core::Bytes entry_bundle(std::span<const std::string> entries) {
  core::Bytes bytes;
  for (const std::string& entry : entries) {
    bytes.push_back(static_cast<std::uint8_t>(entry.size() >> 8));
    bytes.push_back(static_cast<std::uint8_t>(entry.size()));
    bytes.insert(bytes.end(), entry.begin(), entry.end());
  }
  return bytes;
}

Result<std::vector<std::string>> parse_entry_bundle(core::ByteView bytes, std::uint64_t width,
                                                    const std::string& path) {
  std::vector<std::string> entries;
  while (!bytes.empty()) {
    if (bytes.size() < 2) return malformed(path, "an entry is cut off");
    const std::size_t size = std::size_t{bytes[0]} << 8 | bytes[1];
    if (bytes.size() - 2 < size) return malformed(path, "an entry is cut off");
    entries.emplace_back(core::as_text(bytes.subspan(2, size)));
    bytes = bytes.subspan(2 + size);
  }
  if (entries.size() != width) return malformed(path, "another number of entries");
  return entries;
}

}  // namespace

std::string tile_path(std::string_view level, std::uint64_t index, std::uint64_t width) {
  std::string number;
  for (std::uint64_t rest = index; number.empty() || rest > 0; rest /= 1000) {
    char digits[8];
    std::snprintf(digits, sizeof digits, "%03u", static_cast<unsigned>(rest % 1000));
    number = number.empty() ? digits : "x" + std::string(digits) + "/" + number;
  }
  std::string path = "tile/" + std::string(level) + "/" + number;
  if (width != tile_width) path += ".p/" + std::to_string(width);
  return path;
}

Result<TileLog> TileLog::make(std::string origin) {
  if (!certificates::is_note_name(origin) || origin == certificates::seal_origin) {
    return malformed("origin", certificates::quote(origin) + " is no name of a log");
  }
  return TileLog(std::move(origin));
}

Result<TileLog> TileLog::open(const ReadTile& read) {
  ISOTRACE_TRY(const core::Bytes bytes, read(std::string(checkpoint_name)));
  ISOTRACE_TRY(certificates::SignedNote note, certificates::parse_note(core::as_text(bytes)));
  ISOTRACE_TRY(const Checkpoint checkpoint, certificates::parse_checkpoint(note.text));
  ISOTRACE_TRY(TileLog log, make(checkpoint.origin));
  for (std::uint64_t index = 0; index < tiles_of(checkpoint.size); ++index) {
    const std::uint64_t width = width_of(checkpoint.size, index);
    const std::string path = tile_path("0", index, width);
    ISOTRACE_TRY(const core::Bytes tile, read(path));
    constexpr std::size_t hash_bytes = sizeof(core::Digest);
    if (tile.size() != width * hash_bytes) return malformed(path, "another size");
    for (std::size_t i = 0; i < width; ++i) {
      log.tree_.append(
          *core::digest_from_bytes(core::ByteView(tile).subspan(i * hash_bytes, hash_bytes)));
    }
  }
  if (log.tree_.root() != checkpoint.root) {
    return inconsistent("checkpoint", "its root is not that of the tiles");
  }
  log.note_ = std::move(note);
  return log;
}

Result<std::vector<std::string>> TileLog::read_entries(const ReadTile& read,
                                                       std::uint64_t index) const {
  const std::uint64_t width = width_of(tree_.size(), index);
  const std::string path = tile_path("entries", index, width);
  ISOTRACE_TRY(const core::Bytes bytes, read(path));
  ISOTRACE_TRY(std::vector<std::string> entries, parse_entry_bundle(bytes, width, path));
  const auto leaves = tree_.level(0).subspan(index * tile_width, width);
  for (std::size_t i = 0; i < width; ++i) {
    if (core::merkle_leaf(core::as_bytes(entries[i])) != leaves[i]) {
      return inconsistent(
          path, "entry " + std::to_string(index * tile_width + i) + " is not what the tiles say");
    }
  }
  return entries;
}

Result<std::optional<TileLog::Found>> TileLog::find_entry(
    const ReadTile& read, const std::function<bool(const std::string&)>& wanted) const {
  for (std::uint64_t index = 0; index < tiles_of(tree_.size()); ++index) {
    ISOTRACE_TRY(std::vector<std::string> entries, read_entries(read, index));
    const auto found = std::find_if(entries.begin(), entries.end(), wanted);
    if (found == entries.end()) continue;
    const auto place = static_cast<std::uint64_t>(found - entries.begin());
    return std::optional(Found{index * tile_width + place, std::move(*found)});
  }
  return std::optional<Found>();
}

void TileLog::add_hash_tiles(std::uint64_t old_size, std::vector<TileFile>& files) const {
  for (std::size_t level = 0;; ++level) {
    const auto hashes = tree_.level(level * tile_height);
    if (hashes.empty()) return;
    const std::uint64_t old_hashes = old_size >> (level * tile_height);
    if (old_hashes == hashes.size()) continue;
    for (std::uint64_t index = old_hashes / tile_width; index < tiles_of(hashes.size()); ++index) {
      const std::uint64_t width = width_of(hashes.size(), index);
      files.push_back({tile_path(std::to_string(level), index, width),
                       hash_tile(hashes.subspan(index * tile_width, width))});
    }
  }
}

Result<std::vector<TileFile>> TileLog::append(const ReadTile& read,
                                              const std::vector<std::string>& entries,
                                              const SigningKey& key) {
  const std::uint64_t old_size = tree_.size();
  const std::uint64_t first = old_size / tile_width;  // the bundle that grows
  std::vector<std::string> pending;
  if (old_size % tile_width != 0) {
    ISOTRACE_TRY(pending, read_entries(read, first));
  }
  if (entries.size() > core::limits::log_entries_max - old_size) {
    return core::refuse(core::RefusalCode::limit_exceeded, "log", "too many entries");
  }
  for (const std::string& entry : entries) {
    if (entry.size() > entry_bytes_max) return malformed("entry", "longer than 65,535 bytes");
    tree_.append(core::merkle_leaf(core::as_bytes(entry)));
    pending.push_back(entry);
  }
  std::vector<TileFile> files;
  const std::span<const std::string> all(pending);
  for (std::uint64_t index = first; index * tile_width < tree_.size(); ++index) {
    const std::uint64_t width = width_of(tree_.size(), index);
    files.push_back({tile_path("entries", index, width),
                     entry_bundle(all.subspan((index - first) * tile_width, width))});
  }
  add_hash_tiles(old_size, files);
  note_ =
      sign_note(write_checkpoint(Checkpoint{origin_, tree_.size(), tree_.root()}), origin_, key);
  const std::string text = write_note(note_);
  files.push_back({std::string(checkpoint_name), core::Bytes(text.begin(), text.end())});
  return files;
}

Result<Done> TileLog::check_all(const ReadTile& read) const {
  for (std::uint64_t index = 0; index < tiles_of(tree_.size()); ++index) {
    ISOTRACE_TRY_DONE(read_entries(read, index));
  }
  std::vector<TileFile> tiles;
  add_hash_tiles(0, tiles);
  for (const TileFile& tile : tiles) {
    ISOTRACE_TRY(const core::Bytes bytes, read(tile.path));
    if (bytes != tile.bytes) return inconsistent(tile.path, "the tile is not that of its leaves");
  }
  return Done{};
}

}  // namespace isotrace::signing
