# Third-party libraries, all from the distribution. fmt is used header-only so that a wheel need not bundle it.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(roaring CONFIG REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
set(EIDER_DEPENDENCIES protobuf::libprotobuf-lite fmt::fmt-header-only roaring::roaring PkgConfig::ZSTD PkgConfig::LZ4
    Threads::Threads)
