# Whether and how the addon drives a GPU:
#   CUDA      nvcc builds kernels/; chosen where nvcc and a GPU are found, or when GNNSCHED_CUDA=1 is in
#             the environment. For the GPU that is there, else for every architecture we know;
#             GNNSCHED_CUDA_ARCHITECTURES="90" names others.
#   EMULATED  g++ builds kernels/ against test/emulator: for tests on machines without a GPU.
#   OFF       no GPU: the addon says so when it is asked for one. GNNSCHED_CUDA=0 asks for this.
set(GNNSCHED_GPU "" CACHE STRING "CUDA, EMULATED or OFF; empty: what this machine has")
set(GPU "${GNNSCHED_GPU}")
if("${GPU}" STREQUAL "")
  set(GPU OFF)
  set(wanted "$ENV{GNNSCHED_CUDA}")
  if(wanted STREQUAL "1" OR (wanted STREQUAL "" AND EXISTS /dev/nvidia0))
    include(CheckLanguage)
    check_language(CUDA)
    if(CMAKE_CUDA_COMPILER)
      set(GPU CUDA)
    elseif(wanted STREQUAL "1")
      message(FATAL_ERROR "GNNSCHED_CUDA=1, but nvcc was not found; set CUDACXX to its path")
    endif()
  endif()
endif()

if("${GPU}" STREQUAL "CUDA")
  include(cmake/cuda_architectures.cmake)
endif()

# Gives `target` the sources of the GPU's side; GNNSCHED_GPU_LIBRARIES is what the addon links.
function(gnnsched_add_gpu target)
  if("${GPU}" STREQUAL "OFF")
    target_sources(${target} PRIVATE native/cuda/no_cuda.cc)
    return()
  endif()
  target_sources(${target} PRIVATE native/cuda/copy_speed.cc native/cuda/cuda_engine.cc
    native/cuda/cuda_lane.cc native/cuda/cuda_ops.cc native/cuda/op_slices.cc
    native/cuda/sm_partition.cc native/cuda/staging.cc)
  if("${GPU}" STREQUAL "CUDA")
    add_subdirectory(kernels)
    find_package(CUDAToolkit REQUIRED)
    target_include_directories(${target} SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
    set(GNNSCHED_GPU_LIBRARIES gnnsched_gpu CUDA::cudart_static PARENT_SCOPE)
  else()
    add_subdirectory(test/emulator)
    target_include_directories(${target} PRIVATE test/emulator)
    set(GNNSCHED_GPU_LIBRARIES emulated_gpu PARENT_SCOPE)
  endif()
endfunction()
