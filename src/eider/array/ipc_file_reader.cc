#include <lz4frame.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <new>

#include "eider/array/concat.h"
#include "eider/array/flatbuffer.h"
#include "eider/array/ipc_file.h"
#include "eider/array/ipc_metadata.h"
#include "eider/array/types.h"
#include "eider/base/memory.h"

namespace eider {
namespace {

// A zstd block of 4 bytes yields at most 128 KiB.
constexpr uint64_t kMaxZstdRatio = 32768;
constexpr uint64_t kMaxZstdBlock = 128 << 10;
/// Writers pad buffers, or leave some of what they had reserved.
constexpr uint64_t kMaxPadding = 4096;

TypePtr ReadIntType(const FlatTable& type, std::string_view name) {
  const bool is_signed = type.Scalar<uint8_t>(ipc::Int::kIsSigned, 0) != 0;
  switch (const int32_t bits = type.Scalar<int32_t>(ipc::Int::kBitWidth, 0)) {
    case 8: return MakeType(is_signed ? TypeId::kInt8 : TypeId::kUInt8);
    case 16: return MakeType(is_signed ? TypeId::kInt16 : TypeId::kUInt16);
    case 32: return MakeType(is_signed ? TypeId::kInt32 : TypeId::kUInt32);
    case 64: return MakeType(is_signed ? TypeId::kInt64 : TypeId::kUInt64);
    default: throw Corrupt("ipc file: column '{}' of {}-bit integers", name, bits);
  }
}

TypePtr ReadType(const FlatTable& field, std::string_view name) {
  const uint8_t type_type = field.Scalar<uint8_t>(ipc::Field::kTypeType, 0);
  if (field.Has(ipc::Field::kDictionary)) throw Unsupported("ipc file: column '{}' is a dictionary", name);
  if (type_type == ipc::kIntType) return ReadIntType(field.Table(ipc::Field::kType), name);
  if (type_type == ipc::kBoolType) return MakeType(TypeId::kBool);
  if (type_type != ipc::kFloatingPointType) throw Unsupported("ipc file: column '{}' of type number {}", name, type_type);
  switch (const int16_t precision = field.Table(ipc::Field::kType).Scalar<int16_t>(ipc::FloatingPoint::kPrecision, 0)) {
    case ipc::kHalf: return MakeType(TypeId::kHalfFloat);
    case ipc::kSingle: return MakeType(TypeId::kFloat);
    case ipc::kDouble: return MakeType(TypeId::kDouble);
    default: throw Corrupt("ipc file: column '{}' of floating-point precision {}", name, precision);
  }
}

SchemaPtr ReadSchema(const FlatTable& table) {
  if (const int16_t endianness = table.Scalar<int16_t>(ipc::Schema::kEndianness, 0); endianness != 0) {
    throw Unsupported("ipc file: big-endian (endianness {})", endianness);
  }
  Schema schema;
  for (const FlatTable& field : table.Tables(ipc::Schema::kFields)) {
    const std::string_view name = field.String(ipc::Field::kName);
    const bool nullable = field.Scalar<uint8_t>(ipc::Field::kNullable, 0) != 0;
    schema.fields.push_back({std::string(name), ReadType(field, name), nullable, {}});
  }
  return std::make_shared<const Schema>(std::move(schema));
}

/// Fills `out`, which has the size that the buffer claims.
void DecompressZstd(ByteSpan frame, BufferBuilder& out) {
  const size_t n = ZSTD_decompress(out.data(), out.size(), frame.data(), frame.size());
  if (ZSTD_isError(n) || n != out.size()) {
    throw Corrupt("ipc file: zstd: {}, {} bytes wanted", ZSTD_isError(n) ? ZSTD_getErrorName(n) : "short frame", out.size());
  }
}

void DecompressLz4Frame(ByteSpan frame, BufferBuilder& out) {
  LZ4F_dctx* made = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION))) throw std::bad_alloc();
  const std::unique_ptr<LZ4F_dctx, size_t (*)(LZ4F_dctx*)> context(made, &LZ4F_freeDecompressionContext);
  size_t written = 0, read = 0;
  for (size_t hint = 1; hint != 0;) {
    size_t wrote = out.size() - written, took = frame.size() - read;
    hint = LZ4F_decompress(context.get(), out.data() + written, &wrote, frame.data() + read, &took, nullptr);
    if (LZ4F_isError(hint)) throw Corrupt("ipc file: lz4: {}, {} bytes wanted", LZ4F_getErrorName(hint), out.size());
    if (hint != 0 && wrote == 0 && took == 0) throw Corrupt("ipc file: lz4: the frame does not end in {} bytes", frame.size());
    written += wrote;
    read += took;
  }
  if (written != out.size()) throw Corrupt("ipc file: lz4: {} bytes, {} wanted", written, out.size());
}

/// The buffers of one record batch, one after the other.
class BatchReader {
 public:
  BatchReader(const FlatTable& batch, ByteSpan body)
      : body_(body), nodes_(batch.Vector(ipc::RecordBatch::kNodes, ipc::kNodeBytes)),
        buffers_(batch.Vector(ipc::RecordBatch::kBuffers, ipc::kBufferBytes)),
        compressed_(batch.Has(ipc::RecordBatch::kCompression)) {
    if (!compressed_) return;
    codec_ = batch.Table(ipc::RecordBatch::kCompression).Scalar<int8_t>(ipc::BodyCompression::kCodec, ipc::kLz4Frame);
    if (codec_ != ipc::kZstd && codec_ != ipc::kLz4Frame) throw Unsupported("ipc file: buffer compression codec {}", codec_);
  }

  ArrayPtr ReadColumn(const TypePtr& type, uint64_t num_rows) {
    const uint64_t length = ReadLe<uint64_t>(nodes_, node_ * ipc::kNodeBytes, "ipc file: field nodes");
    const uint64_t nulls = ReadLe<uint64_t>(nodes_, node_ * ipc::kNodeBytes + 8, "ipc file: field nodes");
    ++node_;
    if (length != num_rows || nulls > length) throw Corrupt("ipc file: column of {} values, {} nulls; the batch has {} rows", length, nulls, num_rows);
    auto array = std::make_shared<Array>();
    array->type = type;
    array->length = int64_t(length);
    array->null_count = int64_t(nulls);
    const Buffer validity = NextBuffer(nulls > 0 ? BytesForBits(length) : 0);
    if (nulls > 0) array->validity = validity;
    const bool bits = type->id == TypeId::kBool;
    array->buffers = {NextBuffer(bits ? BytesForBits(length) : CheckedMul(length, ByteWidth(*type), "ipc file: column"))};
    return array;
  }

 private:
  Buffer NextBuffer(uint64_t needed) {
    const uint64_t offset = ReadLe<uint64_t>(buffers_, buffer_ * ipc::kBufferBytes, "ipc file: buffers");
    const uint64_t size = ReadLe<uint64_t>(buffers_, buffer_ * ipc::kBufferBytes + 8, "ipc file: buffers");
    ++buffer_;
    const ByteSpan stored = CheckedSubspan(body_, offset, size, "ipc file: body");
    if (needed == 0) return CopyToBuffer({});
    if (!compressed_) return CopyToBuffer(CheckedSubspan(stored, 0, needed, "ipc file: buffer"));
    const int64_t plain = ReadLe<int64_t>(stored, 0, "ipc file: compressed buffer");
    const ByteSpan frame = stored.subspan(8);
    if (plain == -1) return CopyToBuffer(CheckedSubspan(frame, 0, needed, "ipc file: buffer"));
    const uint64_t most = std::min(CheckedMul(needed, 2, "ipc file: buffer") + kMaxPadding, frame.size() * kMaxZstdRatio + kMaxZstdBlock);
    if (plain < 0 || uint64_t(plain) < needed || uint64_t(plain) > most) {
      throw Corrupt("ipc file: {} compressed bytes claim to hold {}, {} are needed", frame.size(), plain, needed);
    }
    BufferBuilder out;
    out.Resize(uint64_t(plain));
    if (codec_ == ipc::kZstd) DecompressZstd(frame, out);
    else DecompressLz4Frame(frame, out);
    return out.Finish();
  }

  ByteSpan body_, nodes_, buffers_;
  const bool compressed_;
  int8_t codec_ = 0;
  uint64_t node_ = 0, buffer_ = 0;
};

/// The message of a footer block: | ff ff ff ff | i32 size | metadata |, older files lack the mark.
ByteSpan MessageMetadata(ByteSpan message) {
  uint64_t at = 0;
  uint32_t size = ReadLe<uint32_t>(message, at, "ipc file: message");
  at += 4;
  if (size == ipc::kContinuation) {
    size = ReadLe<uint32_t>(message, at, "ipc file: message");
    at += 4;
  }
  return CheckedSubspan(message, at, size, "ipc file: message");
}

RecordBatch ReadBatch(ByteSpan bytes, ByteSpan block, const SchemaPtr& schema, uint64_t max_rows) {
  const uint64_t offset = LoadLe<uint64_t>(block.data()), body_bytes = LoadLe<uint64_t>(block.data() + 16);
  const uint64_t metadata_bytes = LoadLe<uint32_t>(block.data() + 8);
  const ByteSpan message_bytes = CheckedSubspan(bytes, offset, metadata_bytes, "ipc file: message");
  const ByteSpan body = CheckedSubspan(bytes, offset + metadata_bytes, body_bytes, "ipc file: body");
  const FlatTable message = FlatTable::Root(MessageMetadata(message_bytes));
  if (const uint8_t type = message.Scalar<uint8_t>(ipc::Message::kHeaderType, 0); type != ipc::kRecordBatchHeader) {
    throw Corrupt("ipc file: message of type {} where a record batch is announced", type);
  }
  const FlatTable header = message.Table(ipc::Message::kHeader);
  const int64_t num_rows = header.Scalar<int64_t>(ipc::RecordBatch::kLength, 0);
  if (num_rows < 0 || uint64_t(num_rows) > max_rows) throw Corrupt("ipc file: batch of {} rows, at most {} can be", num_rows, max_rows);
  BatchReader reader(header, body);
  RecordBatch batch{schema, num_rows, {}};
  for (const Field& field : schema->fields) batch.columns.push_back(reader.ReadColumn(field.type, uint64_t(num_rows)));
  return batch;
}

FlatTable ReadFooter(ByteSpan bytes) {
  const auto is_magic = [](ByteSpan at) { return std::memcmp(at.data(), ipc::kMagic.data(), ipc::kMagic.size()) == 0; };
  const uint64_t magic = ipc::kMagic.size();
  if (bytes.size() < 2 * magic + 4 || !is_magic(bytes.first(magic)) || !is_magic(bytes.last(magic))) {
    throw Corrupt("ipc file: {} bytes that do not start and end with ARROW1", bytes.size());
  }
  const uint64_t end = bytes.size() - magic - 4;
  const uint32_t footer_bytes = LoadLe<uint32_t>(bytes.data() + end);
  if (footer_bytes > end) throw Corrupt("ipc file: footer of {} bytes in a file of {}", footer_bytes, bytes.size());
  return FlatTable::Root(bytes.subspan(end - footer_bytes, footer_bytes));
}

}  // namespace

RecordBatch ReadIpcFile(ByteSpan bytes, const IpcFileBounds& bounds) {
  const FlatTable footer = ReadFooter(bytes);
  const SchemaPtr schema = ReadSchema(footer.Table(ipc::Footer::kSchema));
  if (schema->fields.size() > bounds.columns) throw Corrupt("ipc file: {} columns, at most {} can be", schema->fields.size(), bounds.columns);
  const ByteSpan blocks = footer.Vector(ipc::Footer::kRecordBatches, ipc::kBlockBytes);
  std::vector<std::vector<ArrayPtr>> parts(schema->fields.size());
  RecordBatch all{schema, 0, {}};
  for (size_t i = 0; i < blocks.size(); i += ipc::kBlockBytes) {
    const RecordBatch batch = ReadBatch(bytes, blocks.subspan(i, ipc::kBlockBytes), schema, bounds.rows - uint64_t(all.num_rows));
    all.num_rows += batch.num_rows;
    for (size_t c = 0; c < parts.size(); ++c) parts[c].push_back(batch.columns[c]);
  }
  for (size_t c = 0; c < parts.size(); ++c) {
    if (parts[c].empty()) {
      auto none = std::make_shared<Array>();
      none->type = schema->fields[c].type;
      none->null_count = 0;
      none->buffers = {CopyToBuffer({})};
      parts[c].push_back(none);
    }
    all.columns.push_back(ConcatArrays(parts[c]));
  }
  return all;
}

}  // namespace eider
