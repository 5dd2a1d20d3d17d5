// A driver's library for the test of what drivers report (driver_test.cpp). It computes nothing:
// the memory that it gives is the host's, and every launch is an error.
#include <cstdint>
#include <cstdlib>
#include <cstring>

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
  if (bytes > 1U << 20) return 2;  // out of memory
  *address = reinterpret_cast<std::uint64_t>(std::malloc(bytes));
  return 0;
}
int fakeRelease(std::uint64_t address) {
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
  return *static_cast<const char*>(image) == 'g' ? 0 : 209;  // no binary for this device
}
int fakeFind(void** function, void*, const char* name) {
  *function = nullptr;
  return std::strcmp(name, "map_unary") == 0 ? 0 : 500;  // not found
}
int fakeLaunch(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*,
               void**, void**) {
  return 700;  // illegal address
}
int fakeChoose(int) { return 0; }
}
