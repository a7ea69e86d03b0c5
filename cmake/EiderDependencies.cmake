# Third-party libraries, all from the distribution. Of fmt only the headers are used: base/fmt_instance.cc holds its code.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(fmt CONFIG REQUIRED)
find_package(roaring CONFIG REQUIRED)
find_package(hwy CONFIG REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
set(EIDER_DEPENDENCIES protobuf::libprotobuf-lite roaring::roaring hwy::hwy PkgConfig::ZSTD PkgConfig::LZ4 PkgConfig::RE2
    Threads::Threads)
