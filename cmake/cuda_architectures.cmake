# CMAKE_CUDA_ARCHITECTURES where nobody named any: those of the environment's GNNSCHED_CUDA_ARCHITECTURES,
# else of the GPUs that are here, else all we know. By numbers: "native" says neither which they are nor
# anything to CMake before 3.24.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES "$ENV{GNNSCHED_CUDA_ARCHITECTURES}")
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    execute_process(COMMAND nvidia-smi --query-gpu=compute_cap --format=csv,noheader
      OUTPUT_VARIABLE capabilities RESULT_VARIABLE failed ERROR_QUIET)
    if("${failed}" STREQUAL "0")
      string(REGEX MATCHALL "[0-9]+\\.[0-9]+" CMAKE_CUDA_ARCHITECTURES "${capabilities}")
      string(REPLACE "." "" CMAKE_CUDA_ARCHITECTURES "${CMAKE_CUDA_ARCHITECTURES}")
      list(REMOVE_DUPLICATES CMAKE_CUDA_ARCHITECTURES)
    endif()
  endif()
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 75 80 86 89 90 100)
  endif()
endif()
