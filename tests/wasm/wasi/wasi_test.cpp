// WASI without files: the process, clocks, randomness, streams, and pointers that lead nowhere.
#include <array>

#include <isotrace/wasm/wasi/virtual_world.hpp>

#include "tests/wasm/wasi/wasi_machine.hpp"

namespace isotrace::wasm::wasi::tests {
namespace {

using core::RefusalCode;

constexpr std::uint32_t success = 0;

std::uint32_t number(Errno why) { return static_cast<std::uint32_t>(why); }

TEST(Wasi, arguments_and_environment_are_what_was_given) {
  const TemporaryFolder folder;
  WasiMachine machine(folder.path(), {{"prog", "x y"}, {"A=1"}});
  EXPECT_EQ(machine.call("args_sizes_get", {8, 12}), success);
  EXPECT_EQ(machine.u32(8), 2U);
  EXPECT_EQ(machine.u32(12), 9U);
  EXPECT_EQ(machine.call("args_get", {16, 64}), success);
  EXPECT_EQ(machine.u32(16), 64U);
  EXPECT_EQ(machine.u32(20), 69U);
  EXPECT_EQ(machine.text(64, 9), std::string("prog\0x y\0", 9));
  EXPECT_EQ(machine.call("environ_sizes_get", {8, 12}), success);
  EXPECT_EQ(machine.u32(8), 1U);
  EXPECT_EQ(machine.u32(12), 4U);
  EXPECT_EQ(machine.call("environ_get", {16, 128}), success);
  EXPECT_EQ(machine.text(128, 4), std::string("A=1\0", 4));
}

TEST(Wasi, the_virtual_clock_ticks_once_per_reading) {
  const TemporaryFolder folder;
  WasiMachine machine(folder.path());
  EXPECT_EQ(machine.call("clock_res_get", {0, 8}), success);
  EXPECT_EQ(machine.u64(8), 1'000'000U);
  EXPECT_EQ(machine.call("clock_time_get", {0, 0, 8}), success);
  EXPECT_EQ(machine.u64(8), 946'684'800'001'000'000U);
  EXPECT_EQ(machine.call("clock_time_get", {1, 0, 8}), success);
  EXPECT_EQ(machine.u64(8), 2'000'000U);
  EXPECT_EQ(machine.call("clock_time_get", {2, 0, 8}), number(Errno::invalid));
}

TEST(Wasi, virtual_randomness_is_the_seeds_philox_stream) {
  const TemporaryFolder folder;
  WasiMachine machine(folder.path());
  core::PhiloxStream words(7);
  const std::uint32_t first = words.next_u32();
  const std::uint32_t second = words.next_u32();
  EXPECT_EQ(machine.call("random_get", {8, 3}), success);
  EXPECT_EQ(machine.call("random_get", {11, 5}), success);
  EXPECT_EQ(machine.u32(8), first);
  EXPECT_EQ(machine.u32(12), second);
}

TEST(Wasi, the_real_clock_and_randomness_answer) {
  auto world = tools::wasi::make_world({});
  ASSERT_TRUE(world.has_value());
  const auto before = world->clock->now(ClockId::monotonic);
  world->clock->sleep(2'000'000);
  const auto after = world->clock->now(ClockId::monotonic);
  EXPECT_GE(*after - *before, 2'000'000U);
  EXPECT_GT(*world->clock->now(ClockId::realtime), VirtualClock::start_ns);
  EXPECT_GT(*world->clock->resolution(ClockId::realtime), 0U);
  std::vector<std::uint8_t> bytes(64);
  ASSERT_TRUE(world->randomness->fill(bytes).has_value());
  EXPECT_NE(bytes, std::vector<std::uint8_t>(64));
}

/// A subscription to a clock at 0x200 + 48 * index.
void subscribe(WasiMachine& machine, std::uint32_t index, std::uint64_t user, std::uint8_t kind,
               std::uint32_t clock, std::uint64_t timeout, std::uint16_t flags) {
  core::ByteWriter fields;
  fields.u64(user).u64(kind).u32(clock).u32(0).u64(timeout).u64(0).u16(flags);
  machine.put(0x200 + 48 * index, core::as_text(fields.bytes()));
}

TEST(Wasi, polling_waits_for_the_first_clock) {
  const TemporaryFolder folder;
  WasiMachine machine(folder.path());
  subscribe(machine, 0, 11, 0, 1, 9'000'000'000, 0);
  subscribe(machine, 1, 12, 0, 1, 5'000'000'000, 0);
  EXPECT_EQ(machine.call("poll_oneoff", {0x200, 0x400, 2, 0x80}), success);
  EXPECT_EQ(machine.u32(0x80), 1U);
  EXPECT_EQ(machine.u64(0x400), 12U);
  EXPECT_EQ(machine.u64(0x408), 0U);  // no error, a clock
  EXPECT_EQ(machine.call("clock_time_get", {1, 0, 8}), success);
  EXPECT_EQ(machine.u64(8), 5'001'000'000U);
  // The absolute time is already past.
  subscribe(machine, 0, 13, 0, 1, 1, 1);
  EXPECT_EQ(machine.call("poll_oneoff", {0x200, 0x400, 1, 0x80}), success);
  EXPECT_EQ(machine.u64(0x400), 13U);
}

TEST(Wasi, streams_are_ready_at_once_in_a_virtual_world) {
  const TemporaryFolder folder;
  WasiMachine machine(folder.path());
  subscribe(machine, 0, 21, 1, 0, 0, 0);              // input
  subscribe(machine, 1, 22, 2, 1, 0, 0);              // output
  subscribe(machine, 2, 23, 0, 1, 5'000'000'000, 0);  // not waited for
  subscribe(machine, 3, 24, 1, 1, 0, 0);              // cannot be read
  subscribe(machine, 4, 25, 2, 9, 0, 0);              // is not open
  EXPECT_EQ(machine.call("poll_oneoff", {0x200, 0x400, 5, 0x80}), success);
  EXPECT_EQ(machine.u32(0x80), 4U);
  constexpr std::uint64_t to_read = 1U << 16;
  constexpr std::uint64_t to_write = 2U << 16;
  const std::array<std::array<std::uint64_t, 3>, 4> events = {
      {{21, to_read, 1},
       {22, to_write, 1},
       {24, to_read + number(Errno::bad_descriptor), 0},
       {25, to_write + number(Errno::bad_descriptor), 0}}};
  for (std::uint32_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(machine.u64(0x400 + 32 * i), events[i][0]);
    EXPECT_EQ(machine.u64(0x408 + 32 * i), events[i][1]);
    EXPECT_EQ(machine.u64(0x410 + 32 * i), events[i][2]);
  }
  EXPECT_EQ(machine.call("clock_time_get", {1, 0, 8}), success);
  EXPECT_EQ(machine.u64(8), 1'000'000U);
  subscribe(machine, 0, 21, 3, 0, 0, 0);
  EXPECT_EQ(machine.call("poll_oneoff", {0x200, 0x400, 1, 0x80}), number(Errno::invalid));
  EXPECT_EQ(machine.call("poll_oneoff", {0x200, 0x400, 0, 0x80}), number(Errno::invalid));
  EXPECT_EQ(machine.call("poll_oneoff", {0x200, 0x400, 5000, 0x80}), number(Errno::invalid));
}

TEST(Wasi, streams_are_read_and_written_through_lists_of_buffers) {
  const TemporaryFolder folder;
  WasiMachine machine(folder.path());
  machine.input = "abcdefg";
  for (const std::uint32_t value : {0x300U, 3U, 0x310U, 2U}) {
    static std::uint32_t place = 0x40;
    machine.put_u32(place, value);
    place += 4;
  }
  EXPECT_EQ(machine.call("fd_read", {0, 0x40, 2, 0x80}), success);
  EXPECT_EQ(machine.u32(0x80), 5U);
  EXPECT_EQ(machine.text(0x300, 3) + machine.text(0x310, 2), "abcde");
  EXPECT_EQ(machine.call("fd_write", {1, 0x40, 2, 0x80}), success);
  EXPECT_EQ(machine.call("fd_write", {2, 0x40, 1, 0x80}), success);
  EXPECT_EQ(machine.output, "abcde");
  EXPECT_EQ(machine.error, "abc");
  EXPECT_EQ(machine.call("fd_read", {0, 0x40, 2, 0x80}), success);
  EXPECT_EQ(machine.u32(0x80), 2U);
  EXPECT_EQ(machine.call("fd_read", {0, 0x40, 2, 0x80}), success);
  EXPECT_EQ(machine.u32(0x80), 0U);
  EXPECT_EQ(machine.call("fd_read", {1, 0x40, 2, 0x80}), number(Errno::bad_descriptor));
  EXPECT_EQ(machine.call("fd_write", {0, 0x40, 2, 0x80}), number(Errno::bad_descriptor));
  EXPECT_EQ(machine.call("fd_read", {0, 0x40, 1025, 0x80}), number(Errno::invalid));
}

TEST(Wasi, streams_have_no_positions_and_are_no_terminals) {
  const TemporaryFolder folder;
  WasiMachine machine(folder.path());
  EXPECT_EQ(machine.call("fd_seek", {1, 0, 0, 0x80}), number(Errno::not_seekable));
  EXPECT_EQ(machine.call("fd_tell", {1, 0x80}), number(Errno::not_seekable));
  EXPECT_EQ(machine.call("fd_pread", {0, 0x40, 0, 0, 0x80}), number(Errno::not_seekable));
  EXPECT_EQ(machine.call("fd_fdstat_get", {1, 0x80}), success);
  EXPECT_EQ(machine.memory()[0x80], 0);
  EXPECT_EQ(machine.u64(0x88) & 0x24U, 0U);  // neither seek nor tell
  EXPECT_EQ(machine.call("fd_fdstat_set_flags", {0, 4}), number(Errno::not_supported));
  EXPECT_EQ(machine.call("fd_filestat_get", {0, 0x80}), success);
  EXPECT_EQ(machine.u64(0x88), 0U);
  EXPECT_EQ(machine.call("fd_close", {0}), success);
  EXPECT_EQ(machine.call("fd_close", {0}), number(Errno::bad_descriptor));
}

TEST(Wasi, exit_ends_the_program_with_its_code) {
  const TemporaryFolder folder;
  WasiMachine machine(folder.path());
  EXPECT_EQ(machine.wasi->exit_code(), std::nullopt);
  EXPECT_EQ(machine.call_for_trap("proc_exit", {42}), Trap::exit);
  EXPECT_EQ(machine.wasi->exit_code(), 42U);
}

TEST(Wasi, functions_that_are_not_there_say_so) {
  const TemporaryFolder folder;
  WasiMachine machine(folder.path());
  EXPECT_EQ(machine.call("proc_raise", {9}), number(Errno::not_implemented));
  EXPECT_EQ(machine.call("sched_yield", {}), success);
}

TEST(Wasi, nothing_is_a_socket) {
  const TemporaryFolder folder;
  WasiMachine machine(folder.path());
  for (const auto& [name, parameters] : {std::pair<const char*, std::size_t>{"sock_accept", 3},
                                         {"sock_recv", 6},
                                         {"sock_send", 5},
                                         {"sock_shutdown", 2}}) {
    std::vector<Slot> arguments(parameters);
    EXPECT_EQ(machine.call(name, arguments), number(Errno::not_socket));
    arguments[0] = 9;
    EXPECT_EQ(machine.call(name, arguments), number(Errno::bad_descriptor));
  }
}

TEST(Wasi, streams_have_no_sizes_and_times) {
  const TemporaryFolder folder;
  WasiMachine machine(folder.path());
  EXPECT_EQ(machine.call("fd_filestat_set_size", {1, 0}), number(Errno::invalid));
  EXPECT_EQ(machine.call("fd_filestat_set_times", {1, 0, 0, 2}), number(Errno::invalid));
  EXPECT_EQ(machine.call("fd_allocate", {1, 0, 1}), number(Errno::not_seekable));
  EXPECT_EQ(machine.call("fd_advise", {1, 0, 1, 0}), number(Errno::not_seekable));
  EXPECT_EQ(machine.call("fd_datasync", {1}), success);
}

TEST(Wasi, rights_are_only_given_up) {
  const TemporaryFolder folder;
  folder.write("a", "x");
  WasiMachine machine(folder.path());
  const std::uint32_t not_capable = number(Errno::not_capable);
  EXPECT_EQ(machine.call("fd_fdstat_set_rights", {1, rights_all, 0}), not_capable);  // no seeking
  EXPECT_EQ(machine.call("fd_fdstat_set_rights", {1, 0, 1}), not_capable);
  EXPECT_EQ(machine.call("fd_fdstat_set_rights", {1, 0, 0}), success);
  EXPECT_EQ(machine.call("fd_write", {1, 0x40, 0, 0x48}), number(Errno::bad_descriptor));
  EXPECT_EQ(machine.call("fd_fdstat_set_rights", {9, 0, 0}), number(Errno::bad_descriptor));
  // What is opened in a folder has no more rights than the folder gives.
  const std::uint64_t inner = rights_all & ~rights_to_write;
  EXPECT_EQ(machine.call("fd_fdstat_set_rights", {3, 0, inner}), success);
  ASSERT_EQ(machine.open("a", 0, true), success);
  EXPECT_EQ(machine.call("fd_write", {4, 0x40, 0, 0x48}), number(Errno::bad_descriptor));
  EXPECT_EQ(machine.call("fd_fdstat_get", {4, 0x100}), success);
  EXPECT_EQ(machine.u64(0x108), inner);
  EXPECT_EQ(machine.u64(0x110), 0U);
  EXPECT_EQ(machine.call("fd_fdstat_get", {3, 0x100}), success);
  EXPECT_EQ(machine.u64(0x108), 0U);
  EXPECT_EQ(machine.u64(0x110), inner);
}

TEST(Wasi, pointers_out_of_the_memory_are_faults_and_change_nothing) {
  const TemporaryFolder folder;
  WasiMachine machine(folder.path(), {{"prog"}, {}});
  machine.input = "abc";
  const std::uint32_t fault = number(Errno::fault);
  EXPECT_EQ(machine.call("args_get", {0xFFFF, 0}), fault);
  EXPECT_EQ(machine.call("args_sizes_get", {0, 0xFFFFFFFF}), fault);
  EXPECT_EQ(machine.call("random_get", {0xFFFF, 2}), fault);
  EXPECT_EQ(machine.call("clock_time_get", {0, 0, 65529}), fault);
  EXPECT_EQ(machine.call("fd_read", {0, 65530, 1, 0x80}), fault);
  machine.put_u32(0x40, 65535);
  machine.put_u32(0x44, 2);
  EXPECT_EQ(machine.call("fd_read", {0, 0x40, 1, 0x80}), fault);
  machine.put_u32(0x40, 0x300);
  EXPECT_EQ(machine.call("fd_read", {0, 0x40, 1, 65533}), fault);
  EXPECT_EQ(machine.input, "abc");
  EXPECT_EQ(machine.call("path_unlink_file", {3, 65535, 2}), fault);
  EXPECT_EQ(machine.call("path_symlink", {65535, 2, 3, 0x41, 1}), fault);
  EXPECT_EQ(machine.call("path_symlink", {0x41, 1, 3, 65535, 2}), fault);
  EXPECT_EQ(machine.call("path_link", {3, 0, 65535, 2, 3, 0x41, 1}), fault);
  EXPECT_EQ(machine.call("path_readlink", {3, 0x41, 1, 65535, 2, 0x80}), fault);
  EXPECT_EQ(machine.call("path_readlink", {3, 0x41, 1, 0, 2, 65533}), fault);
  EXPECT_EQ(machine.call("poll_oneoff", {0x200, 65535, 1, 0x80}), fault);
  for (const trace::HostCallRecord& record : machine.records) {
    if (record.results[0] == fault) {
      EXPECT_TRUE(record.writes.size() <= 1);
    }
  }
}

/// A subscription of the preview before.
void subscribe_older(WasiMachine& machine, std::uint32_t index, std::uint64_t user,
                     std::uint64_t kind, std::uint32_t subject, std::uint64_t timeout) {
  core::ByteWriter fields;
  fields.u64(user).u64(kind);
  if (kind == 0) fields.u64(0xC10C);
  fields.u32(subject).u32(0).u64(timeout).u64(0).u16(0);
  machine.put(0x200 + 56 * index, core::as_text(fields.bytes()));
}

TEST(Wasi, the_preview_before_has_other_numbers_and_structures) {
  const TemporaryFolder folder;
  folder.write("a", "abcdef");
  WasiMachine machine(folder.path(), {}, Wasi::older_module_name);
  ASSERT_EQ(machine.open("a"), success);
  // From the position, from the end, from the start.
  EXPECT_EQ(machine.call("fd_seek", {4, std::uint64_t(-1), 1, 0x80}), success);
  EXPECT_EQ(machine.u64(0x80), 5U);
  EXPECT_EQ(machine.call("fd_seek", {4, std::uint64_t(-2), 0, 0x80}), success);
  EXPECT_EQ(machine.u64(0x80), 3U);
  EXPECT_EQ(machine.call("fd_seek", {4, 2, 2, 0x80}), success);
  EXPECT_EQ(machine.u64(0x80), 2U);
  EXPECT_EQ(machine.call("fd_seek", {4, 0, 3, 0x80}), number(Errno::invalid));
  // 56 bytes, links of 32 bits.
  machine.put(0x100, std::string(64, '?'));
  EXPECT_EQ(machine.call("fd_filestat_get", {4, 0x100}), success);
  EXPECT_EQ(machine.u64(0x110), 4U + (std::uint64_t{1} << 32));
  EXPECT_EQ(machine.u64(0x118), 6U);
  EXPECT_EQ(machine.u64(0x130), 0U);
  EXPECT_EQ(machine.text(0x138, 2), "??");
  // Subscriptions of 56 bytes; events as they are.
  subscribe_older(machine, 0, 21, 1, 0, 0);
  subscribe_older(machine, 1, 22, 0, 1, 5'000'000'000);
  subscribe_older(machine, 2, 23, 2, 1, 0);
  EXPECT_EQ(machine.call("poll_oneoff", {0x200, 0x400, 3, 0x80}), success);
  EXPECT_EQ(machine.u32(0x80), 2U);
  EXPECT_EQ(machine.u64(0x400), 21U);
  EXPECT_EQ(machine.u64(0x420), 23U);
  subscribe_older(machine, 0, 24, 0, 1, 5'000'000'000);
  EXPECT_EQ(machine.call("poll_oneoff", {0x200, 0x400, 1, 0x80}), success);
  EXPECT_EQ(machine.call("clock_time_get", {1, 0, 8}), success);
  EXPECT_EQ(machine.u64(8), 5'001'000'000U);
}

TEST(Wasi, imports_of_another_type_or_name_do_not_link) {
  const TemporaryFolder folder;
  struct Case {
    std::string_view module;
    std::string name;
    std::vector<ValueType> parameters;
  };
  for (const auto& [preview, name, parameters] :
       {Case{Wasi::module_name, "fd_close", {i64}}, Case{Wasi::module_name, "fd_shut", {i32}},
        Case{Wasi::older_module_name, "sock_accept", {i32, i32, i32}},
        Case{"wasi_snapshot_preview2", "fd_close", {i32}}}) {
    SCOPED_TRACE(name);
    Store store;
    ModuleBuilder builder;
    const std::uint32_t type = builder.add_type({parameters, {i32}});
    const auto module = load_module(
        builder.add_import(std::string(preview), name, ExternKind::function, unsigned_leb(type))
            .bytes(),
        Edition::v2);
    Wasi wasi({}, *tools::wasi::make_world({}));
    HostLibrary* const libraries[] = {&wasi};
    const auto linked = link_host(store, *module, libraries);
    ASSERT_FALSE(linked.has_value());
    EXPECT_EQ(linked.error().code, RefusalCode::wasm_unlinkable);
    EXPECT_EQ(linked.error().where.rfind("byte ", 0), 0U);
  }
}

TEST(Wasi, imports_that_are_no_functions_do_not_link) {
  Store store;
  const auto module = load_module(
      ModuleBuilder().add_import("any", "memory", ExternKind::memory, Bytes{0, 1}).bytes(),
      Edition::v2);
  const auto linked = link_host(store, *module, {});
  ASSERT_FALSE(linked.has_value());
  EXPECT_EQ(linked.error().code, RefusalCode::wasm_unlinkable);
}

}  // namespace
}  // namespace isotrace::wasm::wasi::tests
