// Files in memory with a fault plan: fails or crashes at the nth operation. Tests of everything
// that writes files run every fault point and look at what is left.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <isotrace/core/file.hpp>
#include <isotrace/core/philox.hpp>

namespace isotrace::tests {

/// What happens at operation number `operation`. Operations are counted from 0: begin, each append,
/// and the three parts of publish: sync of the file, rename, sync of the folder.
struct Fault {
  enum class Kind : std::uint8_t {
    none,
    refuse,       ///< the operation has no effect and is refused (disk full, I/O error)
    short_write,  ///< half of an append reaches the file, then it is refused
    crash,        ///< the operation happens, then the machine dies: nothing else does
  };
  Kind kind = Kind::none;
  std::size_t operation = 0;
  bool for_good = false;  ///< refuse and short_write: every later operation, too
};

/// What a disk may show after a crash.
enum class Survival : std::uint8_t {
  synced_only,    ///< only what was synced, in files and folder
  everything,     ///< all that was written
  metadata_only,  ///< names and sizes, but zeros for bytes that were not synced
};

class SimulatedFiles final : public core::Files {
 public:
  explicit SimulatedFiles(Fault fault = {});

  core::Result<core::Bytes> read(const std::string& path, std::uint64_t bytes_max) override;
  core::Result<std::unique_ptr<core::PendingFile>> begin(const std::string& path) override;

  /// How many operations have been asked for.
  [[nodiscard]] std::size_t operations() const;
  /// What is there now, by path.
  [[nodiscard]] std::map<std::string, core::Bytes> files() const;
  /// What would be there if the power failed now.
  [[nodiscard]] std::map<std::string, core::Bytes> after_crash(Survival survival) const;
  /// The same, as a disk may have it that reorders: of the writes that were not synced each is
  /// there, or lost, or torn at any byte, whatever became of those before it; what is missing reads
  /// as zeros, or the file ends early. Of changes to the folder the first few are there.
  [[nodiscard]] std::map<std::string, core::Bytes> after_reordering_crash(
      core::PhiloxStream& random) const;
  /// Puts a durable file there, without counting an operation.
  void put(const std::string& path, const core::Bytes& bytes);

 private:
  struct Disk;
  class Pending;
  std::shared_ptr<Disk> disk_;
};

}  // namespace isotrace::tests
