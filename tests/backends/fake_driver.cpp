// A driver's library for the test of what drivers report (driver_test.cpp). It computes nothing:
// the memory that it gives is the host's, and every launch is an error.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>

namespace {

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
int fakeInit(unsigned) { return 0; }
int fakeCount(int* count) {
  *count = 1;
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
  if (in_use() + bytes > 1U << 20) return 2;  // out of memory
  *address = reinterpret_cast<std::uint64_t>(std::malloc(bytes));
  sizes()[*address] = bytes;
  return 0;
}
int fakeRelease(std::uint64_t address) {
  sizes().erase(address);
  std::free(reinterpret_cast<void*>(address));
  return 0;
}
int fakeToDevice(std::uint64_t to, const void* from, std::size_t bytes) {
  std::memcpy(reinterpret_cast<void*>(to), from, bytes);
  return 0;
}
int fakeToHost(void*, std::uint64_t, std::size_t) { return 719; }  // launch failed
int fakeLoad(void** module, const void* image) {
  *module = nullptr;
  switch (*static_cast<const char*>(image)) {
    case 'g': return 0;
    case 'n': return 222;  // newer than this driver
    default: return 209;   // no binary for this device
  }
}
int fakeFind(void** function, void*, const char* name) {
  *function = nullptr;
  return std::strcmp(name, "map_unary_f32") == 0 ? 0 : 500;  // not found
}
int fakeLaunch(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*,
               void**, void**) {
  return 700;  // illegal address
}
int fakeEvent(void** event, unsigned) {
  static int events = 0;
  *event = &events;
  return 0;
}
int fakeRecord(void*, void*) { return 0; }
int fakeWait(void*) { return 0; }
int fakeDistance(float* milliseconds, void*, void*) {
  *milliseconds = 2;
  return 0;
}
int fakeChoose(int) { return 0; }
}
