#include "tests/support/simulated_files.hpp"

#include <algorithm>
#include <vector>

namespace isotrace::tests {
namespace {

using core::Bytes;
using core::Done;
using core::RefusalCode;
using core::Result;

struct Inode {
  Bytes bytes;
  std::size_t synced = 0;             // how many of them are on the disk
  std::vector<std::size_t> unsynced;  // where each write since then begins
};
using Folder = std::map<std::string, std::shared_ptr<Inode>>;

Bytes surviving(const Inode& inode, Survival survival) {
  Bytes bytes = inode.bytes;
  if (survival == Survival::everything) return bytes;
  bytes.resize(inode.synced);
  if (survival == Survival::metadata_only) bytes.resize(inode.bytes.size());
  return bytes;
}

Bytes surviving_reordered(const Inode& inode, core::PhiloxStream& random) {
  Bytes bytes = inode.bytes;
  for (std::size_t i = 0; i < inode.unsynced.size(); ++i) {
    const std::size_t begin = inode.unsynced[i];
    const std::size_t end = i + 1 < inode.unsynced.size() ? inode.unsynced[i + 1] : bytes.size();
    const std::size_t kept[] = {end - begin, 0, random.next_below(end - begin + 1)};
    const auto from = begin + kept[random.next_below(3)];
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(from),
              bytes.begin() + static_cast<std::ptrdiff_t>(end), std::uint8_t{0});
  }
  if (random.next_below(2) == 0) {
    bytes.resize(inode.synced + random.next_below(bytes.size() - inode.synced + 1));
  }
  return bytes;
}

}  // namespace

struct SimulatedFiles::Disk {
  Fault fault;
  std::size_t operations = 0;
  bool dead = false;
  Folder now;
  Folder synced;
  std::vector<Folder> changes;  // what the folder was, since it was synced

  /// Counts an operation; refuses it if the machine is dead or the plan says so.
  Result<Done> operate(const std::string& path) {
    const std::size_t number = operations++;
    const bool planned = fault.for_good ? number >= fault.operation : number == fault.operation;
    if (dead) return core::refuse(RefusalCode::file_write_failed, path, "crashed");
    if (planned && fault.kind == Fault::Kind::crash) dead = true;
    if (planned && (fault.kind == Fault::Kind::refuse || fault.kind == Fault::Kind::short_write)) {
      return core::refuse(RefusalCode::file_write_failed, path, "simulated fault");
    }
    return Done{};
  }
};

class SimulatedFiles::Pending final : public core::PendingFile {
 public:
  Pending(std::shared_ptr<Disk> disk, std::string path, std::shared_ptr<Inode> inode)
      : disk_(std::move(disk)), path_(std::move(path)), inode_(std::move(inode)) {}
  ~Pending() override {
    if (settled_ || disk_->dead) return;
    disk_->now.erase(core::incomplete_path(path_));
    disk_->changes.push_back(disk_->now);
  }

  Result<Done> append(core::ByteView bytes) override {
    auto done = disk_->operate(path_);
    if (!done && (disk_->fault.kind != Fault::Kind::short_write || disk_->dead)) return done;
    const auto count = done ? bytes.size() : bytes.size() / 2;
    inode_->unsynced.push_back(inode_->bytes.size());
    inode_->bytes.insert(inode_->bytes.end(), bytes.begin(),
                         bytes.begin() + static_cast<std::ptrdiff_t>(count));
    return done;
  }

  Result<Done> publish() override {
    ISOTRACE_TRY_DONE(disk_->operate(path_));
    inode_->synced = inode_->bytes.size();
    inode_->unsynced.clear();
    ISOTRACE_TRY_DONE(disk_->operate(path_));
    disk_->now.erase(core::incomplete_path(path_));
    disk_->now[path_] = inode_;
    disk_->changes.push_back(disk_->now);
    settled_ = true;
    ISOTRACE_TRY_DONE(disk_->operate(path_));
    disk_->synced = disk_->now;
    disk_->changes.clear();
    return Done{};
  }

  Result<Done> leave_unfinished() override {
    ISOTRACE_TRY_DONE(disk_->operate(path_));
    inode_->synced = inode_->bytes.size();
    inode_->unsynced.clear();
    settled_ = true;
    return Done{};
  }

 private:
  std::shared_ptr<Disk> disk_;
  std::string path_;
  std::shared_ptr<Inode> inode_;
  bool settled_ = false;  // renamed, or to be left as it is
};

SimulatedFiles::SimulatedFiles(Fault fault) : disk_(std::make_shared<Disk>()) {
  disk_->fault = fault;
}

Result<Bytes> SimulatedFiles::read(const std::string& path, std::uint64_t bytes_max) {
  const auto found = disk_->now.find(path);
  if (found == disk_->now.end()) return core::refuse(RefusalCode::file_not_found, path);
  if (found->second->bytes.size() > bytes_max) {
    return core::refuse(RefusalCode::file_too_large, path);
  }
  return found->second->bytes;
}

Result<std::unique_ptr<core::PendingFile>> SimulatedFiles::begin(const std::string& path) {
  ISOTRACE_TRY_DONE(disk_->operate(path));
  auto inode = std::make_shared<Inode>();
  disk_->now[core::incomplete_path(path)] = inode;
  disk_->changes.push_back(disk_->now);
  return std::make_unique<Pending>(disk_, path, std::move(inode));
}

std::size_t SimulatedFiles::operations() const { return disk_->operations; }

std::map<std::string, Bytes> SimulatedFiles::files() const {
  std::map<std::string, Bytes> all;
  for (const auto& [path, inode] : disk_->now) all[path] = inode->bytes;
  return all;
}

std::map<std::string, Bytes> SimulatedFiles::after_crash(Survival survival) const {
  std::map<std::string, Bytes> all;
  const Folder& folder = survival == Survival::synced_only ? disk_->synced : disk_->now;
  for (const auto& [path, inode] : folder) all[path] = surviving(*inode, survival);
  return all;
}

std::map<std::string, Bytes> SimulatedFiles::after_reordering_crash(
    core::PhiloxStream& random) const {
  const std::uint64_t kept = random.next_below(disk_->changes.size() + 1);
  const Folder& folder = kept == 0 ? disk_->synced : disk_->changes[kept - 1];
  std::map<std::string, Bytes> all;
  for (const auto& [path, inode] : folder) all[path] = surviving_reordered(*inode, random);
  return all;
}

void SimulatedFiles::put(const std::string& path, const Bytes& bytes) {
  disk_->now[path] = disk_->synced[path] = std::make_shared<Inode>(Inode{bytes, bytes.size(), {}});
}

}  // namespace isotrace::tests
