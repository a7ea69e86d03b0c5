# Compiler settings shared by every target: C++20, warnings as a habit, ccache and a fast linker where present.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# -O2 with the vectoriser: -O3 gained nothing on the kernels and costs build time.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -ftree-vectorize -DNDEBUG")
if(EIDER_SANITIZE)
  # Instrumented code takes half the time to compile at -O1, and assertions belong in it.
  set(CMAKE_CXX_FLAGS_RELEASE "-O1")
  if(EIDER_BUILD_FUZZERS AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    set(CMAKE_CXX_FLAGS_RELEASE "-O2")  # libFuzzer runs for hours
  endif()
endif()

find_program(EIDER_CCACHE ccache)
if(EIDER_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_PCH_EXTSUM=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${EIDER_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
endif()
find_program(EIDER_MOLD mold)
if(EIDER_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(eider_options INTERFACE)
target_compile_options(eider_options INTERFACE -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers)
if(EIDER_SANITIZE)
  target_compile_options(eider_options INTERFACE -fsanitize=${EIDER_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all -g1)
  target_link_options(eider_options INTERFACE -fsanitize=${EIDER_SANITIZE})
  target_compile_definitions(eider_options INTERFACE EIDER_SANITIZED)
  if(EIDER_SANITIZE MATCHES "address")
    # Compilers spell it differently, and a pool would hide a use after free.
    target_compile_definitions(eider_options INTERFACE EIDER_ADDRESS_SANITIZER)
  endif()
endif()
