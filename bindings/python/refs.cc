/// \file
/// Tags, branches, clones and cleanup. The typed, documented API is python/eider/history.py; this is what it calls.

#include "refs.h"

#include "bind.h"
#include "without_gil.h"

#include <eider/dataset.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using namespace nb::literals;

namespace eider::python {

Reference ReferenceFrom(nb::handle reference) {
  if (reference.is_none()) return {};
  if (nb::isinstance<nb::str>(reference)) return nb::cast<std::string>(reference);
  if (!nb::isinstance<nb::tuple>(reference)) return nb::cast<uint64_t>(reference);
  const auto [branch, version] = nb::cast<std::pair<nb::object, nb::object>>(reference);
  BranchVersion out;
  if (!branch.is_none()) out.branch = nb::cast<std::string>(branch);
  if (!version.is_none()) out.version = nb::cast<uint64_t>(version);
  return out;
}

namespace {

using Metadata = std::map<std::string, std::string>;

void BindRefInfos(nb::module_& m) {
  nb::class_<TagInfo>(m, "TagInfo")
      .def_ro("branch", &TagInfo::branch)
      .def_ro("version", &TagInfo::version)
      .def_ro("created_ns", &TagInfo::created_ns)
      .def_ro("updated_ns", &TagInfo::updated_ns)
      .def_ro("manifest_bytes", &TagInfo::manifest_bytes)
      .def_ro("metadata", &TagInfo::metadata);
  nb::class_<BranchInfo>(m, "BranchInfo")
      .def_ro("parent", &BranchInfo::parent)
      .def_ro("lineage", &BranchInfo::lineage)
      .def_ro("parent_version", &BranchInfo::parent_version)
      .def_ro("created_s", &BranchInfo::created_s)
      .def_ro("manifest_bytes", &BranchInfo::manifest_bytes)
      .def_ro("metadata", &BranchInfo::metadata);
  nb::class_<BasePath>(m, "BasePath")
      .def("__init__", [](BasePath* self, std::optional<std::string> name, std::string path, bool is_dataset_root) {
             new (self) BasePath{.name = std::move(name), .path = std::move(path), .is_dataset_root = is_dataset_root};
           }, "name"_a.none(), "path"_a, "is_dataset_root"_a)
      .def_ro("id", &BasePath::id)
      .def_ro("name", &BasePath::name)
      .def_ro("path", &BasePath::path)
      .def_ro("is_dataset_root", &BasePath::is_dataset_root);
}

void BindCleanup(nb::module_& m) {
  nb::class_<CleanupStats>(m, "CleanupStats")
      .def_ro("bytes_removed", &CleanupStats::bytes_removed)
      .def_ro("old_versions", &CleanupStats::old_versions)
      .def_ro("data_files_removed", &CleanupStats::data_files_removed)
      .def_ro("transaction_files_removed", &CleanupStats::transaction_files_removed)
      .def_ro("index_files_removed", &CleanupStats::index_files_removed)
      .def_ro("deletion_files_removed", &CleanupStats::deletion_files_removed)
      .def_ro("failed_deletes", &CleanupStats::failed_deletes);
  nb::enum_<CleanupFile::Kind>(m, "CleanupKind")
      .value("MANIFEST", CleanupFile::Kind::kManifest)
      .value("TEMPORARY_MANIFEST", CleanupFile::Kind::kTemporaryManifest)
      .value("DATA", CleanupFile::Kind::kData)
      .value("DELETION", CleanupFile::Kind::kDeletion)
      .value("TRANSACTION", CleanupFile::Kind::kTransaction)
      .value("INDEX", CleanupFile::Kind::kIndex);
  nb::class_<CleanupFile>(m, "CleanupFile")
      .def_ro("path", &CleanupFile::path)
      .def_ro("kind", &CleanupFile::kind)
      .def_ro("is_unverified", &CleanupFile::is_unverified)
      .def_ro("size_bytes", &CleanupFile::size_bytes);
  nb::class_<CleanupBranch>(m, "CleanupBranch")
      .def_ro("name", &CleanupBranch::name)
      .def_ro("version", &CleanupBranch::version)
      .def_ro("is_needed", &CleanupBranch::is_needed);
  nb::class_<CleanupExplanation>(m, "CleanupExplanation")
      .def_ro("read_version", &CleanupExplanation::read_version)
      .def_ro("stats", &CleanupExplanation::stats)
      .def_ro("files", &CleanupExplanation::files)
      .def_ro("branches", &CleanupExplanation::branches)
      .def_ro("warnings", &CleanupExplanation::warnings);
}

CleanupOptions OptionsFrom(std::optional<int64_t> older_than_us, std::optional<uint64_t> retain_versions,
                           std::optional<std::vector<uint64_t>> versions, bool delete_unverified, bool error_if_tagged,
                           std::optional<uint64_t> deletes_per_second) {
  CleanupOptions options{.retain_versions = retain_versions,
                         .versions = std::move(versions),
                         .delete_unverified = delete_unverified,
                         .error_if_tagged = error_if_tagged,
                         .deletes_per_second = deletes_per_second};
  if (older_than_us) options.older_than = std::chrono::microseconds(*older_than_us);
  return options;
}

void DefineCleanup(nb::module_& m) {
  m.def(
      "cleanup_old_versions",
      [](Dataset& self, std::optional<int64_t> older_than_us, std::optional<uint64_t> retain_versions,
         std::optional<std::vector<uint64_t>> versions, bool delete_unverified, bool error_if_tagged, std::optional<uint64_t> deletes_per_second) {
        const CleanupOptions options =
            OptionsFrom(older_than_us, retain_versions, std::move(versions), delete_unverified, error_if_tagged, deletes_per_second);
        return WithoutGil([&] { return self.CleanupOldVersions(options); });
      },
      "dataset"_a, "older_than_us"_a.none(), "retain_versions"_a.none(), "versions"_a.none(), "delete_unverified"_a, "error_if_tagged"_a,
      "deletes_per_second"_a.none());
  m.def(
      "explain_cleanup",
      [](const Dataset& self, std::optional<int64_t> older_than_us, std::optional<uint64_t> retain_versions,
         std::optional<std::vector<uint64_t>> versions, bool delete_unverified, bool error_if_tagged) {
        const CleanupOptions options = OptionsFrom(older_than_us, retain_versions, std::move(versions), delete_unverified, error_if_tagged, {});
        return WithoutGil([&] { return self.ExplainCleanup(options); });
      },
      "dataset"_a, "older_than_us"_a.none(), "retain_versions"_a.none(), "versions"_a.none(), "delete_unverified"_a, "error_if_tagged"_a);
}

void DefineTags(nb::module_& m) {
  m.def("tags", [](const Dataset& self) { return WithoutGil([&] { return self.tags(); }); }, "dataset"_a);
  m.def("tag", [](const Dataset& self, const std::string& name) { return WithoutGil([&] { return self.tag(name); }); }, "dataset"_a, "name"_a);
  m.def(
      "create_tag",
      [](Dataset& self, const std::string& name, nb::handle reference) {
        const Reference target = ReferenceFrom(reference);
        WithoutGil([&] { self.CreateTag(name, target); });
      },
      "dataset"_a, "name"_a, "reference"_a.none());
  m.def(
      "update_tag",
      [](Dataset& self, const std::string& name, nb::handle reference) {
        const Reference target = ReferenceFrom(reference);
        WithoutGil([&] { self.UpdateTag(name, target); });
      },
      "dataset"_a, "name"_a, "reference"_a.none());
  m.def(
      "set_tag_metadata",
      [](Dataset& self, const std::string& name, const Metadata& metadata) { WithoutGil([&] { self.SetTagMetadata(name, metadata); }); },
      "dataset"_a, "name"_a, "metadata"_a);
  m.def("delete_tag", [](Dataset& self, const std::string& name) { WithoutGil([&] { self.DeleteTag(name); }); }, "dataset"_a, "name"_a);
}

void DefineBranches(nb::module_& m) {
  m.def("branches", [](const Dataset& self) { return WithoutGil([&] { return self.branches(); }); }, "dataset"_a);
  m.def(
      "create_branch",
      [](Dataset& self, const std::string& name, nb::handle reference) {
        const Reference from = ReferenceFrom(reference);
        return WithoutGil([&] { return self.CreateBranch(name, from); });
      },
      "dataset"_a, "name"_a, "reference"_a.none());
  m.def(
      "set_branch_metadata",
      [](Dataset& self, const std::string& name, const Metadata& metadata) { WithoutGil([&] { self.SetBranchMetadata(name, metadata); }); },
      "dataset"_a, "name"_a, "metadata"_a);
  m.def("delete_branch", [](Dataset& self, const std::string& name) { WithoutGil([&] { self.DeleteBranch(name); }); }, "dataset"_a, "name"_a);
  m.def(
      "clone",
      [](const Dataset& self, const std::string& uri, nb::handle reference, bool shallow) {
        const Reference from = ReferenceFrom(reference);
        return WithoutGil([&] { return shallow ? self.ShallowClone(uri, from) : self.DeepClone(uri, from); });
      },
      "dataset"_a, "uri"_a, "reference"_a.none(), "shallow"_a);
}

}  // namespace

void BindRefs(nb::module_& m) {
  BindRefInfos(m);
  BindCleanup(m);
  DefineTags(m);
  DefineBranches(m);
  DefineCleanup(m);
  m.def(
      "checkout",
      [](const Dataset& self, nb::handle reference) {
        const Reference target = ReferenceFrom(reference);
        return WithoutGil([&] { return self.Checkout(target); });
      },
      "dataset"_a, "reference"_a.none());
  m.def("restore", [](Dataset& self) { return WithoutGil([&] { return self.Restore(); }); }, "dataset"_a);
  m.def("version_info", [](const Dataset& self) { return self.version_info(); }, "dataset"_a);
  m.def("version_numbers", [](const Dataset& self) { return WithoutGil([&] { return self.version_numbers(); }); }, "dataset"_a);
  m.def("torn_versions", [](const Dataset& self) { return self.torn_versions(); }, "dataset"_a);
  m.def("branch", [](const Dataset& self) { return self.branch(); }, "dataset"_a);
  m.def("base_paths", [](const Dataset& self) { return self.base_paths(); }, "dataset"_a);
  m.def("has_stable_row_ids", [](const Dataset& self) { return self.has_stable_row_ids(); }, "dataset"_a);
}

}  // namespace eider::python
