// What the memory of an NVIDIA device would do with the requests of a kernel's warps, counted while
// its PTX runs on the host (ptx_machine.hpp): 32-byte sectors of global memory and passes over the
// 32 banks of shared memory, beside the fewest that could carry the same bytes; and the
// instructions that ran. A model of the machine: it knows neither latencies nor caches, and no
// speed follows from it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

namespace {

enum class Space : std::uint8_t { global, shared, local };
enum class Access : std::uint8_t { read, write };

/// Instructions of a piece of code without branches.
struct Part {
  std::uint32_t instructions, fused;
};

/// Requests of warps to one kind of memory.
struct Requests {
  std::uint64_t requests = 0;
  std::uint64_t steps = 0;  ///< sectors, or passes over the banks
  std::uint64_t ideal = 0;  ///< what the same bytes need at least
};

class Counts {
 public:
  bool enabled = false;
  Requests of[3][2];               ///< by space and access
  std::uint64_t instructions = 0;  ///< of threads
  std::uint64_t fused = 0;
  const Part* parts = nullptr;

  void enter(std::uint32_t part) {
    if (!enabled) return;
    instructions += parts[part].instructions;
    fused += parts[part].fused;
  }
  void touch(std::uint32_t site, Space space, Access access, std::uint64_t at, std::uint64_t size,
             std::uint32_t thread) {
    if (!enabled) return;
    if (site >= sites_.size()) sites_.resize(site + 1);
    sites_[site].space = space;
    sites_[site].access = access;
    sites_[site].size = size;
    sites_[site].places[thread % 32].push_back(at);
  }
  /// A warp has come to where its threads meet: the n-th time that lanes came by an instruction is
  /// one request.
  void finish_warp() {
    if (!enabled) return;
    for (Site& site : sites_) {
      std::size_t most = 0;
      for (const auto& lane : site.places) most = std::max(most, lane.size());
      for (std::size_t n = 0; n < most; ++n) add(site, n);
      for (auto& lane : site.places) lane.clear();
    }
  }

 private:
  struct Site {
    Space space;
    Access access;
    std::uint64_t size;
    std::vector<std::uint64_t> places[32];
  };

  void add(const Site& site, std::size_t n) {
    Requests& to = of[static_cast<int>(site.space)][static_cast<int>(site.access)];
    ++to.requests;
    if (site.space == Space::global) {
      add_sectors(site, n, to);
    } else if (site.space == Space::shared) {
      add_passes(site, n, to);
    }
  }

  static void add_sectors(const Site& site, std::size_t n, Requests& to) {
    std::vector<std::uint64_t> sectors;
    std::vector<std::uint64_t> places;
    for (const auto& lane : site.places) {
      if (n >= lane.size()) continue;
      places.push_back(lane[n]);
      sectors.push_back(lane[n] / 32);
      sectors.push_back((lane[n] + site.size - 1) / 32);
    }
    to.steps += distinct(sectors);
    to.ideal += (distinct(places) * site.size + 31) / 32;
  }

  /// 32 lanes together where each takes 4 bytes or less, 16 of 8 bytes, 8 of 16. Lanes that read
  /// one word of a bank are served together.
  static void add_passes(const Site& site, std::size_t n, Requests& to) {
    const std::size_t together = site.size <= 4 ? 32 : 128 / site.size;
    for (std::size_t first = 0; first < 32; first += together) {
      std::vector<std::uint64_t> words;
      for (std::size_t i = first; i < first + together; ++i) {
        if (n >= site.places[i].size()) continue;
        const std::uint64_t at = site.places[i][n];
        for (std::uint64_t word = at / 4; word <= (at + site.size - 1) / 4; ++word) {
          words.push_back(word);
        }
      }
      if (words.empty()) continue;
      distinct(words);
      std::uint64_t banks[32] = {};
      for (const std::uint64_t word : words) ++banks[word % 32];
      to.steps += *std::max_element(banks, banks + 32);
      to.ideal += (words.size() + 31) / 32;
    }
  }

  static std::size_t distinct(std::vector<std::uint64_t>& numbers) {
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return numbers.size();
  }

  std::vector<Site> sites_;
};

}  // namespace
