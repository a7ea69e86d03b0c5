#include "eider/query/fragment_reader.h"

#include <algorithm>
#include <numeric>

#include "eider/array/concat.h"
#include "eider/array/null_array.h"
#include "eider/array/take.h"
#include "eider/base/error.h"
#include "eider/query/column_parts.h"
#include "eider/schema/json_columns.h"

namespace eider::query {
namespace {

// Above this many runs of live rows, decoding the whole window and gathering costs less than one read per run.
constexpr size_t kMaxRangeReads = 8;

std::vector<ArrayPtr> TakeAll(const std::vector<ArrayPtr>& arrays, std::span<const int64_t> indices) {
  std::vector<ArrayPtr> taken;
  taken.reserve(arrays.size());
  for (const ArrayPtr& array : arrays) taken.push_back(array ? TakeArray(array, indices) : nullptr);
  return taken;
}

/// `run(place in rows, first row, count)` for each run of consecutive rows.
template <typename Run>
void ForEachRun(std::span<const uint64_t> rows, const Run& run) {
  for (size_t begin = 0; begin < rows.size();) {
    size_t end = begin + 1;
    while (end < rows.size() && rows[end] == rows[end - 1] + 1) ++end;
    run(begin, rows[begin], uint64_t{end - begin});
    begin = end;
  }
}

}  // namespace

FragmentReader::FragmentReader(const table::Snapshot& snapshot, size_t index)
    : snapshot_(snapshot),
      index_(index),
      fragment_(snapshot_.manifest->fragment(index)),
      files_(new std::atomic<const file::FileReader*>[static_cast<size_t>(fragment_.num_files())]()) {
  if (fragment_.has_overlays()) throw Unsupported("fragment {}: data overlay files", fragment_.id());
}

// Only files of version 0.1 need it.
file::LegacyTable FragmentReader::LegacyTableOf(const table::DataFileProto& file) const {
  if (file.column_indices_size() > 0) return {};
  return {.field_ids = {file.fields().begin(), file.fields().end()}, .manifest = snapshot_.store->Open(snapshot_.manifest_path)};
}

const file::FileReader& FragmentReader::OpenFile(int file_index, const file::ReadContext& context) const {
  const file::FileReader* open = files_[file_index].load(std::memory_order_acquire);
  if (open) return *open;
  std::lock_guard lock(mutex_);
  open = files_[file_index].load(std::memory_order_acquire);
  if (open) return *open;
  const table::DataFileProto& data_file = fragment_.file(file_index);
  const table::FileLocation location = table::LocateDataFile(snapshot_, data_file);
  // Some releases recorded the size of a 0.1 file before its metadata was written.
  const uint64_t known_size = data_file.column_indices_size() > 0 ? data_file.file_size_bytes() : 0;
  const io::ReadableFilePtr file = known_size ? location.store->Open(location.path, known_size) : location.store->Open(location.path);
  const uint64_t rows = fragment_.physical_rows();
  std::shared_ptr<const file::FileReader> reader =
      file::FileReader::Open(file, context, rows ? std::optional(rows) : std::nullopt, LegacyTableOf(data_file));
  open = reader.get();
  owned_files_.push_back(std::move(reader));
  files_[file_index].store(open, std::memory_order_release);
  return *open;
}

void FragmentReader::AddFieldSizes(const file::ReadContext& context, std::map<int32_t, FieldSize>& sizes) const {
  for (int f = 0; f < fragment_.num_files(); ++f) {
    const table::DataFileProto& data_file = fragment_.file(f);
    const bool by_place = data_file.column_indices_size() > 0;
    for (int i = 0; i < data_file.fields_size(); ++i) {
      const int32_t id = data_file.fields(i);
      const int32_t column = !by_place ? id : i < data_file.column_indices_size() ? data_file.column_indices(i) : -1;
      if (id < 0 || column < 0) continue;
      const FieldSize here = OpenFile(f, context).SizeOf(column);
      FieldSize& size = sizes[id];
      size.field_id = id;
      size.num_pages += here.num_pages;
      size.num_items += here.num_items;
      size.size_bytes += here.size_bytes;
    }
  }
}

uint64_t FragmentReader::physical_rows(const file::ReadContext& context) const {
  if (fragment_.physical_rows()) return fragment_.physical_rows();
  uint64_t rows = physical_rows_.load(std::memory_order_relaxed);
  if (rows == 0 && fragment_.num_files() > 0) {
    rows = OpenFile(0, context).num_rows();
    physical_rows_.store(rows, std::memory_order_relaxed);
  }
  return rows;
}

const rows::DeletionVector* FragmentReader::deletions(const file::ReadContext& context) const {
  if (!fragment_.has_deletions()) return nullptr;
  if (!deletions_loaded_.load(std::memory_order_acquire)) {
    const uint64_t rows = physical_rows(context);
    std::lock_guard lock(mutex_);
    if (!deletions_loaded_.load(std::memory_order_relaxed)) {
      deletions_ = table::ReadDeletions(snapshot_, fragment_, rows);
      deletions_loaded_.store(true, std::memory_order_release);
    }
  }
  return deletions_ && deletions_->num_deleted() ? deletions_.get() : nullptr;
}

uint64_t FragmentReader::live_rows(const file::ReadContext& context) const {
  const uint64_t rows = physical_rows(context);
  if (!fragment_.has_deletions()) return rows;
  if (const uint64_t deleted = fragment_.num_deleted_rows()) {
    if (deleted > rows) throw Corrupt("fragment {}: {} deleted of {} rows", id(), deleted, rows);
    return rows - deleted;
  }
  const rows::DeletionVector* vector = deletions(context);
  return vector ? vector->num_live() : rows;
}

std::vector<uint64_t> FragmentReader::StoredBytesPerRow(const ReadPlan& plan, const file::ReadContext& context) const {
  std::vector<uint64_t> bytes(plan.projected().fields.size());
  const uint64_t rows = physical_rows(context);
  if (rows == 0) return bytes;
  for (const FileProjection& file : plan.ForFragment(index_).files) {
    const file::FileReader& reader = OpenFile(file.file_index, context);
    for (size_t c = 0; c < file.columns.size(); ++c) {
      for (const int32_t column : file.columns[c].leaf_columns) {
        if (column >= 0) bytes[static_cast<size_t>(file.outputs[c])] += reader.SizeOf(column).size_bytes / rows;
      }
    }
  }
  return bytes;
}

uint64_t FragmentReader::UnkeptStateBytes(const ReadPlan& plan, const file::ReadContext& context) const {
  uint64_t bytes = 0;
  for (const FileProjection& file : plan.ForFragment(index_).files) bytes += OpenFile(file.file_index, context).UnkeptStateBytes(file.columns, context);
  return bytes;
}

std::vector<file::PageFacts> FragmentReader::Facts(const ReadPlan& plan, int32_t field_id, const file::ReadContext& context) const {
  for (const FileProjection& file : plan.ForFragment(index_).files) {
    for (const file::ColumnProjection& column : file.columns) {
      std::vector<const LanceField*> leaves;
      CollectLeaves(column.field, &leaves);
      for (size_t i = 0; i < leaves.size(); ++i) {
        if (leaves[i]->id == field_id && column.leaf_columns[i] >= 0) {
          return OpenFile(file.file_index, context).Facts(*leaves[i], column.leaf_columns[i], context);
        }
      }
    }
  }
  return {};
}

ArrayPtr FragmentReader::JoinParts(const ReadPlan& plan, size_t output, const ArrayPtr& known, const ArrayPtr& part, int file_index) const {
  return InContext([&] { return fmt::format("fragment {}, data file '{}' and those before it", id(), fragment_.file(file_index).path()); },
                   [&] { return MergeParts(plan.projected().fields[output], known, part); });
}

// Runs `read` on every data file that the plan needs, for neighbouring columns that are wanted at once (all of them when `wanted` is
// empty), and puts the columns into their places.
template <typename Read>
std::vector<ArrayPtr> FragmentReader::ReadFiles(const ReadPlan& plan, int64_t num_rows, const std::vector<bool>& wanted,
                                                const file::ReadContext& context, const Read& read) const {
  const FragmentProjection& projection = plan.ForFragment(index_);
  std::vector<ArrayPtr> out(plan.projected().fields.size());
  const auto is_wanted = [&wanted](int output) { return wanted.empty() || wanted[static_cast<size_t>(output)]; };
  for (const FileProjection& file : projection.files) {
    for (size_t first = 0, end = 0; first < file.columns.size(); first = end + 1) {
      for (end = first; end < file.columns.size() && is_wanted(file.outputs[end]);) ++end;
      if (end == first) continue;
      std::vector<ArrayPtr> arrays = read(OpenFile(file.file_index, context), std::span(file.columns).subspan(first, end - first));
      for (size_t i = first; i < end; ++i) {
        const size_t output = static_cast<size_t>(file.outputs[i]);
        ArrayPtr& array = arrays[i - first];
        if (plan.materializes(output)) array = Blobs(file.file_index, context).Materialize(array, file.columns[i].field, context.stats);
        out[output] = out[output] ? JoinParts(plan, output, out[output], array, file.file_index) : std::move(array);
      }
    }
  }
  for (const int output : projection.all_null) {
    if (!is_wanted(output)) continue;
    const LanceField& field = plan.projected().fields[static_cast<size_t>(output)];
    const bool materialized = plan.materializes(static_cast<size_t>(output));
    out[static_cast<size_t>(output)] = MakeNullArray(ToArrowField(materialized ? MaterializeBlobs(field) : field).type, num_rows);
  }
  for (const FragmentProjection::Witness& witness : projection.witnesses) {
    ArrayPtr& array = out[static_cast<size_t>(witness.output)];
    if (!is_wanted(witness.output) || !HasNullParents(*array)) continue;
    const ArrayPtr part = read(OpenFile(witness.file_index, context), std::span(&witness.column, 1))[0];
    array = JoinParts(plan, static_cast<size_t>(witness.output), array, part, witness.file_index);
  }
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i] && plan.has_json(i)) out[i] = ShowJson(out[i], plan.projected().fields[i]);
  }
  return out;
}

std::vector<ArrayPtr> FragmentReader::ReadPhysical(const ReadPlan& plan, uint64_t first, uint64_t count,
                                                   const std::vector<bool>& wanted, const file::ReadContext& context) const {
  return ReadFiles(plan, static_cast<int64_t>(count), wanted, context,
                   [&](const file::FileReader& reader, std::span<const file::ColumnProjection> columns) {
                     return reader.ReadRange(columns, first, count, context);
                   });
}

std::vector<ArrayPtr> FragmentReader::ReadLive(const ReadPlan& plan, uint64_t first, uint64_t count,
                                               const std::vector<bool>& wanted, const file::ReadContext& context) const {
  const rows::DeletionVector* deleted = deletions(context);
  if (!deleted || count == 0) return ReadPhysical(plan, first, count, wanted, context);
  const uint64_t begin = deleted->PhysicalOffset(first);
  const uint64_t window = deleted->PhysicalOffset(first + count - 1) + 1 - begin;
  const std::vector<rows::RowRange> ranges = deleted->LiveRanges(begin, window);
  if (ranges.size() <= kMaxRangeReads) {
    std::vector<std::vector<ArrayPtr>> parts;
    for (const rows::RowRange& range : ranges) parts.push_back(ReadPhysical(plan, range.first, range.count, wanted, context));
    if (parts.size() == 1) return std::move(parts[0]);
    std::vector<ArrayPtr> out;
    for (size_t column = 0; column < parts[0].size(); ++column) {
      std::vector<ArrayPtr> pieces;
      for (const std::vector<ArrayPtr>& part : parts) pieces.push_back(part[column]);
      out.push_back(pieces[0] ? ConcatArrays(pieces) : nullptr);
    }
    return out;
  }
  std::vector<int64_t> live;
  live.reserve(count);
  for (const rows::RowRange& range : ranges) {
    for (uint64_t i = 0; i < range.count; ++i) live.push_back(static_cast<int64_t>(range.first - begin + i));
  }
  if (window > 4 * count) {  // mostly deleted: read only what lives
    std::vector<uint64_t> offsets(live.size());
    for (size_t i = 0; i < live.size(); ++i) offsets[i] = begin + static_cast<uint64_t>(live[i]);
    return Take(plan, offsets, wanted, context);
  }
  return TakeAll(ReadPhysical(plan, begin, window, wanted, context), live);
}

void FragmentReader::PhysicalOffsets(std::span<const uint64_t> positions, std::span<uint64_t> out,
                                     const file::ReadContext& context) const {
  const rows::DeletionVector* deleted = deletions(context);
  if (deleted) {
    deleted->PhysicalOffsets(positions, out);
  } else {
    std::copy(positions.begin(), positions.end(), out.begin());
  }
}

std::vector<ArrayPtr> FragmentReader::Take(const ReadPlan& plan, std::span<const uint64_t> physical, const std::vector<bool>& wanted,
                                           const file::ReadContext& context) const {
  return ReadFiles(plan, static_cast<int64_t>(physical.size()), wanted, context,
                   [&](const file::FileReader& reader, std::span<const file::ColumnProjection> columns) {
                     return reader.Take(columns, physical, context);
                   });
}

bool FragmentReader::AddTo(file::FieldTake& take, const ReadPlan& plan, size_t output, std::span<const uint64_t> physical,
                           std::span<const uint32_t> slots, const file::ReadContext& context) const {
  const FragmentProjection& projection = plan.ForFragment(index_);
  const FragmentProjection::Place place = projection.places[output];
  if (place.file < 0 || plan.materializes(output)) return false;
  const FileProjection& file = projection.files[static_cast<size_t>(place.file)];
  return take.Add(OpenFile(file.file_index, context), file.columns[static_cast<size_t>(place.column)], physical, slots, context);
}

const rows::RowIdSequence& FragmentReader::StableRowIds() const {
  std::call_once(row_ids_once_, [this] {
    if (fragment_.proto().has_external_row_ids()) throw Unsupported("fragment {}: row ids in an external file", id());
    const std::string& bytes = fragment_.proto().inline_row_ids();
    row_ids_ = rows::RowIdSequence::Parse(SpanOf(bytes),
                                          fragment_.physical_rows());
  });
  return row_ids_;
}

const BlobFiles& FragmentReader::Blobs(int file_index, const file::ReadContext& context) const {
  const file::FileReader& reader = OpenFile(file_index, context);
  std::lock_guard lock(mutex_);
  blobs_.resize(static_cast<size_t>(fragment_.num_files()));
  std::unique_ptr<const BlobFiles>& blobs = blobs_[static_cast<size_t>(file_index)];
  if (!blobs) blobs = std::make_unique<const BlobFiles>(snapshot_, fragment_.file(file_index), reader.blob_sums(context.stats));
  return *blobs;
}

std::vector<BlobPlace> FragmentReader::PlaceBlobs(const ReadPlan& plan, std::span<const uint64_t> physical,
                                                  const file::ReadContext& context) const {
  const FragmentProjection& projection = plan.ForFragment(index_);
  if (projection.files.empty()) return std::vector<BlobPlace>(physical.size());
  const LanceField* field = &plan.projected().fields.at(0);
  ArrayPtr array = ReadFiles(plan, static_cast<int64_t>(physical.size()), {}, context,
                             [&](const file::FileReader& reader, std::span<const file::ColumnProjection> columns) {
                               return reader.Take(columns, physical, context);
                             })[0];
  for (; BlobFormOf(*field) == BlobForm::kNone; field = &field->children[0]) {
    if (field->logical_type != "struct" || field->children.size() != 1) {
      throw Invalid("column '{}': a {} is no blob, nor a struct of one", field->name, field->logical_type);
    }
    array = StructChild(*array, 0);
  }
  return Blobs(projection.files[0].file_index, context).Places(*array, field->name);
}

void FragmentReader::RowIds(std::span<const uint64_t> physical, uint64_t* out) const {
  if (!snapshot_.manifest->uses_stable_row_ids()) {
    for (size_t i = 0; i < physical.size(); ++i) out[i] = id() << 32 | physical[i];
    return;
  }
  const rows::RowIdSequence& row_ids = StableRowIds();
  ForEachRun(physical, [&](size_t at, uint64_t first, uint64_t count) {
    if (first + count > row_ids.size()) throw Corrupt("fragment {}: row {} has no row id", id(), std::max(first, row_ids.size()));
    row_ids.Read(first, count, out + at);
  });
}

const rows::RowVersions& FragmentReader::Versions(SystemColumn which) const {
  const bool created = which == SystemColumn::kCreatedAt;
  rows::RowVersions& versions = versions_[created ? 0 : 1];
  std::call_once(versions_once_[created ? 0 : 1], [&] {
    const table::DataFragmentProto& proto = fragment_.proto();
    if (proto.has_external_created_at_versions() || proto.has_external_last_updated_at_versions()) {
      throw Unsupported("fragment {}: versions of rows in an external file", id());
    }
    const std::string& bytes = created ? proto.inline_created_at_versions() : proto.inline_last_updated_at_versions();
    versions = rows::RowVersions::Parse(SpanOf(bytes), fragment_.physical_rows());
  });
  return versions;
}

void FragmentReader::VersionsOfRows(SystemColumn which, std::span<const uint64_t> physical, uint64_t* out) const {
  constexpr uint64_t kFirstVersion = 1;  // as the reference answers for tables that do not keep them
  if (!snapshot_.manifest->uses_stable_row_ids()) {
    std::fill_n(out, physical.size(), kFirstVersion);
    return;
  }
  const rows::RowVersions& versions = Versions(which);
  ForEachRun(physical, [&](size_t at, uint64_t first, uint64_t count) {
    const uint64_t known = first < versions.size() ? std::min(count, versions.size() - first) : 0;
    if (known > 0) versions.Read(first, known, out + at);
    std::fill_n(out + at + known, count - known, kFirstVersion);
  });
}

}  // namespace eider::query
