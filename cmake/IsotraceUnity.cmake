# isotrace_unity(): with ISOTRACE_UNITY, the sources of a target are compiled in batches, which parses the headers
# once for all of them. tools/dev/make_batches.py chooses files that cannot disturb one another; files with flags
# of their own (instruction sets, rounding) stay alone. Called when all targets are there.
# Batches are right for the sources as they were when CMake ran: a new name that collides is a compile error, which
# configuring again mends.
option(ISOTRACE_UNITY "Compile sources in batches: for whole builds, not for daily work" OFF)
set(ISOTRACE_UNITY_SIZE 8 CACHE STRING "Most sources of a batch")

if(ISOTRACE_UNITY)
  find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
  # gcc takes the files of a batch for headers, in which anonymous namespaces would be a mistake. Warnings that
  # depend on what is inlined where are settled file by file.
  target_compile_options(isotrace_flags INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage;-Wno-error=maybe-uninitialized;-Wno-error=array-bounds;-Wno-error=stringop-overflow>)
endif()

# Lines `DIRECTORY;TARGET;FILE` of the target's sources that have no flags of their own.
function(isotrace_unity_sources directory target variable)
  get_target_property(type ${target} TYPE)
  get_target_property(unity ${target} UNITY_BUILD)
  if(NOT type MATCHES "^(STATIC_LIBRARY|EXECUTABLE)$" OR unity STREQUAL "OFF")
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources INCLUDE REGEX "^[^$]*\\.cpp$")
  set(found "")
  foreach(source IN LISTS sources)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${directory} NORMALIZE)
    set(own_flags "")
    foreach(property COMPILE_OPTIONS COMPILE_DEFINITIONS GENERATED)
      get_source_file_property(value ${source} DIRECTORY ${directory} ${property})
      if(value)
        list(APPEND own_flags ${property})
      endif()
    endforeach()
    if(NOT own_flags)
      string(APPEND found "${directory};${target};${source}\n")
    endif()
  endforeach()
  set(${variable} "${${variable}}${found}" PARENT_SCOPE)
endfunction()

function(isotrace_unity)
  if(NOT ISOTRACE_UNITY)
    return()
  endif()
  set(lines "")
  set(folders ${PROJECT_SOURCE_DIR})
  while(folders)
    list(POP_FRONT folders folder)
    get_property(inner DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
    list(APPEND folders ${inner})
    get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
    foreach(target IN LISTS targets)
      isotrace_unity_sources(${folder} ${target} lines)
    endforeach()
  endwhile()
  file(WRITE ${PROJECT_BINARY_DIR}/unity/sources.txt "${lines}")
  execute_process(COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/dev/make_batches.py
    ${ISOTRACE_UNITY_SIZE} ${PROJECT_BINARY_DIR}/unity/sources.txt ${PROJECT_BINARY_DIR}/unity/batches.cmake
    OUTPUT_VARIABLE said OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  include(${PROJECT_BINARY_DIR}/unity/batches.cmake)
  message(STATUS "Batches: ${said}")
endfunction()
