#include "eider/mutate/merge_files.h"

#include <eider/interrupt.h>

#include <algorithm>
#include <set>

#include "eider/base/error.h"
#include "eider/mutate/align.h"
#include "eider/mutate/physical_rows.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/field_path.h"

namespace eider::mutate {
namespace {

/// Files of about this size cost more to open than to copy.
constexpr uint64_t kTinyBytes = 4096;

void AddFiles(const table::Fragment& fragment, const LanceField& field, std::set<int>* files) {
  if (const auto at = fragment.FindField(field.id)) files->insert(at->file);
  for (const LanceField& child : field.children) AddFiles(fragment, child, files);
}

/// Files by ascending size; those that hold whole columns only.
std::vector<int> Candidates(const table::Fragment& fragment, const LanceSchema& table) {
  std::set<int> held, barred;
  for (const LanceField& field : table.fields) {
    std::set<int> files;
    AddFiles(fragment, field, &files);
    (files.size() > 1 || HasBlobs(field) ? barred : held).insert(files.begin(), files.end());
  }
  std::vector<int> candidates;
  for (const int file : held) {
    if (!barred.contains(file) && fragment.file(file).file_size_bytes() > 0) candidates.push_back(file);
  }
  std::ranges::stable_sort(candidates, {}, [&](int file) { return fragment.file(file).file_size_bytes(); });
  return candidates;
}

}  // namespace

std::vector<int> SmallFiles(const table::Fragment& fragment, const LanceSchema& table) {
  if (fragment.num_files() < 2 || fragment.has_overlays() || fragment.physical_rows() == 0) return {};
  std::vector<int> files = Candidates(fragment, table);
  size_t count = 0;
  uint64_t before = kTinyBytes;
  for (size_t i = 0; i < files.size(); ++i) {
    const uint64_t bytes = fragment.file(files[i]).file_size_bytes();
    if (bytes / 2 <= before) count = i + 1;
    before += bytes;
  }
  files.resize(count < 2 ? 0 : count);
  return files;
}

table::DataFragmentProto MergeSmallFiles(const query::TableReader& table, size_t fragment, NewDataFiles* files) {
  const table::Manifest& manifest = *table.snapshot().manifest;
  const table::Fragment& before = manifest.fragment(fragment);
  const std::vector<int> small = SmallFiles(before, manifest.schema());
  const std::set<int> merged(small.begin(), small.end());
  LanceSchema columns;
  std::vector<std::string> paths;
  for (const LanceField& field : manifest.schema().fields) {
    std::set<int> of_field;
    AddFiles(before, field, &of_field);
    if (of_field.empty() || !merged.contains(*of_field.begin())) continue;
    columns.fields.push_back(field);
    paths.push_back(QuoteSegment(field.name));
  }
  if (columns.fields.empty()) throw Invalid("merging files: fragment {} has no small ones", before.id());
  PhysicalRows rows(table, before.id(), columns, std::move(paths));
  AlignedReader aligned(rows, columns);
  std::string name;
  const std::unique_ptr<file::FileWriter> writer = files->Create(columns, &name);
  while (const std::optional<RecordBatch> batch = aligned.Next()) {
    CheckInterrupt();
    writer->Write(*batch);
  }
  if (writer->num_rows() != before.physical_rows()) {
    throw Corrupt("merging files: fragment {} has {} rows, its files {}", before.id(), before.physical_rows(), writer->num_rows());
  }
  table::DataFragmentProto after = before.proto();
  Bury(columns.Ids(), &after);
  *after.add_files() = files->Finish(*writer, name);
  return after;
}

}  // namespace eider::mutate
