#include "eider/file/file_writer.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <unordered_set>

#include "eider/array/types.h"
#include "eider/base/bytes.h"
#include "eider/base/crc32c.h"
#include "eider/base/error.h"
#include "eider/base/memory_budget.h"
#include "eider/file/blob_writer.h"
#include "eider/file/checksums.h"
#include "eider/file/column_writer.h"
#include "eider/file/file_footer.h"
#include "eider/file/page_queue.h"
#include "eider/page/gather.h"
#include "eider/page/page_cuts.h"
#include "eider/proto/file2.pb.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/field_proto.h"

namespace eider::file {
namespace {

namespace proto = ::lance::file;

constexpr uint64_t kAlignment = 64;
constexpr uint8_t kPadByte = 'H';
/// However many columns share the buffer, a page is worth at least so much.
constexpr uint64_t kMinColumnShare = 8 << 10;
/// Rows that make an encoded page: large enough to forget its metadata, small enough that cores share a column.
constexpr uint64_t kEncodedPageBytes = 4 << 20;
/// The last rows of a file: texts cost so much more than other values that cores share even these.
constexpr uint64_t kLastTextPageBytes = 1 << 20;
/// Rows handed to the encoders and not yet written.
constexpr uint64_t kMaxQueuedBytes = 64 << 20;

/// Serializes with map entries in key order: the same file for the same input.
template <typename Message>
std::string Serialize(const Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

bool IsVariableWidth(const DataType& type) {
  const Layout layout = LayoutOf(type.id);
  return layout == Layout::kVariable32 || layout == Layout::kVariable64 || layout == Layout::kView;
}

/// As footers say it: 2.0 was version 0.3 once.
FileVersion FooterVersion(FileVersion version) { return version == FileVersion{2, 0} ? FileVersion{0, 3} : version; }

proto::Encoding DirectEncoding(const char* type_url, std::string message) {
  proto::TypedMessage typed;
  typed.set_type_url(type_url);
  typed.set_value(std::move(message));
  proto::Encoding encoding;
  encoding.mutable_direct()->set_encoding(Serialize(typed));
  return encoding;
}

bool HasField(const std::vector<LanceField>& fields, std::string_view path) {
  for (const LanceField& field : fields) {
    if (!path.starts_with(field.name)) continue;
    const std::string_view rest = path.substr(field.name.size());
    if (rest.empty() || (rest[0] == '.' && HasField(field.children, rest.substr(1)))) return true;
  }
  return false;
}

void RequireField(const LanceSchema& schema, const std::string& path) {
  if (!HasField(schema.fields, path)) throw Invalid("encoding of column '{}': there is no such column", path);
}

/// Version 2.0 has none of the choices that a request makes.
void RequireEncodings(const LanceSchema& schema, const FileWriteOptions& options) {
  const page::EncodingRequest& request = options.encoding;
  if (options.version.minor == 0 && (request.compact || !request.columns.empty())) {
    throw Unsupported("profile compact and options by column need file version 2.1 or later, this one is {}", options.version.ToString());
  }
  for (const auto& [path, keys] : request.columns) RequireField(schema, path);
}

}  // namespace

/// One column of the file: the pages of a leaf.
struct LeafColumn {
  const page::ColumnLeaf* leaf = nullptr;
  proto::ColumnMetadata metadata;
  std::unordered_set<std::string> dictionary_values = {};  ///< of all pages, for 8- and 16-bit keys

  /// The reference reads a column of structs (2.0) only when it is one page, which has no bytes: true when the first has grown.
  bool ExtendStructs(const page::EncodedPage& page) {
    const bool structs = leaf->type->id == TypeId::kStruct && !leaf->options.packs_fields;
    if (page.array_encoding.empty() || !structs || metadata.pages_size() == 0) return false;
    metadata.mutable_pages(0)->set_length(metadata.pages(0).length() + page.num_rows);
    return true;
  }
  void AddDictionary(const page::EncodedPage& page) {
    dictionary_values.insert(page.dictionary_values.begin(), page.dictionary_values.end());
    if (page.dictionary_values.empty()) return;
    const DataType& keys = *leaf->type->index_type;
    if (const uint64_t limit = page::MaxDictionaryItems(keys); dictionary_values.size() > limit) {
      throw Invalid("column '{}': {} distinct values, but dictionary keys of type {} name {} at most", leaf->path,
                    dictionary_values.size(), TypeToString(keys), limit);
    }
  }
};

struct FileWriter::Impl {
  Impl(std::unique_ptr<io::WritableFile> file, LanceSchema lance_schema, const FileWriteOptions& write_options,
       std::shared_ptr<Session> write_session)
      : out(std::move(file)), schema(std::move(lance_schema)), options(write_options), session(std::move(write_session)) {
    if (options.version.major != 2 || options.version.minor > 2) {
      throw Unsupported("writing file version {}", options.version.ToString());
    }
    RequireEncodings(schema, options);
    for (size_t i = 0; i < schema.fields.size(); ++i) {
      blobs.push_back(MakeBlobWriter(schema.fields[i]));
      const LanceField field = DescribeBlobs(schema.fields[i]);
      columns.push_back(std::make_unique<ColumnWriter>(uint32_t(i), field, ToArrowField(field), options.version.minor, options.encoding));
      first_leaf.push_back(leaves.size());
      for (const page::ColumnLeaf& leaf : columns.back()->leaves()) AddLeafColumn(leaf);
    }
    if (options.checksums && options.version.minor >= 1) sums.emplace(leaves.size());
    const uint64_t buffered = std::min(options.buffered_bytes, session->memory_limit() / 4);
    column_share = std::max(kMinColumnShare, buffered / std::max<uint64_t>(columns.size(), 1));
    page_bytes = std::max<uint64_t>(1, std::min(options.max_page_bytes, session->memory_limit() / 8));
    max_queued_bytes = session->cpu_pool().num_threads() == 0 ? 0 : std::min(kMaxQueuedBytes, session->memory_limit() / 8);
  }

  std::unique_ptr<BlobWriter> MakeBlobWriter(const LanceField& field) {
    if (!HasBlobs(field)) return nullptr;
    RequireBlobVersion(field, options.version.minor);
    const auto append = [this](ByteSpan bytes) {
      Pad();
      const uint64_t position = out->size();
      if (!bytes.empty()) out->Append(bytes);
      return position;
    };
    if (options.checksums && options.version.minor >= 1 && !blob_sums) blob_sums.emplace();
    return std::make_unique<BlobWriter>(field, append, &side_cars, blob_sums ? &*blob_sums : nullptr);
  }

  void AddLeafColumn(const page::ColumnLeaf& leaf) {
    proto::ColumnEncoding values;
    values.mutable_values();
    proto::ColumnEncoding blobs;
    blobs.mutable_blob()->set_inner(Serialize(values));
    const bool is_blob = options.version.minor == 0 && leaf.options.describes_blobs;  // later versions say so in the pages
    LeafColumn column{.leaf = &leaf};
    *column.metadata.mutable_encoding() = DirectEncoding("/lance.encodings.ColumnEncoding", Serialize(is_blob ? blobs : values));
    leaves.push_back(std::move(column));
  }

  void Pad() {
    const uint64_t padding = AlignUp(out->size(), kAlignment) - out->size();
    uint8_t bytes[kAlignment];
    std::memset(bytes, kPadByte, sizeof(bytes));
    if (padding) out->Append({bytes, padding});
  }

  void WritePage(const page::EncodedPage& encoded, uint64_t first_row, proto::ColumnMetadata& column) {
    proto::Page* page = column.add_pages();
    for (const page::PageBuffer& buffer : encoded.buffers) {
      Pad();
      page->add_buffer_offsets(out->size());
      page->add_buffer_sizes(buffer.size());
      for (const ByteSpan part : buffer.parts) {
        if (!part.empty()) out->Append(part);
      }
    }
    page->set_length(encoded.num_rows);
    page->set_priority(first_row);
    *page->mutable_encoding() = encoded.array_encoding.empty()
                                    ? DirectEncoding("/lance.encodings21.PageLayout", Serialize(encoded.layout))
                                    : DirectEncoding("/lance.encodings.ArrayEncoding", encoded.array_encoding);
  }

  /// Hands the groups' leaves to the encoders, cut into pages that are worth one each.
  void PutGroups(std::vector<PageGroup> groups, bool are_last = false) {
    for (PageGroup& group : groups) {
      const size_t first = first_leaf[group.column];
      for (size_t i = 0; i < columns[group.column]->leaves().size(); ++i) {
        const page::ColumnLeaf& leaf = *leaves[first + i].leaf;
        uint64_t row = group.first_row;
        const uint64_t encoded_bytes = are_last && IsVariableWidth(*leaf.type) ? kLastTextPageBytes : kEncodedPageBytes;
        for (std::vector<ArrayPtr>& pieces : page::CutPages(group.pieces, leaf, encoded_bytes)) {
          CheckInterrupt();
          PageTask task{.leaf = &leaf, .leaf_index = first + i, .first_row = row * leaf.rows_per_row, .pieces = std::move(pieces)};
          task.wants_sums = sums.has_value();
          for (const ArrayPtr& piece : task.pieces) {
            row += piece->length;
            task.bytes += ArrayBytes(*piece);
          }
          queue.Put(std::move(task));
          WriteReady(max_queued_bytes);
        }
      }
    }
  }

  /// Writes the pages of the first task, and waits for them where they are not encoded yet.
  void WriteOne() {
    const PageTask task = queue.Take();
    uint64_t row = task.first_row;
    for (size_t i = 0; i < task.pages.size(); ++i) {
      const page::EncodedPage& page = task.pages[i];
      leaves[task.leaf_index].AddDictionary(page);
      if (leaves[task.leaf_index].ExtendStructs(page)) continue;
      WritePage(page, row, leaves[task.leaf_index].metadata);
      if (sums) sums->AddPage(task.leaf_index, page, task.sums[i]);
      row += page.num_rows;
    }
  }
  /// Writes what is encoded, and waits for more while more than `max_bytes` are on their way.
  void WriteReady(uint64_t max_bytes) {
    while (!queue.empty() && (queue.ready() || queue.bytes() > max_bytes)) WriteOne();
  }
  void WriteAll() {
    while (!queue.empty()) {
      CheckInterrupt();
      WriteOne();
    }
  }

  /// Holds what waits here against the budget; false, and all is moved to `groups`, when there is no room for it.
  bool ChargePending(std::vector<PageGroup>& groups) {
    uint64_t pending = queue.bytes();
    for (const auto& column : columns) pending += column->pending_bytes();
    charge = BudgetCharge();
    if (std::optional<BudgetCharge> held = BudgetCharge::Try(session->budget(), pending)) {
      charge = std::move(*held);
      return true;
    }
    for (const auto& column : columns) column->Flush(groups);
    return false;
  }

  /// \throws Error(kInvalid) before anything of the batch is taken.
  void Check(const RecordBatch& batch) const {
    if (batch.columns.size() != columns.size()) {
      throw Invalid("expected {} columns, found {}", columns.size(), batch.columns.size());
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      if (blobs[i]) {
        blobs[i]->Check(*batch.columns[i]);
      } else {
        columns[i]->Check(batch.columns[i]);
      }
      if (batch.columns[i]->length != batch.num_rows) {
        throw Invalid("column '{}': {} rows in a batch of {}", columns[i]->name(), batch.columns[i]->length, batch.num_rows);
      }
    }
    if (uint64_t(batch.num_rows) > kMaxRows - num_rows) {
      throw Invalid("{} rows after {}: a file holds at most {}", batch.num_rows, num_rows, kMaxRows);
    }
  }

  void Write(const RecordBatch& batch) {
    std::vector<PageGroup> groups;
    for (size_t i = 0; i < columns.size(); ++i) {
      columns[i]->Add(StoreBlobs(i, batch.columns[i]), page_bytes, groups);
      if (columns[i]->pending_bytes() > column_share) columns[i]->Flush(groups);
    }
    num_rows += batch.num_rows;
    const bool over_budget = !ChargePending(groups);
    PutGroups(std::move(groups));
    if (over_budget) WriteAll();
  }

  /// The array as pages hold it: values of blobs are written here and now, nothing waits for them.
  ArrayPtr StoreBlobs(size_t column, const ArrayPtr& array) {
    if (!blobs[column]) return array;
    return InContext([&] { return fmt::format("column '{}'", columns[column]->name()); }, [&] {
      ArrayPtr stored = blobs[column]->Store(array);
      columns[column]->Check(stored);
      return stored;
    });
  }

  std::string Descriptor() const {
    proto::FileDescriptor descriptor;
    LanceSchema stored = schema;
    for (LanceField& field : stored.fields) field = StoreBlobFields(field);
    SchemaToProto(stored, descriptor.mutable_schema()->mutable_fields(), descriptor.mutable_schema()->mutable_metadata());
    descriptor.set_length(num_rows);
    return Serialize(descriptor);
  }

  uint32_t AddGlobalBuffer(ByteSpan bytes) {
    Pad();
    global_buffers.push_back({out->size(), bytes.size()});
    if (!bytes.empty()) out->Append(bytes);
    global_sums.push_back(Crc32c(bytes));
    return uint32_t(global_buffers.size());
  }
  /// The last global buffers, beside the metadata that is read anyway.
  void WriteSums(const std::string& descriptor, const std::vector<std::string>& metadata) {
    if (blob_sums) AddGlobalBuffer(blob_sums->Serialize().span());
    global_sums.insert(global_sums.begin(), Crc32c(SpanOf(descriptor)));
    AddGlobalBuffer(sums->Serialize(options.version, metadata, global_sums, blob_sums.has_value()).span());
  }

  FileSummary Finish(bool sync) {
    std::vector<PageGroup> groups;
    for (const auto& column : columns) column->Flush(groups);
    PutGroups(std::move(groups), true);
    WriteAll();
    charge = BudgetCharge();
    for (const auto& blob : blobs) {
      if (blob) blob->Finish();
    }
    FileSummary summary{.num_rows = num_rows, .version = options.version};
    std::vector<std::string> metadata;
    for (size_t i = 0; i < leaves.size(); ++i) {
      metadata.push_back(Serialize(leaves[i].metadata));
      summary.field_ids.push_back(leaves[i].leaf->field_id);
      summary.column_indices.push_back(int32_t(i));
    }
    const std::string descriptor = Descriptor();
    if (sums) WriteSums(descriptor, metadata);
    Pad();
    out->Append(SerializeFileEnd(out->size(), descriptor, metadata, global_buffers, FooterVersion(options.version), sums.has_value()).span());
    summary.size_bytes = out->size();
    out->Close(sync);
    return summary;
  }

  std::unique_ptr<io::WritableFile> out;
  LanceSchema schema;
  const FileWriteOptions options;
  const std::shared_ptr<Session> session;
  SideCars side_cars{options.blobs};
  std::optional<BlobSumWriter> blob_sums;          ///< where there are blobs, and checksums are wanted
  std::vector<std::unique_ptr<BlobWriter>> blobs;  ///< per column; null where there are none
  std::vector<std::unique_ptr<ColumnWriter>> columns;
  std::vector<size_t> first_leaf;   ///< per column, into `leaves`
  std::vector<LeafColumn> leaves;
  std::vector<ByteRange> global_buffers;
  std::vector<uint32_t> global_sums;  ///< of `global_buffers`
  std::optional<SumWriter> sums;
  BudgetCharge charge;
  uint64_t column_share = 0;
  uint64_t page_bytes = 0;
  uint64_t max_queued_bytes = 0;
  uint64_t num_rows = 0;
  std::string over;  ///< why nothing more can be written
  PageQueue queue{session->cpu_pool()};  ///< last: its tasks use the rest
};

namespace {

template <typename Impl>
void RequireOpen(const Impl& impl) {
  if (!impl.over.empty()) throw Invalid("{}", impl.over);
}

/// Runs one call of a writer; after an error nothing more may be written.
template <typename Impl, typename Body>
auto Guarded(Impl& impl, Body&& body) {
  RequireOpen(impl);
  try {
    return body();
  } catch (const std::exception& error) {
    impl.over = fmt::format("the file was given up after an error: {}", error.what());
    throw;
  }
}

}  // namespace

FileWriter::FileWriter(std::unique_ptr<io::WritableFile> file, LanceSchema schema, const FileWriteOptions& options,
                       std::shared_ptr<Session> session)
    : impl_(std::make_unique<Impl>(std::move(file), std::move(schema), options, std::move(session))) {}
FileWriter::~FileWriter() = default;

void FileWriter::Write(const RecordBatch& batch) {
  RequireOpen(*impl_);
  impl_->Check(batch);
  Guarded(*impl_, [&] { impl_->Write(batch); });
}
uint64_t FileWriter::num_rows() const { return impl_->num_rows; }
uint64_t FileWriter::bytes_written() const { return impl_->out->size(); }

uint32_t FileWriter::AddGlobalBuffer(ByteSpan bytes) {
  return Guarded(*impl_, [&] { return impl_->AddGlobalBuffer(bytes); });
}

void FileWriter::AddSchemaMetadata(std::string key, std::string value) {
  for (auto& [k, v] : impl_->schema.metadata) {
    if (k == key) {
      v = std::move(value);
      return;
    }
  }
  impl_->schema.metadata.emplace_back(std::move(key), std::move(value));
}

FileSummary FileWriter::Finish(bool sync) {
  return Guarded(*impl_, [&] {
    FileSummary summary = impl_->Finish(sync);
    impl_->over = "the file is finished";
    return summary;
  });
}

}  // namespace eider::file
