#include "eider/base/memory.h"
#include "eider/base/parse_message.h"
#include "eider/file/file_reader_impl.h"
#include "eider/proto/file2.pb.h"
#include "eider/schema/field_proto.h"

namespace eider::file {
namespace {

LanceSchema ParseSchema(const Buffer& bytes) {
  ::lance::file::FileDescriptor descriptor;
  if (!ParseMessage(bytes.span(), &descriptor)) {
    throw Corrupt("global buffer 0: {} bytes are no FileDescriptor message", bytes.size());
  }
  return SchemaFromProto(descriptor.schema().fields(), descriptor.schema().metadata());
}

// The first to get there publishes; no lock that a forked child could find held for ever.
template <typename T>
const T& Publish(std::unique_ptr<const T> made, std::atomic<const T*>& place) {
  const T* expected = nullptr;
  if (place.compare_exchange_strong(expected, made.get(), std::memory_order_acq_rel)) return *made.release();
  return *expected;
}

}  // namespace

FileState::FileState(FileTail file_tail, uint64_t max_kept_bytes, bool verify)
    : tail_(std::move(file_tail)),
      verify_(verify),
      kept_{sizeof *this + tail_.bytes.size() + tail_.column_table.size() + tail_.buffer_table.size() + 8 * uint64_t{tail_.num_columns},
            max_kept_bytes},
      columns_(new std::atomic<const ColumnPages*>[tail_.num_columns]()) {}

FileState::~FileState() {
  delete schema_.load(std::memory_order_relaxed);
  delete sums_.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < tail_.num_columns; ++i) delete columns_[i].load(std::memory_order_relaxed);
}

const ColumnPages& FileState::Column(const io::ReadableFile& file, size_t index, ScanStats* stats) const {
  if (const ColumnPages* column = columns_[index].load(std::memory_order_acquire)) return *column;
  return Publish(InContext([&] { return fmt::format("column {}", index); }, [&] {
                   const FileSums* sums = Sums(file, stats);
                   const Buffer metadata = KeepThroughTail(file, tail_, tail_.column(index), stats);
                   return std::make_unique<const ColumnPages>(metadata, tail_.file_bytes, tail_.version, kept_,
                                                              sums ? sums->Column(file, index, metadata.span()) : ColumnSums{});
                 }),
                 columns_[index]);
}

const FileSums* FileState::Sums(const io::ReadableFile& file, ScanStats* stats) const {
  if (!verify_) return nullptr;
  const FileSums* sums = sums_.load(std::memory_order_acquire);
  if (sums == nullptr) {
    auto made = std::make_unique<const FileSums>(file, tail_, stats);
    kept_.bytes.fetch_add(made->kept_bytes(), std::memory_order_relaxed);
    sums = &Publish(std::move(made), sums_);
  }
  return sums->present() ? sums : nullptr;
}

const LanceSchema& FileState::Schema(const io::ReadableFile& file, ScanStats* stats) const {
  if (const LanceSchema* schema = schema_.load(std::memory_order_acquire)) return *schema;
  const Buffer bytes = ReadThroughTail(file, tail_, tail_.global_buffer(0), stats);
  if (const FileSums* sums = Sums(file, stats)) sums->CheckGlobalBuffer(0, bytes.span());
  kept_.bytes.fetch_add(8 * bytes.size(), std::memory_order_relaxed);
  return Publish(std::make_unique<const LanceSchema>(ParseSchema(bytes)), schema_);
}

}  // namespace eider::file
