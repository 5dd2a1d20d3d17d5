// A driver's library for the test of what drivers report (driver_test.cpp). It computes nothing:
// the memory that it gives is the host's, and every launch is an error unless a test asks for a
// list of them. As with a driver, threads that have not taken the device get error 201. What a
// function returns, a test may say (fakeSet).
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace {

struct Plan {
  std::string function;  ///< that returns
  int status = 0;        ///< this
  int calls = 0;         ///< of all functions
};
Plan& plan() {
  static Plan the_plan;
  return the_plan;
}

thread_local bool has_device = false;

/// What this function is to return; 0: what it does by itself.
int planned(const char* function) {
  ++plan().calls;
  return plan().function == function ? plan().status : 0;
}

/// The same for what a thread does with its device.
int planned_on_device(const char* function) {
  const int status = planned(function);
  return has_device ? status : 201;
}

int choose() {
  const int status = planned("choose");
  has_device = status == 0;
  return status;
}

struct Launch {
  unsigned grid[3];
  std::uint32_t origin[2];
};
std::vector<Launch>& launches() {
  static std::vector<Launch> all;
  return all;
}

std::map<std::uint64_t, std::size_t>& sizes() {
  static std::map<std::uint64_t, std::size_t> of_addresses;
  return of_addresses;
}

std::size_t in_use() {
  std::size_t sum = 0;
  for (const auto& [address, size] : sizes()) sum += size;
  return sum;
}

}  // namespace

extern "C" {
void fakeSet(const char* function, int status) {
  plan() = {function, status, 0};
  launches().clear();
}
std::size_t fakeInUse() { return in_use(); }
int fakeLaunches(void* to, std::size_t most) {
  const std::size_t count = launches().size() < most ? launches().size() : most;
  std::memcpy(to, launches().data(), count * sizeof(Launch));
  return static_cast<int>(launches().size());
}
int fakeCalls() { return plan().calls; }

int fakeInit(unsigned) { return planned("init"); }
int fakeCount(int* count) {
  *count = 1;
  return planned("count");
}
int fakeRetain(void** context, int) {
  *context = &plan();
  return planned("retain");
}
int fakeChooseContext(void*) { return choose(); }
int fakeAttribute(int* value, int attribute, int) {
  *value = attribute;
  return 0;
}
int fakeCountNone(int* count) {
  *count = 0;
  return 0;
}
int fakeName(char* name, int size, int) {
  std::strncpy(name, "a fake", static_cast<std::size_t>(size));
  return 0;
}
int fakeVersion(int* version) {
  *version = 7;
  return 0;
}
int fakeAllocate(std::uint64_t* address, std::size_t bytes) {
  if (const int status = planned_on_device("allocate")) return status;
  if (in_use() + bytes > 1U << 20) return 2;  // out of memory
  *address = reinterpret_cast<std::uint64_t>(std::malloc(bytes));
  sizes()[*address] = bytes;
  return 0;
}
int fakeRelease(std::uint64_t address) {
  if (const int status = planned_on_device("release")) return status;
  sizes().erase(address);
  std::free(reinterpret_cast<void*>(address));
  return 0;
}
int fakeToDevice(std::uint64_t to, const void* from, std::size_t bytes) {
  if (const int status = planned_on_device("upload")) return status;
  std::memcpy(reinterpret_cast<void*>(to), from, bytes);
  return 0;
}
int fakeToHost(void*, std::uint64_t, std::size_t) {
  const int status = planned_on_device("download");
  return status != 0 ? status : 719;  // launch failed
}
/// A driver that needs memory for what it is asked has some as long as programs hold little.
bool is_crowded() { return plan().function == "crowded" && in_use() > 4096; }

int fakeLoad(void** module, const void* image) {
  *module = nullptr;
  if (const int status = planned_on_device("load")) return status;
  switch (*static_cast<const char*>(image)) {
    case 'g': return 0;
    case 'n': return 222;  // newer than this driver
    default: return 209;   // no binary for this device
  }
}
int fakeFind(void** function, void*, const char* name) {
  *function = nullptr;
  if (const int status = planned_on_device("find")) return status;
  if (is_crowded()) return 2;                                // out of memory
  return std::strcmp(name, "map_unary_f32") == 0 ? 0 : 500;  // not found
}
int fakeLaunch(void*, unsigned x, unsigned y, unsigned z, unsigned, unsigned, unsigned, unsigned,
               void*, void** parameters, void**) {
  const int status = planned_on_device("launch");
  if (status != 0) return status;
  if (is_crowded()) return 2;
  if (plan().function != "a list" && plan().function != "crowded") return 700;  // illegal address
  if (x == 0 || y == 0 || z == 0 || y > 0xFFFF || z > 0xFFFF) return 1;         // invalid value
  Launch launch{{x, y, z}, {}};
  std::memcpy(launch.origin, parameters[1], sizeof(launch.origin));
  launches().push_back(launch);
  return 0;
}
int fakeEvent(void** event, unsigned) {
  static int events = 0;
  *event = &events;
  return planned_on_device("event");
}
int fakeRecord(void*, void*) { return planned_on_device("record"); }
int fakeWait(void*) { return planned_on_device("wait"); }
int fakeDistance(float* milliseconds, void*, void*) {
  *milliseconds = 2;
  return planned_on_device("distance");
}
int fakeChoose(int) { return choose(); }
}
