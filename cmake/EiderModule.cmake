# eider_module(name [used modules...]): one folder under src/eider, one object library, declared in dependency order.
set(EIDER_MODULES "")
set_property(GLOBAL PROPERTY EIDER_MODULE_GRAPH "")

function(eider_module name)
  foreach(used IN LISTS ARGN)
    if(NOT used IN_LIST EIDER_MODULES)
      message(FATAL_ERROR "module '${name}' may not use '${used}': it is not declared above it")
    endif()
  endforeach()
  set(EIDER_MODULES ${EIDER_MODULES} ${name} PARENT_SCOPE)
  set_property(GLOBAL APPEND PROPERTY EIDER_MODULE_GRAPH "${name}:${ARGN}")

  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/eider/${name}/*.cc
       ${PROJECT_SOURCE_DIR}/src/eider/${name}/*/*.cc)
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|benchmark)\\.cc$")
  set(target eider_${name})
  if(name STREQUAL "proto")
    eider_generate_protos(sources)
  endif()
  if(sources)
    add_library(${target} OBJECT ${sources})
    target_link_libraries(${target} PRIVATE eider_options ${EIDER_DEPENDENCIES})
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src
                               ${PROJECT_BINARY_DIR}/proto)
    eider_batches(${target} ${sources})
    if(NOT name STREQUAL "proto")
      if(TARGET eider_proto)
        add_dependencies(${target} eider_proto)
      endif()
      eider_precompile(${target} modules pch.h)
    endif()
  endif()
endfunction()

# Most of the time of a translation unit goes into headers: the sources of a target compile in batches of ten, long generated ones
# of four. Left out are those that include themselves, once for each instruction set.
function(eider_batches target)
  set(size 10)
  if(ARGN MATCHES "\\.pb\\.cc")
    set(size 4)
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${EIDER_UNITY} UNITY_BUILD_BATCH_SIZE ${size})
  set(alone ${ARGN})
  list(FILTER alone INCLUDE REGEX "_simd\\.cc$")
  if(alone)
    set_source_files_properties(${alone} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endfunction()

# One precompiled header serves all targets of a group: they compile with the same flags.
#
# gcc's precompiled headers differ from build to build, which would defeat ccache between build trees: give ccache
# (CCACHE_PCH_EXTSUM) a sum of what goes into the header instead.
function(eider_precompile target group header)
  get_property(owner GLOBAL PROPERTY EIDER_PCH_OWNER_${group})
  if(owner)
    target_precompile_headers(${target} REUSE_FROM ${owner})
    return()
  endif()
  set_property(GLOBAL PROPERTY EIDER_PCH_OWNER_${group} ${target})
  target_precompile_headers(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/${header})
  file(READ ${PROJECT_SOURCE_DIR}/cmake/pch.h shared)
  file(READ ${PROJECT_SOURCE_DIR}/cmake/${header} text)
  string(SHA256 sum "${shared};${text};${CMAKE_CXX_COMPILER_ID}-${CMAKE_CXX_COMPILER_VERSION};${CMAKE_CXX_FLAGS}")
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${target}.dir/cmake_pch.hxx.gch.sum "${sum}")
endfunction()

# Compiles proto/*.proto to protobuf-lite sources under <build>/proto/eider/proto.
function(eider_generate_protos out)
  file(GLOB protos CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/proto/*.proto)
  set(generated "")
  set(dir ${PROJECT_BINARY_DIR}/proto/eider/proto)
  file(MAKE_DIRECTORY ${dir})
  foreach(proto IN LISTS protos)
    get_filename_component(stem ${proto} NAME_WE)
    add_custom_command(OUTPUT ${dir}/${stem}.pb.cc ${dir}/${stem}.pb.h
      COMMAND protobuf::protoc --cpp_out=lite:${dir} -I${PROJECT_SOURCE_DIR}/proto ${proto}
      DEPENDS ${proto} VERBATIM)
    list(APPEND generated ${dir}/${stem}.pb.cc)
  endforeach()
  set(${out} ${generated} PARENT_SCOPE)
endfunction()

# Links every module into `eider`, a static library: tests and bindings reach into it.
function(eider_library)
  add_library(eider STATIC)
  add_library(eider::eider ALIAS eider)
  eider_link_modules(eider)
endfunction()

# Gives a library target all modules and what they need.
function(eider_link_modules target)
  foreach(module IN LISTS EIDER_MODULES)
    if(TARGET eider_${module})
      target_sources(${target} PRIVATE $<TARGET_OBJECTS:eider_${module}>)
    endif()
  endforeach()
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:eider_options> ${EIDER_DEPENDENCIES})
endfunction()

# One test program per module, from the x_test.cc beside the code.
function(eider_tests)
  find_package(GTest REQUIRED)
  include(GoogleTest)
  foreach(module IN LISTS EIDER_MODULES)
    file(GLOB tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/eider/${module}/*_test.cc
         ${PROJECT_SOURCE_DIR}/src/eider/${module}/*/*_test.cc)
    if(tests)
      add_executable(${module}_tests ${tests})
      eider_batches(${module}_tests ${tests})
      target_compile_options(${module}_tests PRIVATE -O1)  # assertions are many, and run once
      target_link_libraries(${module}_tests PRIVATE eider eider_options ${EIDER_DEPENDENCIES} GTest::gtest_main GTest::gmock)
      target_include_directories(${module}_tests PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_BINARY_DIR}/proto)
      eider_precompile(${module}_tests tests test_pch.h)
      gtest_discover_tests(${module}_tests TEST_PREFIX "${module}." DISCOVERY_TIMEOUT 60
                           PROPERTIES ENVIRONMENT "EIDER_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
    endif()
  endforeach()
  find_package(Python3 COMPONENTS Interpreter REQUIRED)
  get_property(graph GLOBAL PROPERTY EIDER_MODULE_GRAPH)
  string(REPLACE ";" "," graph "${graph}")
  add_test(NAME architecture.includes COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/scripts/check_includes.py
           ${PROJECT_SOURCE_DIR})
  if(TARGET eider_shared AND NOT EIDER_SANITIZE)
    add_test(NAME examples.cpp COMMAND ${PROJECT_SOURCE_DIR}/examples/cpp/run.sh ${PROJECT_BINARY_DIR})
  endif()
endfunction()
