# Tests that run what hipcc made of the kernels, without a device (gcn_machine.hpp).
find_program(ISOTRACE_llvm_objdump NAMES llvm-objdump llvm-objdump-15
  HINTS /opt/rocm/llvm/bin /usr/lib/llvm-15/bin)

# Files with the code of every family for an architecture, as text.
function(isotrace_amd_listings architecture out)
  list(TRANSFORM ISOTRACE_GPU_FAMILIES PREPEND ${PROJECT_BINARY_DIR}/gpu/listings/ OUTPUT_VARIABLE files)
  list(TRANSFORM files APPEND .${architecture})
  set(${out} ${files} PARENT_SCOPE)
endfunction()

# The machine, and what it runs, where hipcc and a disassembler are.
function(isotrace_amd_machine)
  if(NOT TARGET isotrace_amd_code OR NOT ISOTRACE_llvm_objdump)
    return()
  endif()
  add_library(gcn_machine MODULE gcn_code.cpp gcn_compare.cpp gcn_launch.cpp gcn_memory.cpp gcn_scalar.cpp gcn_vector.cpp
    gcn_driver.cpp)
  target_link_libraries(gcn_machine PRIVATE isotrace_flags)
  target_include_directories(gcn_machine PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(gcn_machine PRIVATE -O2 -mfma -Wno-conversion -Wno-pedantic)
  # Named as HIP's, and found where a test says: it stands in for it, too.
  set_target_properties(gcn_machine PROPERTIES OUTPUT_NAME amdhip64 SUFFIX .so.5
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/gcn_machine)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/gpu/listings)
  set(all)
  foreach(architecture IN LISTS ISOTRACE_HIP_ARCHITECTURES)
    isotrace_amd_listings(${architecture} listings)
    foreach(family listing IN ZIP_LISTS ISOTRACE_GPU_FAMILIES listings)
      add_custom_command(OUTPUT ${listing}
        COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/amd_listing.py ${listing}
                ${PROJECT_BINARY_DIR}/gpu/${family}.hsaco ${architecture} ${ISOTRACE_llvm_objdump}
        DEPENDS amd_listing.py amd_code.py ${PROJECT_BINARY_DIR}/gpu/${family}.hsaco VERBATIM)
      list(APPEND all ${listing})
    endforeach()
  endforeach()
  add_custom_target(isotrace_amd_listings DEPENDS ${all})
  add_dependencies(isotrace_amd_listings isotrace_amd_code)
endfunction()

# gpu.gcn_has_the_WHAT (gfx90a) and gpu.rdna_has_the_WHAT (gfx1030): tests of a program, on the machine.
function(isotrace_amd_tests what program filter)
  if(TARGET gcn_machine)
    add_dependencies(${program} isotrace_amd_listings gcn_machine)
  endif()
  foreach(name architecture IN ZIP_LISTS ISOTRACE_HIP_NAMES ISOTRACE_HIP_ARCHITECTURES)
    set(name gpu.${name}_has_the_${what})
    if(TARGET gcn_machine)
      isotrace_amd_listings(${architecture} listings)
      list(JOIN listings : listings)
      add_test(NAME ${name} COMMAND ${program} --gtest_filter=${filter})
      set_tests_properties(${name} PROPERTIES
        ENVIRONMENT "ISOTRACE_DEVICE_KERNELS=$<TARGET_FILE:gcn_machine>;ISOTRACE_GCN_LISTINGS=${listings}")
    else()
      add_test(NAME ${name} COMMAND sh -c "echo 'NOT RUN: ${program} on code for ${architecture}, for want of hipcc or llvm-objdump'; exit 77")
      set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
    endif()
  endforeach()
endfunction()
