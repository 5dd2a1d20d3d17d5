// An append-only transparency log in files: tiles of 256 hashes, bundles of 256 entries and a
// signed checkpoint, so that any web server can serve it. Knows file names and bytes; whoever uses
// it reads and writes. Spec: c2sp.org/tlog-tiles.
#pragma once

#include <functional>

#include <isotrace/certificates/signed_note.hpp>
#include <isotrace/signing/merkle_levels.hpp>
#include <isotrace/signing/signing_key.hpp>

namespace isotrace::signing {

inline constexpr std::uint64_t tile_width = 256;
inline constexpr std::string_view checkpoint_name = "checkpoint";

/// "tile/0/x001/067", "tile/entries/000.p/17": `level` is a number or "entries"; width 256 is full.
std::string tile_path(std::string_view level, std::uint64_t index, std::uint64_t width);

struct TileFile {
  std::string path;  ///< relative to the log's folder
  core::Bytes bytes;
};

/// The bytes of a file of the log, by its relative path.
using ReadTile = std::function<core::Result<core::Bytes>(const std::string& path)>;

class TileLog {
 public:
  /// An empty log. Refuses log_malformed: a name that no log can have.
  static core::Result<TileLog> make(std::string origin);
  /// Reads the checkpoint and the lowest hashes; they must give the checkpoint's root. Whose
  /// signature is on it is not looked at. Refuses log_malformed, log_inconsistent, what `read`
  /// refuses.
  static core::Result<TileLog> open(const ReadTile& read);

  [[nodiscard]] const certificates::SignedNote& note() const { return note_; }
  [[nodiscard]] const std::string& origin() const { return origin_; }
  [[nodiscard]] const MerkleLevels& tree() const { return tree_; }
  /// Entries of the bundle that starts at entry 256 * index.
  [[nodiscard]] core::Result<std::vector<std::string>> read_entries(const ReadTile& read,
                                                                    std::uint64_t index) const;
  /// The first entry for which `wanted` holds, and its index.
  struct Found {
    std::uint64_t index = 0;
    std::string entry;
  };
  [[nodiscard]] core::Result<std::optional<Found>> find_entry(
      const ReadTile& read, const std::function<bool(const std::string&)>& wanted) const;

  /// Appends entries of at most 65,535 bytes each (log_malformed), signs the new checkpoint and
  /// gives the files to write, the checkpoint last: until it is there, nothing has happened.
  core::Result<std::vector<TileFile>> append(const ReadTile& read,
                                             const std::vector<std::string>& entries,
                                             const SigningKey& key);

  /// Reads every tile and every entry again; refuses log_inconsistent where they disagree.
  [[nodiscard]] core::Result<core::Done> check_all(const ReadTile& read) const;

 private:
  explicit TileLog(std::string origin) : origin_(std::move(origin)) {}
  void add_hash_tiles(std::uint64_t old_size, std::vector<TileFile>& files) const;

  std::string origin_;
  MerkleLevels tree_;
  certificates::SignedNote note_;
};

}  // namespace isotrace::signing
