# isotrace_library(NAME HEADERS ... SOURCES ... DEPENDS ...): one static library per room, with the flags
# that the numeric semantics need and one include spelling, <isotrace/room/file.hpp>, in the tree and after
# installation (build/include/isotrace is a link to the source root).

file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/include)
file(CREATE_LINK ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/include/isotrace SYMBOLIC)

add_library(isotrace_flags INTERFACE)
# Contraction off everywhere: gcc and clang fuse a*b+c by default, which changes bits.
target_compile_options(isotrace_flags INTERFACE -ffp-contract=off -fno-fast-math
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> # gcc 12: false positives (PR 105651)
  $<$<CXX_COMPILER_ID:Clang>:-Wno-unknown-warning-option> # warnings of gcc that single files turn off
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(ISOTRACE_WERROR)
  target_compile_options(isotrace_flags INTERFACE -Werror)
endif()
if(ISOTRACE_SANITIZE)
  target_compile_options(isotrace_flags INTERFACE -fsanitize=address,undefined
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(isotrace_flags INTERFACE -fsanitize=address,undefined)
endif()

if(ISOTRACE_FUZZ)
  # Counters for libFuzzer in every room; its main comes with the targets only.
  target_compile_options(isotrace_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(isotrace_library name)
  cmake_parse_arguments(ROOM "" "" "HEADERS;SOURCES;DEPENDS" ${ARGN})
  add_library(isotrace_${name} STATIC ${ROOM_SOURCES})
  add_library(isotrace::${name} ALIAS isotrace_${name})
  list(TRANSFORM ROOM_HEADERS PREPEND ${PROJECT_BINARY_DIR}/include/isotrace/ OUTPUT_VARIABLE headers)
  target_sources(isotrace_${name} PUBLIC FILE_SET HEADERS
    BASE_DIRS ${PROJECT_BINARY_DIR}/include FILES ${headers})
  target_compile_features(isotrace_${name} PUBLIC cxx_std_20)
  target_link_libraries(isotrace_${name} PUBLIC ${ROOM_DEPENDS} PRIVATE $<BUILD_INTERFACE:isotrace_flags>)
  set_target_properties(isotrace_${name} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  install(TARGETS isotrace_${name} EXPORT isotrace ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endfunction()

# All mutation tests: what `./dev test` builds under the sanitizers.
add_custom_target(mutation_tests)

# isotrace_test(NAME [LABEL ...] SOURCES ... DEPENDS ...): a GoogleTest binary whose cases CTest lists one
# by one. Tests labelled `mutation` are also built and run under the sanitizers.
function(isotrace_test name)
  cmake_parse_arguments(TEST "" "LABEL" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE isotrace_flags isotrace_test_support GTest::gtest_main ${TEST_DEPENDS})
  # What is tested is optimised in its own library; optimising the assertions costs half of the build.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  if(TEST_LABEL STREQUAL "mutation")
    add_dependencies(mutation_tests ${name})
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 600 LABELS "${TEST_LABEL}")
endfunction()

# isotrace_benchmark(NAME SOURCES ... DEPENDS ...): a Google Benchmark binary; never run as a test.
function(isotrace_benchmark name)
  cmake_parse_arguments(BENCHMARK "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${BENCHMARK_SOURCES})
  target_link_libraries(${name} PRIVATE isotrace_flags benchmark::benchmark_main ${BENCHMARK_DEPENDS})
endfunction()
