#include "eider/file/file_reader.h"

#include <algorithm>
#include <numeric>

#include "eider/array/take.h"
#include "eider/base/parse_message.h"
#include "eider/file/array_columns.h"
#include "eider/file/blob_sums.h"
#include "eider/file/column_pages.h"
#include "eider/file/column_read.h"
#include "eider/file/file_reader_impl.h"
#include "eider/file/field_read.h"
#include "eider/file/file_tail.h"
#include "eider/file/legacy_columns.h"
#include "eider/page/field_plan.h"
#include "eider/schema/blob_columns.h"

namespace eider::file {
namespace {

using page::FieldPlan;

// The fixed-size lists of structs above the first leaf: its column counts their items.
uint64_t RowsPerRow(const LanceSchema& schema) {
  if (schema.fields.empty()) return 1;
  try {
    return page::PlanField(DescribeBlobs(schema.fields[0])).leaves.at(0)->rows_per_row;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kUnsupported) return 1;  // reading that column will say what it is
    throw;
  }
}

size_t CountLeaves(const LanceField& field) {
  if (field.IsLeaf()) return 1;
  size_t n = 0;
  for (const LanceField& child : field.children) n += CountLeaves(child);
  return n;
}

/// The wanted rows in ascending order without duplicates, and where each wanted row lies among them.
struct SortedRows {
  std::vector<uint64_t> rows;
  std::vector<int64_t> positions;

  explicit SortedRows(std::span<const uint64_t> wanted) : positions(wanted.size()) {
    std::vector<uint32_t> order(wanted.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return wanted[a] < wanted[b]; });
    for (const uint32_t i : order) {
      if (rows.empty() || rows.back() != wanted[i]) rows.push_back(wanted[i]);
      positions[i] = static_cast<int64_t>(rows.size()) - 1;
    }
  }
};

}  // namespace

uint64_t CopiedBytes(const Array& array) {
  uint64_t bytes = array.validity.size();
  for (const Buffer& buffer : array.buffers) bytes += buffer.size();
  for (const ArrayPtr& child : array.children) bytes += CopiedBytes(*child);
  return bytes;
}

std::string FileReader::Impl::Where() const { return fmt::format("file '{}'", file->path()); }

void FileReader::Impl::AddReads(const ColumnProjection& projection, const FieldPlan& plan, const FileRows& rows, ScanStats* stats,
                                std::vector<LeafRead>& reads) const {
  if (projection.leaf_columns.size() != plan.leaves.size()) {
    throw Invalid("column '{}': {} leaves, {} file columns given", projection.field.name, plan.leaves.size(), projection.leaf_columns.size());
  }
  for (size_t i = 0; i < plan.leaves.size(); ++i) {
    const int32_t index = projection.leaf_columns[i];
    if (index == -1) continue;
    if (index < 0 || static_cast<uint32_t>(index) >= tail().num_columns) {
      throw Corrupt("column '{}': file column {} of {}", plan.paths[i], index, tail().num_columns);
    }
    const ColumnPages& column = Column(static_cast<size_t>(index), stats);
    const uint64_t expected = CheckedMul(num_rows, plan.leaves[i]->rows_per_row, "rows");
    if (column.num_rows() != expected) {
      throw Corrupt("column '{}': its pages hold {} rows, the file has {}", plan.paths[i], column.num_rows(), expected);
    }
    reads.push_back({.column = &column, .leaf = plan.leaves[i], .path = &plan.paths[i], .rows = rows});
  }
}

std::vector<ArrayPtr> FileReader::Impl::Read(std::span<const ColumnProjection> projections, const FileRows& rows,
                                             const ReadContext& context) const {
  if (stored) return ReadStored(projections, rows, context);
  std::vector<const FieldPlan*> plans;
  plans.reserve(projections.size());
  std::vector<LeafRead> reads;
  reads.reserve(projections.size());
  SortedRowsHolder sorted;
  std::vector<bool> gathered(projections.size(), false);
  for (size_t c = 0; c < projections.size(); ++c) {
    plans.push_back(&projections[c].plan.Get(projections[c].field));
    const size_t first = reads.size();
    AddReads(projections[c], *plans.back(), rows, context.stats, reads);
    if (rows.is_range() || sorted.IsAscending(rows)) continue;
    bool any_order = true;
    for (size_t i = first; i < reads.size() && any_order; ++i) {
      any_order = ReadsAnyOrder(*reads[i].column, reads[i].leaf, *reads[i].path);
    }
    if (any_order) continue;
    gathered[c] = true;
    for (size_t i = first; i < reads.size(); ++i) reads[i].rows = sorted.Get(rows);
  }
  ReadLeaves(*file, reads, context);
  return Assemble(projections, plans, reads, rows, sorted, gathered, context);
}

std::vector<ArrayPtr> FileReader::Impl::Assemble(std::span<const ColumnProjection> projections, std::span<const FieldPlan* const> plans,
                                                 std::span<LeafRead> reads, const FileRows& rows, SortedRowsHolder& sorted,
                                                 const std::vector<bool>& gathered, const ReadContext& context) const {
  std::vector<ArrayPtr> arrays;
  arrays.reserve(projections.size());
  size_t next = 0;
  uint64_t copied = 0;
  std::vector<page::LeafOutput*> outputs;
  for (size_t c = 0; c < projections.size(); ++c) {
    outputs.clear();
    uint64_t viewed = 0;
    for (const int32_t column : projections[c].leaf_columns) {
      outputs.push_back(column == -1 ? nullptr : reads[next++].output.get());
      if (outputs.back() != nullptr) viewed += outputs.back()->viewed_bytes;
    }
    ArrayPtr array = page::AssembleField(*plans[c], outputs, gathered[c] ? sorted.Get(rows).count : rows.count);
    if (context.stats) copied += CopiedBytes(*array) - viewed;
    if (gathered[c]) {
      array = TakeArray(array, sorted.positions());
      if (context.stats) copied += CopiedBytes(*array);
    }
    arrays.push_back(std::move(array));
  }
  if (context.stats) context.stats->bytes_copied.fetch_add(copied, std::memory_order_relaxed);
  return arrays;
}

void FileReader::Impl::OpenStored(const LegacyTable& table, std::optional<uint64_t> known_rows) {
  if (tail().version.IsArrays()) {
    stored = std::make_unique<const ArrayColumns>(*file, tail());
    if (!known_rows && tail().num_columns > 0) num_rows = stored->Column(0).num_rows();
    return;
  }
  auto columns = std::make_unique<const LegacyColumns>(*file, table);
  legacy_schema = columns->schema();
  num_rows = columns->num_rows();
  if (known_rows && *known_rows != num_rows) throw Corrupt("{} rows where the manifest has {}", num_rows, *known_rows);
  stored = std::move(columns);
}

namespace {

/// Of descriptors of version 2.0 those with position 1 and no bytes are null.
ArrayPtr MarkNullDescriptors(const Array& blobs) {
  const uint64_t* positions = blobs.children[0]->buffers[0].as<uint64_t>() + blobs.children[0]->offset + blobs.offset;
  const uint64_t* sizes = blobs.children[1]->buffers[0].as<uint64_t>() + blobs.children[1]->offset + blobs.offset;
  BitBuilder valid;
  for (int64_t i = 0; i < blobs.length; ++i) valid.AppendBit(positions[i] != 1 || sizes[i] != 0);
  auto out = std::make_shared<Array>(blobs);
  out->children = {SliceArray(blobs.children[0], blobs.offset, blobs.length), SliceArray(blobs.children[1], blobs.offset, blobs.length)};
  out->offset = 0;
  out->validity = valid.Finish();
  out->null_count = -1;
  return out;
}

ArrayPtr MarkNullBlobs(const ArrayPtr& array, const LanceField& field) {
  if (!HasBlobs(field)) return array;
  if (BlobFormOf(field) == BlobForm::kV1 && array->length > 0 && !array->validity.present()) return MarkNullDescriptors(*array);
  if (BlobFormOf(field) != BlobForm::kNone) return array;
  auto out = std::make_shared<Array>(*array);
  for (size_t i = 0; i < out->children.size(); ++i) out->children[i] = MarkNullBlobs(out->children[i], field.children[i]);
  return out;
}

}  // namespace

std::vector<ArrayPtr> FileReader::Impl::ReadStored(std::span<const ColumnProjection> projections, const FileRows& rows,
                                                   const ReadContext& context) const {
  SortedRowsHolder sorted;
  page::RowRanges ranges;
  if (rows.is_range()) {
    page::AppendRange(ranges, {rows.first, rows.count});
  } else {
    const FileRows ascending = sorted.Get(rows);
    for (uint64_t i = 0; i < ascending.count; ++i) page::AppendRange(ranges, {ascending.rows[i], 1});
  }
  std::vector<ColumnProjection> described(projections.begin(), projections.end());  // the reads refer to their fields
  std::vector<page::ArrayReadPtr> reads;
  for (ColumnProjection& projection : described) {
    projection.field = DescribeBlobs(projection.field);
    if (HasBlobs(projection.field) && stored->by_field_id()) {
      throw Unsupported("column '{}': blobs of file version {}", projection.field.name, tail().version.ToString());
    }
    reads.push_back(MakeFieldRead(projection, *stored, num_rows, ranges));
  }
  std::vector<ArrayPtr> arrays = FinishReads(*file, reads, context);
  for (size_t i = 0; i < arrays.size(); ++i) arrays[i] = MarkNullBlobs(arrays[i], described[i].field);
  if (!rows.is_range()) {
    for (ArrayPtr& array : arrays) array = TakeArray(array, sorted.positions());
  }
  if (context.stats) {
    for (const ArrayPtr& array : arrays) context.stats->bytes_copied.fetch_add(CopiedBytes(*array), std::memory_order_relaxed);
  }
  return arrays;
}

bool SortedRowsHolder::IsAscending(const FileRows& rows) {
  if (!ascending_) ascending_ = std::is_sorted(rows.rows, rows.rows + rows.count);
  return *ascending_;
}

FileRows SortedRowsHolder::Get(const FileRows& rows) {
  if (rows_.empty() && rows.count > 0) {
    SortedRows sorted(std::span(rows.rows, rows.count));
    rows_ = std::move(sorted.rows);
    positions_ = std::move(sorted.positions);
  }
  return {.count = rows_.size(), .rows = rows_.data()};
}

PlanCache& PlanCache::operator=(const PlanCache&) noexcept {
  delete plan_.exchange(nullptr, std::memory_order_acq_rel);
  return *this;
}

PlanCache::~PlanCache() { delete plan_.load(std::memory_order_relaxed); }

const FieldPlan& PlanCache::Get(const LanceField& field) const {
  if (const FieldPlan* plan = plan_.load(std::memory_order_acquire)) return *plan;
  auto made = std::make_unique<const FieldPlan>(page::PlanField(field));
  const FieldPlan* expected = nullptr;
  if (!plan_.compare_exchange_strong(expected, made.get(), std::memory_order_acq_rel)) return *expected;
  return *made.release();
}

FileReader::FileReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FileReader::~FileReader() = default;

namespace {

std::shared_ptr<const FileState> OpenState(const io::ReadableFile& file, const ReadContext& context) {
  const bool verify = context.verify && (context.session == nullptr || context.session->verifies_checksums());
  std::string name = context.session ? file.StateName() : std::string();
  if (!name.empty() && !verify) name += "?unverified";
  if (!name.empty()) {
    if (auto known = context.session->cache().Find(name)) return std::static_pointer_cast<const FileState>(known);
  }
  // Several files may be open at once, and a scan needs most of the budget for itself.
  const uint64_t max_kept_bytes = context.session ? context.session->memory_limit() / 8 : ~uint64_t{0};
  auto state = std::make_shared<const FileState>(ReadFileTail(file, context.stats), max_kept_bytes, verify);
  if (!name.empty()) context.session->cache().Insert(name, state);
  return state;
}

}  // namespace

std::shared_ptr<const FileReader> FileReader::Open(io::ReadableFilePtr file, const ReadContext& context,
                                                   std::optional<uint64_t> known_rows, const LegacyTable& table) {
  auto impl = std::make_unique<Impl>();
  impl->file = std::move(file);
  InContext([&] { return impl->Where(); }, [&] {
    impl->state = OpenState(*impl->file, context);
    impl->num_rows = known_rows.value_or(0);
    if (impl->tail().version.IsLegacy() || impl->tail().version.IsArrays()) return impl->OpenStored(table, known_rows);
    if (known_rows) return;
    const uint64_t per_row = RowsPerRow(impl->state->Schema(*impl->file, context.stats));
    if (impl->tail().num_columns == 0) return;
    const uint64_t rows = impl->Column(0, context.stats).num_rows();
    if (rows % per_row != 0) throw Corrupt("column 0: {} rows where each row of the file has {}", rows, per_row);
    impl->num_rows = rows / per_row;
    if (impl->num_rows > kMaxRows) throw Corrupt("{} rows, more than a row address can count", impl->num_rows);
  });
  return std::shared_ptr<const FileReader>(new FileReader(std::move(impl)));
}

const std::string& FileReader::path() const { return impl_->file->path(); }
FileVersion FileReader::version() const { return impl_->tail().version; }
uint64_t FileReader::num_rows() const { return impl_->num_rows; }
const LanceSchema& FileReader::schema() const {
  if (impl_->tail().version.IsLegacy()) return impl_->legacy_schema;
  return InContext([&] { return impl_->Where(); }, [&]() -> const LanceSchema& { return impl_->state->Schema(*impl_->file, nullptr); });
}
uint32_t FileReader::num_columns() const { return impl_->tail().num_columns; }
uint32_t FileReader::num_global_buffers() const { return impl_->tail().num_global_buffers; }

Buffer FileReader::ReadGlobalBuffer(uint32_t index) const {
  if (index >= num_global_buffers()) {
    throw Invalid("file '{}': global buffer {} of {}", path(), index, num_global_buffers());
  }
  return InContext([&] { return impl_->Where(); }, [&] {
    Buffer bytes = ReadThroughTail(*impl_->file, impl_->tail(), impl_->tail().global_buffer(index), nullptr);
    if (const FileSums* sums = impl_->state->Sums(*impl_->file, nullptr)) sums->CheckGlobalBuffer(index, bytes.span());
    return bytes;
  });
}

std::vector<ColumnProjection> FileReader::AllColumns() const {
  if (impl_->stored) return AllStoredColumns(schema(), *impl_->stored);
  std::vector<ColumnProjection> projections;
  int32_t next = 0;
  for (const LanceField& field : schema().fields) {
    ColumnProjection projection{.field = DescribeBlobs(field)};
    for (size_t i = CountLeaves(field); i > 0; --i) projection.leaf_columns.push_back(next++);
    projections.push_back(std::move(projection));
  }
  return projections;
}

std::vector<ArrayPtr> FileReader::ReadRange(std::span<const ColumnProjection> columns, uint64_t first, uint64_t count,
                                            const ReadContext& context) const {
  return InContext([&] { return impl_->Where(); }, [&] {
    if (first > impl_->num_rows || count > impl_->num_rows - first) {
      throw Invalid("rows [{}, +{}) of {}", first, count, impl_->num_rows);
    }
    impl_->file->CheckNotCut();
    return impl_->Read(columns, {.first = first, .count = count}, context);
  });
}

std::vector<ArrayPtr> FileReader::Take(std::span<const ColumnProjection> columns, std::span<const uint64_t> rows,
                                       const ReadContext& context) const {
  return InContext([&] { return impl_->Where(); }, [&] {
    for (const uint64_t row : rows) {
      if (row >= impl_->num_rows) throw Invalid("row {} of {}", row, impl_->num_rows);
    }
    impl_->file->CheckNotCut();
    if (rows.empty()) return impl_->Read(columns, {}, context);
    return impl_->Read(columns, {.count = rows.size(), .rows = rows.data()}, context);
  });
}

uint64_t FileReader::UnkeptStateBytes(std::span<const ColumnProjection> columns, const ReadContext& context) const {
  if (impl_->stored) return 0;
  return InContext([&] { return impl_->Where(); }, [&] {
    uint64_t bytes = 0;
    std::vector<LeafRead> reads;
    for (const ColumnProjection& column : columns) impl_->AddReads(column, column.plan.Get(column.field), {}, context.stats, reads);
    for (const LeafRead& read : reads) {
      for (size_t number = 0; number < read.column->num_pages(); ++number) {
        std::unique_ptr<page::PageDecoder> owned;
        read.column->Decoder(number, read.leaf, owned);
        if (owned) bytes += owned->state_bytes();
      }
    }
    return bytes;
  });
}

std::shared_ptr<const BlobSums> FileReader::blob_sums(ScanStats* stats) const {
  return InContext([&] { return impl_->Where(); }, [&]() -> std::shared_ptr<const BlobSums> {
    const FileSums* sums = impl_->tail().version.IsLegacy() ? nullptr : impl_->state->Sums(*impl_->file, stats);
    const std::optional<ByteRange> range = sums ? sums->BlobSumsRange(impl_->tail()) : std::nullopt;
    return range ? std::make_shared<const BlobSums>(impl_->file, *range) : nullptr;
  });
}

void FileReader::CountRanges(std::span<const ByteRange> ranges, ScanStats* stats) const {
  io::CountRequests(ranges, stats);
}

}  // namespace eider::file
