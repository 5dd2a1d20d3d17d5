#include <isotrace/backends/backend.hpp>

#include <gtest/gtest.h>

#include <isotrace/backends/cpu/isa.hpp>

namespace isotrace::backends {
namespace {

using core::RefusalCode;

TEST(Catalog, lists_the_backends_in_order_and_makes_each) {
  EXPECT_EQ(backend_names(), (std::vector<std::string>{"reference", "cpu", "cuda", "hip"}));
  for (const char* name : {"reference", "cpu"}) {
    const auto backend = make_backend(name, {});
    ASSERT_TRUE(backend) << core::describe(backend.error());
    EXPECT_EQ((*backend)->info().name, name);
    EXPECT_EQ((*backend)->info().state, BackendState::available);
  }
}

TEST(Catalog, says_what_the_cpu_backend_runs_on) {
  const auto backend = make_backend("cpu", {.threads = 3, .isa = "avx2"});
  ASSERT_TRUE(backend);
  EXPECT_EQ((*backend)->info().device, "x86-64 avx2, bytes on AVX2, 3 threads");
}

TEST(Catalog, refuses_a_name_it_does_not_have_as_backend_unknown) {
  for (const char* name : {"", "CPU", "CUDA", "plugin"}) {
    EXPECT_EQ(make_backend(name, {}).error().code, RefusalCode::backend_unknown) << name;
  }
}

TEST(Catalog, refuses_an_instruction_set_it_does_not_have_as_backend_unknown) {
  EXPECT_EQ(make_backend("cpu", {.threads = 1, .isa = "neon"}).error().code,
            RefusalCode::backend_unknown);
  EXPECT_EQ(make_backend("reference", {.threads = 1, .isa = "avx2"}).error().code,
            RefusalCode::backend_unknown);
}

TEST(Catalog, refuses_a_device_that_is_not_there_as_device_absent) {
  for (const char* name : {"cuda", "hip"}) {
    const auto backend = make_backend(name, {});
    if (backend) {
      EXPECT_EQ((*backend)->info().name, name);
      EXPECT_FALSE((*backend)->info().device.empty());
    } else {
      EXPECT_EQ(backend.error().code, RefusalCode::device_absent);
      EXPECT_FALSE(backend.error().detail.empty());
    }
    EXPECT_EQ(make_backend(name, {.threads = 1, .isa = "avx2"}).error().code,
              RefusalCode::backend_unknown);
  }
}

TEST(Catalog, refuses_no_threads_as_value_out_of_range) {
  EXPECT_EQ(make_backend("cpu", {.threads = 0, .isa = ""}).error().code,
            RefusalCode::value_out_of_range);
}

TEST(Isa, the_best_present_set_is_chosen) {
  EXPECT_EQ(cpu::choose_isa("", {.avx2 = true, .avx512 = true}), cpu::Isa::avx512);
  EXPECT_EQ(cpu::choose_isa("", {.avx2 = true, .avx512 = false}), cpu::Isa::avx2);
}

TEST(Isa, a_named_set_is_used_even_if_a_better_one_is_present) {
  EXPECT_EQ(cpu::choose_isa("avx2", {.avx2 = true, .avx512 = true}), cpu::Isa::avx2);
}

TEST(Isa, a_set_that_the_processor_lacks_is_refused_as_device_absent) {
  EXPECT_EQ(cpu::choose_isa("avx512", {.avx2 = true, .avx512 = false}).error().code,
            RefusalCode::device_absent);
  EXPECT_EQ(cpu::choose_isa("avx2", {}).error().code, RefusalCode::device_absent);
  EXPECT_EQ(cpu::choose_isa("", {}).error().code, RefusalCode::device_absent);
}

}  // namespace
}  // namespace isotrace::backends
