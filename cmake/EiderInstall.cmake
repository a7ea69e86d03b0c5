# What `cmake --install` gives: a library, the public headers, and a package for find_package(eider). The shared library
# shows the public API only and brings its dependencies along; the static one asks its user for them.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

option(EIDER_INSTALL_SHARED "Install the shared library (else the static one)" ON)
if(EIDER_INSTALL_SHARED)
  add_library(eider_shared SHARED)
  eider_link_modules(eider_shared)
  set_target_properties(eider_shared PROPERTIES OUTPUT_NAME eider EXPORT_NAME eider VERSION ${PROJECT_VERSION}
                        SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  target_link_options(eider_shared PRIVATE -Wl,--exclude-libs,ALL)
  set(installed eider_shared)
else()
  set(installed eider)
endif()

install(TARGETS ${installed} EXPORT eider-targets COMPONENT library)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/eider DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library
        FILES_MATCHING PATTERN "*.h")
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/eider)
install(EXPORT eider-targets NAMESPACE eider:: DESTINATION ${package_folder} COMPONENT library)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/eider-config.cmake.in ${PROJECT_BINARY_DIR}/eider-config.cmake
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/eider-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/eider-config.cmake ${PROJECT_BINARY_DIR}/eider-config-version.cmake
        DESTINATION ${package_folder} COMPONENT library)
