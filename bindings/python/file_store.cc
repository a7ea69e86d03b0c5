/// \file
/// Files as they are, removal of tables, and counters of I/O: what python/eider/file_session.py and io_stats.py call.

#include "bind.h"
#include "without_gil.h"

#include <eider/dataset.h>
#include <eider/file_store.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using namespace nb::literals;

namespace eider::python {
namespace {

using FileTuple = std::tuple<std::string, uint64_t, int64_t>;
using IoTuple = std::tuple<uint64_t, uint64_t, uint64_t, uint64_t>;

std::vector<FileTuple> ListFiles(const FileStore& self, const std::string& folder) {
  std::vector<FileTuple> files;
  for (StoredFile& file : WithoutGil([&] { return self.List(folder); })) {
    files.emplace_back(std::move(file.path), file.size_bytes, file.modified_ns);
  }
  return files;
}

nb::bytes ReadFile(const FileStore& self, const std::string& path, uint64_t offset, uint64_t length) {
  const Buffer bytes = WithoutGil([&] { return self.Read(path, offset, length); });
  return nb::bytes(bytes.data(), bytes.size());
}

IoTuple ToTuple(const IoStats& stats) { return {stats.reads, stats.read_bytes, stats.writes, stats.written_bytes}; }

const char* KindName(TrackedFile::Kind kind) {
  switch (kind) {
    case TrackedFile::Kind::kManifest: return "manifest";
    case TrackedFile::Kind::kData: return "data file";
    case TrackedFile::Kind::kDeletion: return "deletion file";
    case TrackedFile::Kind::kTransaction: return "transaction file";
    case TrackedFile::Kind::kIndex: return "index file";
  }
  return "?";
}

std::vector<std::tuple<std::string, std::string, std::string>> FilesOf(const Dataset& dataset, uint64_t version) {
  std::vector<std::tuple<std::string, std::string, std::string>> files;
  for (TrackedFile& file : WithoutGil([&] { return dataset.TrackedFiles(version); })) {
    files.emplace_back(std::move(file.base), std::move(file.path), KindName(file.kind));
  }
  return files;
}

}  // namespace

void BindFileStore(nb::module_& m) {
  nb::class_<FileStore>(m, "FileStore")
      .def_static("open", [](const std::string& uri) { return WithoutGil([&] { return FileStore::Open(uri); }); }, "uri"_a)
      .def_prop_ro("root", &FileStore::root)
      .def("uri_of", &FileStore::UriOf, "path"_a)
      .def("contains", [](const FileStore& self, const std::string& path) { return WithoutGil([&] { return self.Contains(path); }); }, "path"_a)
      .def("list", &ListFiles, "folder"_a)
      .def("list_folders", [](const FileStore& self, const std::string& folder) { return WithoutGil([&] { return self.ListFolders(folder); }); },
           "folder"_a)
      .def("read", &ReadFile, "path"_a, "offset"_a, "length"_a)
      .def("delete", [](FileStore& self, const std::string& path) { WithoutGil([&] { self.Delete(path); }); }, "path"_a)
      .def("upload", [](FileStore& self, const std::string& from, const std::string& to) { WithoutGil([&] { self.Upload(from, to); }); },
           "local_path"_a, "path"_a)
      .def("download", [](const FileStore& self, const std::string& from, const std::string& to) { WithoutGil([&] { self.Download(from, to); }); },
           "path"_a, "local_path"_a);
  m.def("drop_table", [](const std::string& uri) { return WithoutGil([&] { return DropTable(uri); }); }, "uri"_a);
  m.def("tracked_files", &FilesOf, "dataset"_a, "version"_a);
  m.def("migrate_manifest_paths", [](Dataset& dataset) { return WithoutGil([&] { return dataset.MigrateManifestPaths(); }); }, "dataset"_a);
  m.def("process_io_stats", [] { return ToTuple(ProcessIoStats()); });
  m.def("io_stats", [](const Dataset& dataset, bool reset) { return ToTuple(dataset.io_stats(reset)); }, "dataset"_a, "reset"_a);
}

}  // namespace eider::python
