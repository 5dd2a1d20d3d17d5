# isotrace_gpu_kernels(): device code of backends/gpu for the compilers that are there. ISOTRACE_CUDA and
# ISOTRACE_HIP are AUTO (if the compiler is found), ON (an error without it) or OFF. Without device code the
# backend is there all the same and refuses device_absent.
set(ISOTRACE_CUDA AUTO CACHE STRING "Kernels for CUDA: AUTO, ON or OFF")
set(ISOTRACE_HIP AUTO CACHE STRING "Kernels for HIP: AUTO, ON or OFF")

set(ISOTRACE_GPU_FAMILIES elements functions integers movement products rows wide)
# What makes device code equal to the definition: nothing contracted, nothing flushed, nothing approximate.
set(ISOTRACE_NVCC_FLAGS -std=c++20 -O3 -fmad=false -ftz=false -prec-div=true -prec-sqrt=true
  --expt-relaxed-constexpr -Xcompiler=-ffp-contract=off)
set(ISOTRACE_HIPCC_FLAGS -std=c++20 -O3 -ffp-contract=off -fno-fast-math
  -fhip-fp32-correctly-rounded-divide-sqrt -fno-gpu-flush-denormals-to-zero)
set(ISOTRACE_HIP_ARCHITECTURES gfx90a gfx1030)
set(ISOTRACE_HIP_NAMES gcn rdna)  # of tests

function(isotrace_find_gpu_compiler option product name hints)
  if(${option} STREQUAL "OFF")
    message(STATUS "${product}: off")
    return()
  endif()
  find_program(ISOTRACE_${name} ${name} HINTS ${hints})
  if(ISOTRACE_${name})
    message(STATUS "${product}: kernels compiled by ${ISOTRACE_${name}}")
  elseif(${option} STREQUAL "ON")
    message(FATAL_ERROR "${product}: no ${name}")
  else()
    message(STATUS "${product}: no ${name}; its backend refuses device_absent")
  endif()
endfunction()

# One file of device code per family, made by `command` with the family's definition.
function(isotrace_compile_families folder suffix)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/backends/gpu/kernels/*.hpp
    ${PROJECT_SOURCE_DIR}/backends/gpu/kernels.def ${PROJECT_SOURCE_DIR}/reference/math/*.hpp)
  set(outputs)
  file(MAKE_DIRECTORY ${folder})
  foreach(family IN LISTS ISOTRACE_GPU_FAMILIES)
    string(TOUPPER ${family} upper)
    file(MAKE_DIRECTORY ${folder}/${family})
    add_custom_command(OUTPUT ${folder}/${family}.${suffix}
      WORKING_DIRECTORY ${folder}/${family}
      COMMAND ${ARGN} -DISOTRACE_FAMILY_${upper} -I${PROJECT_BINARY_DIR}/include
              ${PROJECT_SOURCE_DIR}/backends/gpu/kernels.cu -o ${folder}/${family}.${suffix}
      DEPENDS ${PROJECT_SOURCE_DIR}/backends/gpu/kernels.cu ${sources}
      COMMENT "Compiling device code ${family}.${suffix}" VERBATIM)
    list(APPEND outputs ${folder}/${family}.${suffix})
  endforeach()
  set(outputs ${outputs} PARENT_SCOPE)
endfunction()

function(isotrace_gpu_kernels target)
  set(images ${CMAKE_CURRENT_SOURCE_DIR}/gpu/images.cpp)
  isotrace_find_gpu_compiler(ISOTRACE_CUDA CUDA nvcc "/usr/local/cuda/bin;/opt/cuda/bin")
  isotrace_find_gpu_compiler(ISOTRACE_HIP HIP hipcc "/opt/rocm/bin")
  if(ISOTRACE_nvcc AND NOT ISOTRACE_CUDA STREQUAL "OFF")
    isotrace_compile_families(${PROJECT_BINARY_DIR}/gpu fatbin ${ISOTRACE_nvcc} ${ISOTRACE_NVCC_FLAGS}
      -gencode=arch=compute_80,code=sm_80 -gencode=arch=compute_90,code=[sm_90,compute_90] -fatbin)
    set_property(SOURCE ${images} APPEND PROPERTY OBJECT_DEPENDS ${outputs})
    set_property(SOURCE ${images} APPEND PROPERTY
      COMPILE_DEFINITIONS ISOTRACE_CUDA_IMAGES="${PROJECT_BINARY_DIR}/gpu")
    # The same code as text, for the test that reads it.
    isotrace_compile_families(${PROJECT_BINARY_DIR}/gpu ptx ${ISOTRACE_nvcc} ${ISOTRACE_NVCC_FLAGS}
      -arch=compute_90 -ptx)
    add_custom_target(isotrace_device_text ALL DEPENDS ${outputs})
  endif()
  if(ISOTRACE_hipcc AND NOT ISOTRACE_HIP STREQUAL "OFF")
    list(TRANSFORM ISOTRACE_HIP_ARCHITECTURES PREPEND --offload-arch= OUTPUT_VARIABLE architectures)
    isotrace_compile_families(${PROJECT_BINARY_DIR}/gpu hsaco ${ISOTRACE_hipcc} ${ISOTRACE_HIPCC_FLAGS}
      --genco ${architectures} -x hip)
    add_custom_target(isotrace_amd_code ALL DEPENDS ${outputs})
    set_property(SOURCE ${images} APPEND PROPERTY OBJECT_DEPENDS ${outputs})
    set_property(SOURCE ${images} APPEND PROPERTY
      COMPILE_DEFINITIONS ISOTRACE_HIP_IMAGES="${PROJECT_BINARY_DIR}/gpu")
  endif()
  target_link_libraries(${target} PRIVATE ${CMAKE_DL_LIBS})
endfunction()
