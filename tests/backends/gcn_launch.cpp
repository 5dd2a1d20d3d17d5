// Launches of kernels on the machine for AMD's code: what a driver and a dispatcher give a wave,
// blocks one after the other, waves up to where they meet.
#include <algorithm>
#include <cstdlib>
#include <sstream>

#include <tests/backends/gcn_machine.hpp>

namespace isotrace::gcn {
namespace {

/// Nothing that we run needs as many.
constexpr std::uint64_t instructions_max = std::uint64_t{1} << 34;

struct Place {
  std::uint32_t x, y, z;
};

/// The registers that a kernel begins with, by bits of its descriptor (LLVM, "User Guide for AMDGPU
/// Backend", Initial Kernel Execution State).
void begin_scalars(Machine& m, const KernelCode& kernel, const Place& block,
                   const std::uint8_t* arguments, Wave& wave) {
  const auto has = [&kernel](unsigned bit) { return (kernel.properties >> bit & 1) != 0; };
  const auto sets = [&kernel](unsigned bit) { return (kernel.resources >> bit & 1) != 0; };
  std::memset(wave.s, 0xFF, sizeof(wave.s));
  wave.s[null_register] = 0;
  unsigned at = has(0) ? 4 : 0;  // the buffer of threads' own memory, not looked into
  if (has(1) || has(2)) m.report("a kernel that reads its dispatch packet or queue");
  if (has(3)) {
    wave.put_pair(at, reinterpret_cast<std::uint64_t>(arguments));
    at += 2;
  }
  at += (has(4) ? 2 : 0) + (has(5) ? 2 : 0) + (has(6) ? 1 : 0);  // of the dispatch and own memory
  if (at != (kernel.resources >> 1 & 31)) m.report("registers that the machine does not know");
  const std::uint32_t ids[] = {block.x, block.y, block.z};
  for (unsigned axis = 0; axis < 3; ++axis) {
    if (sets(7 + axis)) wave.s[at++] = ids[axis];
  }
  if (sets(10)) m.report("a kernel that reads its workgroup's info");
  if (sets(0)) wave.s[at++] = 0;  // where the wave's own memory begins
  if (sets(11) || sets(12)) m.report("a kernel of more than one dimension of threads");
}

void begin_wave(Machine& m, const KernelCode& kernel, const Place& block,
                const std::uint8_t* arguments, Wave& wave) {
  begin_scalars(m, kernel, block, arguments, wave);
  const std::uint32_t first = wave.number * wave.lanes;
  const std::uint32_t threads = std::min(kernel.threads - first, wave.lanes);
  wave.s[exec + 1] = 0;
  wave.put_mask(exec, threads == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << threads) - 1);
  for (std::uint32_t lane = 0; lane < threads; ++lane) wave.v[0][lane] = first + lane;
  wave.next = kernel.entry;
}

/// Waves of a launch. What the first block finds in vector registers and in its threads' own memory
/// is no number, later ones what the one before left.
std::vector<Wave> make_waves(const Code& code, const KernelCode& kernel) {
  std::vector<Wave> waves((kernel.threads + code.lanes - 1) / code.lanes);
  for (std::size_t i = 0; i < waves.size(); ++i) {
    waves[i].lanes = code.lanes;
    waves[i].number = static_cast<std::uint32_t>(i);
    waves[i].v.resize(vectors);
    std::memset(waves[i].v.data(), 0xFF, vectors * sizeof(waves[i].v[0]));
    waves[i].own_size = kernel.own;
    waves[i].own.assign(std::size_t{kernel.own} * code.lanes, 0xFF);
  }
  return waves;
}

/// Up to a barrier, or the end.
Met run_wave(Machine& m, Wave& wave) {
  m.wave = &wave;
  m.met = Met::nobody;
  for (std::uint64_t count = 0; m.met == Met::nobody; ++count) {
    if (wave.next >= m.code.instructions.size() || count > instructions_max) m.report("no end");
    if (!m.problem.empty()) return Met::end;
    const Instruction& in = m.code.instructions[wave.next++];
    in.execute(m, in);
  }
  return m.met;
}

void run_block(Machine& m, const KernelCode& kernel, const Place& block,
               const std::uint8_t* arguments, std::vector<Wave>& waves) {
  m.shared.clear();
  for (Wave& wave : waves) begin_wave(m, kernel, block, arguments, wave);
  while (m.problem.empty()) {
    Met common = Met::end;
    for (std::size_t i = 0; i < waves.size(); ++i) {
      const Met met = run_wave(m, waves[m.backwards ? waves.size() - 1 - i : i]);
      if (i != 0 && met != common) m.report("a barrier that some waves never reach");
      common = met;
      if (!m.problem.empty()) return;
    }
    if (common == Met::end) return;
    m.shared.pass_barrier();
  }
}

}  // namespace

const std::vector<Code>& listed_code(std::string& problem) {
  static std::string wrong;
  static const std::vector<Code> all = [] {
    std::vector<Code> read;
    const char* const listed = std::getenv("ISOTRACE_GCN_LISTINGS");
    std::istringstream paths(listed == nullptr ? "" : listed);
    for (std::string path; std::getline(paths, path, ':');) read.push_back(read_code(path, wrong));
    return read;
  }();
  problem = wrong;
  return all;
}

std::string run_kernel(const Code& code, const KernelCode& kernel, const Blocks& blocks,
                       const std::uint8_t* arguments, const std::uint8_t* origin) {
  Machine m(code);
  m.backwards = blocks.backwards;
  m.shared.resize(kernel.shared);
  std::vector<Wave> waves = make_waves(code, kernel);
  std::vector<std::uint8_t> segment(kernel.arguments + 16, 0xFF);
  std::memcpy(segment.data(), arguments, kernel.arguments_size);
  std::memcpy(segment.data() + kernel.origin_offset, origin, 8);
  const std::uint64_t count = std::uint64_t{blocks.x} * blocks.y * blocks.z;
  for (std::uint64_t i = 0; i < count && m.problem.empty(); ++i) {
    const std::uint64_t block = blocks.backwards ? count - 1 - i : i;
    const Place place = {static_cast<std::uint32_t>(block % blocks.x),
                         static_cast<std::uint32_t>(block / blocks.x % blocks.y),
                         static_cast<std::uint32_t>(block / blocks.x / blocks.y)};
    run_block(m, kernel, place, segment.data(), waves);
  }
  return m.problem;
}

namespace {

/// Two blocks along y and z at a time, from different origins.
std::string launch_in_parts(const Code& code, const KernelCode& kernel, const std::uint32_t* grid,
                            const std::uint8_t* arguments, bool backwards) {
  std::string problem;
  const std::uint32_t parts[] = {(grid[1] + 1) / 2, (grid[2] + 1) / 2};
  for (std::uint64_t i = 0; i < std::uint64_t{parts[0]} * parts[1] && problem.empty(); ++i) {
    const auto y = static_cast<std::uint32_t>(i % parts[0]) * 2;
    const auto z = static_cast<std::uint32_t>(i / parts[0]) * 2;
    const std::uint32_t origin[] = {y, z};
    const Blocks blocks = {grid[0], std::min(grid[1] - y, 2U), std::min(grid[2] - z, 2U),
                           backwards};
    problem =
        run_kernel(code, kernel, blocks, arguments, reinterpret_cast<const std::uint8_t*>(origin));
  }
  return problem;
}

}  // namespace
}  // namespace isotrace::gcn

/// As that of ptx_machine.hpp.
extern "C" const char* device_launch(const char* name, const std::uint32_t* grid,
                                     const std::uint8_t* arguments, std::size_t size,
                                     int backwards) {
  static std::string problem;
  for (const isotrace::gcn::Code& code : isotrace::gcn::listed_code(problem)) {
    const auto kernel = code.kernels.find(std::string_view(name));
    if (kernel == code.kernels.end()) continue;
    if (problem.empty() && size != kernel->second.arguments_size) {
      problem = "arguments of another size";
    }
    if (problem.empty()) {
      problem =
          isotrace::gcn::launch_in_parts(code, kernel->second, grid, arguments, backwards != 0);
    }
    return problem.c_str();
  }
  return problem.empty() ? nullptr : problem.c_str();
}
