/// \file
/// Compaction, whole and in parts. The typed, documented API is python/eider/optimize.py; this is what it calls.

#include "bind.h"
#include "without_gil.h"

#include <eider/dataset.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <chrono>

namespace nb = nanobind;
using namespace nb::literals;

namespace eider::python {
namespace {

using Metrics = std::tuple<uint64_t, uint64_t, uint64_t, uint64_t>;
/// Version, fragments, whether files are merged.
using Task = std::tuple<uint64_t, std::vector<nb::bytes>, bool>;
/// Version, fragments of before, fragments of after, whether files are merged, metrics.
using Rewrite = std::tuple<uint64_t, std::vector<nb::bytes>, std::vector<nb::bytes>, bool, Metrics>;

std::vector<nb::bytes> ToBytes(const std::vector<std::string>& messages) {
  std::vector<nb::bytes> out;
  for (const std::string& message : messages) out.emplace_back(message.data(), message.size());
  return out;
}

std::vector<std::string> FromBytes(const std::vector<nb::bytes>& messages) {
  std::vector<std::string> out;
  for (const nb::bytes& message : messages) out.emplace_back(message.c_str(), message.size());
  return out;
}

Metrics ToTuple(const CompactionMetrics& metrics) {
  return {metrics.fragments_removed, metrics.fragments_added, metrics.files_removed, metrics.files_added};
}

CompactionRewrite ToRewrite(const Rewrite& rewrite) {
  const auto& [version, before, after, merges_files, metrics] = rewrite;
  const auto& [fragments_removed, fragments_added, files_removed, files_added] = metrics;
  return {.read_version = version,
          .old_fragments = FromBytes(before),
          .new_fragments = FromBytes(after),
          .merges_files = merges_files,
          .metrics = {fragments_removed, fragments_added, files_removed, files_added}};
}

std::pair<DatasetPtr, Metrics> ToPair(const CompactionResult& result) { return {result.dataset, ToTuple(result.metrics)}; }

void DefineOptions(nb::module_& m) {
  nb::class_<CompactionOptions>(m, "CompactionOptions")
      .def(nb::init<>())
      .def_rw("target_rows_per_fragment", &CompactionOptions::target_rows_per_fragment)
      .def_rw("target_bytes_per_fragment", &CompactionOptions::target_bytes_per_fragment)
      .def_rw("max_bytes_per_file", &CompactionOptions::max_bytes_per_file)
      .def_rw("materialize_deletions", &CompactionOptions::materialize_deletions)
      .def_rw("materialize_deletions_threshold", &CompactionOptions::materialize_deletions_threshold)
      .def_rw("max_small_files", &CompactionOptions::max_small_files)
      .def_rw("files_only", &CompactionOptions::files_only)
      .def_rw("max_source_fragments", &CompactionOptions::max_source_fragments, nb::arg().none())
      .def_rw("max_source_rows", &CompactionOptions::max_source_rows, nb::arg().none())
      .def_rw("max_source_bytes", &CompactionOptions::max_source_bytes, nb::arg().none())
      .def_rw("excluded_fragment_ids", &CompactionOptions::excluded_fragment_ids)
      .def_prop_rw("commit_seconds",
                   [](const CompactionOptions& self) { return std::chrono::duration<double>(self.commit_interval).count(); },
                   [](CompactionOptions& self, double seconds) {
                     self.commit_interval = std::chrono::nanoseconds(static_cast<int64_t>(seconds * 1e9));
                   })
      .def_prop_rw("durability", [](const CompactionOptions& self) { return self.change.durability; },
                   [](CompactionOptions& self, Durability durability) { self.change.durability = durability; });
}

}  // namespace

void BindCompaction(nb::module_& m) { DefineOptions(m); }

void DefineCompaction(nb::class_<Dataset>& dataset) {
  dataset
      .def("compact_files",
           [](Dataset& self, const CompactionOptions& options) { return ToPair(WithoutGil([&] { return self.CompactFiles(options); })); },
           "options"_a)
      .def("plan_compaction",
           [](const Dataset& self, const CompactionOptions& options) {
             std::vector<Task> tasks;
             for (const CompactionTask& task : WithoutGil([&] { return self.PlanCompaction(options); })) {
               tasks.emplace_back(task.read_version, ToBytes(task.fragments), task.merges_files);
             }
             return tasks;
           }, "options"_a)
      .def("execute_compaction",
           [](const Dataset& self, const Task& task, const CompactionOptions& options) -> Rewrite {
             const CompactionTask asked{.read_version = std::get<0>(task), .fragments = FromBytes(std::get<1>(task)), .merges_files = std::get<2>(task)};
             const CompactionRewrite done = WithoutGil([&] { return self.ExecuteCompaction(asked, options); });
             return {done.read_version, ToBytes(done.old_fragments), ToBytes(done.new_fragments), done.merges_files, ToTuple(done.metrics)};
           }, "task"_a, "options"_a)
      .def("commit_compaction",
           [](Dataset& self, const std::vector<Rewrite>& rewrites, const CompactionOptions& options) {
             std::vector<CompactionRewrite> given;
             for (const Rewrite& rewrite : rewrites) given.push_back(ToRewrite(rewrite));
             return ToPair(WithoutGil([&] { return self.CommitCompaction(given, options); }));
           }, "rewrites"_a, "options"_a);
}

}  // namespace eider::python
