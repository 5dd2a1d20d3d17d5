// Whatever arguments a program gives to WASI: it gets an errno, only its own memory and folder
// change, and the log has every byte that changed.
#include <algorithm>

#include "tests/support/mutate.hpp"
#include "tests/wasm/wasi/wasi_machine.hpp"

namespace isotrace::wasm::wasi::tests {
namespace {

constexpr std::uint32_t errno_last = 76;

/// Numbers near places, sizes, descriptors and ends of ranges, or any.
Slot random_argument(core::PhiloxStream& random, ValueType type) {
  const std::uint64_t any = random.next_u64();
  Slot value = any;
  switch (random.next_below(6)) {
    case 0: value = any % 8; break;
    case 1: value = any % 1024; break;
    case 2: value = any % 65536; break;
    case 3: value = 65536 - any % 16; break;
    case 4: value = 0 - any % 16; break;
    default: break;
  }
  return type == i32 ? value & UINT32_MAX : value;
}

/// Lists of buffers, paths and subscriptions that mean something now and then.
void scribble(WasiMachine& machine, core::PhiloxStream& random) {
  const std::span<std::uint8_t> memory = machine.memory();
  for (int i = 0; i < 8; ++i) {
    const auto place = static_cast<std::uint32_t>(random.next_below(1024));
    switch (random.next_below(3)) {
      case 0: machine.put_u32(place, static_cast<std::uint32_t>(random.next_below(70000))); break;
      case 1: machine.put(place, std::string("a/../../b").substr(random.next_below(9))); break;
      default: memory[place] = static_cast<std::uint8_t>(random.next_u32()); break;
    }
  }
}

/// One call with such arguments; whether it succeeded.
bool call_at_random(WasiMachine& machine, Address function, core::PhiloxStream& random) {
  std::vector<Slot> arguments;
  for (const ValueType parameter : machine.store.type_of(function).parameters) {
    arguments.push_back(random_argument(random, parameter));
  }
  core::Bytes expected(machine.memory().begin(), machine.memory().end());
  Slot result = 0;
  EXPECT_EQ(call_host(machine.store, 0, function, arguments, {&result, 1}), Trap::none);
  EXPECT_LE(result, errno_last);
  for (const trace::HostWrite& write : machine.records.back().writes) {
    std::ranges::copy(write.bytes, expected.begin() + static_cast<std::ptrdiff_t>(write.address));
  }
  EXPECT_TRUE(std::ranges::equal(expected, machine.memory()));
  return result == 0;
}

TEST(WasiMutation, any_arguments_get_an_errno_and_every_write_is_recorded) {
  const TemporaryFolder home;
  home.write("beside", "untouched");
  std::filesystem::create_directory(home.path() / "folder");
  core::PhiloxStream random(71);
  std::optional<WasiMachine> machine;
  std::map<Address, std::size_t> succeeded;
  for (std::size_t i = 0; i < isotrace::tests::mutant_count(); ++i) {
    if (i % 200 == 0) {  // soon everything is closed
      machine.emplace(home.path() / "folder", Settings{{"prog", "argument"}, {"NAME=value"}});
      machine->input = std::string(1000, 'i');
    }
    if (i % 4 == 0) scribble(*machine, random);
    const auto function = static_cast<Address>(random.next_below(machine->store.functions.size()));
    if (function == wasi_address("proc_exit")) continue;
    if (call_at_random(*machine, function, random)) ++succeeded[function];
    ASSERT_FALSE(HasFailure()) << "call " << i;
  }
  std::cout << succeeded.size() << " functions succeeded at least once\n";
  EXPECT_GE(succeeded.size(), 15U);
  EXPECT_EQ(home.read("beside"), "untouched");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(home.path()), {}), 2);
}

}  // namespace
}  // namespace isotrace::wasm::wasi::tests
