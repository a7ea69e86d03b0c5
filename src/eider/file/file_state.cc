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

FileState::FileState(FileTail file_tail)
    : tail_(std::move(file_tail)),
      bytes_(sizeof *this + tail_.bytes.size() + tail_.column_table.size() + tail_.buffer_table.size() + 8 * uint64_t{tail_.num_columns}),
      columns_(new std::atomic<const ColumnPages*>[tail_.num_columns]()) {}

FileState::~FileState() {
  delete schema_.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < tail_.num_columns; ++i) delete columns_[i].load(std::memory_order_relaxed);
}

const ColumnPages& FileState::Column(const io::ReadableFile& file, size_t index, ScanStats* stats) const {
  if (const ColumnPages* column = columns_[index].load(std::memory_order_acquire)) return *column;
  return Publish(InContext([&] { return fmt::format("column {}", index); }, [&] {
                   const Buffer metadata = ReadThroughTail(file, tail_, tail_.column(index), stats);
                   return std::make_unique<const ColumnPages>(CopyToBuffer(metadata.span()), tail_.file_bytes, tail_.version, bytes_);
                 }),
                 columns_[index]);
}

const LanceSchema& FileState::Schema(const io::ReadableFile& file, ScanStats* stats) const {
  if (const LanceSchema* schema = schema_.load(std::memory_order_acquire)) return *schema;
  const Buffer bytes = ReadThroughTail(file, tail_, tail_.global_buffer(0), stats);
  bytes_.fetch_add(8 * bytes.size(), std::memory_order_relaxed);
  return Publish(std::make_unique<const LanceSchema>(ParseSchema(bytes)), schema_);
}

}  // namespace eider::file
