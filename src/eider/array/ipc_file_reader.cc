#include <lz4frame.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <new>

#include "eider/array/concat.h"
#include "eider/array/flatbuffer.h"
#include "eider/array/ipc_file.h"
#include "eider/array/ipc_metadata.h"
#include "eider/array/null_array.h"
#include "eider/array/string_values.h"
#include "eider/array/types.h"
#include "eider/base/memory.h"
#include "eider/base/utf8.h"

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

TypePtr ReadFloatType(const FlatTable& type, std::string_view name) {
  switch (const int16_t precision = type.Scalar<int16_t>(ipc::FloatingPoint::kPrecision, 0)) {
    case ipc::kHalf: return MakeType(TypeId::kHalfFloat);
    case ipc::kSingle: return MakeType(TypeId::kFloat);
    case ipc::kDouble: return MakeType(TypeId::kDouble);
    default: throw Corrupt("ipc file: column '{}' of floating-point precision {}", name, precision);
  }
}

TypePtr ReadDecimalType(const FlatTable& type, std::string_view name) {
  const int32_t bits = type.Scalar<int32_t>(ipc::Decimal::kBitWidth, 128), precision = type.Scalar<int32_t>(ipc::Decimal::kPrecision, 0);
  const int32_t scale = type.Scalar<int32_t>(ipc::Decimal::kScale, 0);
  if (bits != 128 && bits != 256) throw Unsupported("ipc file: column '{}' of {}-bit decimals", name, bits);
  const int32_t most = bits == 128 ? 38 : 76;
  if (precision < 1 || precision > most || scale < -most || scale > most) {
    throw Corrupt("ipc file: column '{}' of decimals with {} digits, {} of them behind the point", name, precision, scale);
  }
  return DecimalType(bits == 128 ? TypeId::kDecimal128 : TypeId::kDecimal256, precision, scale);
}

TypePtr ReadTemporalType(const FlatTable& type, uint8_t type_type, std::string_view name) {
  const int16_t unit = type.Scalar<int16_t>(ipc::Temporal::kUnit, type_type == ipc::kTimestampType ? 0 : 1);
  const int16_t last = static_cast<int16_t>(type_type == ipc::kDateType ? TimeUnit::kMilli : TimeUnit::kNano);
  if (unit < 0 || unit > last) {
    throw Corrupt("ipc file: column '{}' of time unit {}", name, unit);
  }
  const TimeUnit time_unit = static_cast<TimeUnit>(unit);
  switch (type_type) {
    case ipc::kDateType: return MakeType(unit == 0 ? TypeId::kDate32 : TypeId::kDate64);
    case ipc::kTimeType: return TimeType(time_unit <= TimeUnit::kMilli ? TypeId::kTime32 : TypeId::kTime64, time_unit);
    case ipc::kTimestampType: return TimestampType(time_unit, std::string(type.String(ipc::Temporal::kTimezone)));
    default: return TimeType(TypeId::kDuration, time_unit);
  }
}

TypePtr ReadType(const FlatTable& field, std::string_view name) {
  const uint8_t type_type = field.Scalar<uint8_t>(ipc::Field::kTypeType, 0);
  if (field.Has(ipc::Field::kDictionary)) throw Unsupported("ipc file: column '{}' is a dictionary", name);
  switch (type_type) {
    case ipc::kIntType: return ReadIntType(field.Table(ipc::Field::kType), name);
    case ipc::kFloatingPointType: return ReadFloatType(field.Table(ipc::Field::kType), name);
    case ipc::kDecimalType: return ReadDecimalType(field.Table(ipc::Field::kType), name);
    case ipc::kDateType:
    case ipc::kTimeType:
    case ipc::kTimestampType:
    case ipc::kDurationType: return ReadTemporalType(field.Table(ipc::Field::kType), type_type, name);
    case ipc::kBoolType: return MakeType(TypeId::kBool);
    case ipc::kBinaryType: return MakeType(TypeId::kBinary);
    case ipc::kUtf8Type: return MakeType(TypeId::kUtf8);
    case ipc::kLargeBinaryType: return MakeType(TypeId::kLargeBinary);
    case ipc::kLargeUtf8Type: return MakeType(TypeId::kLargeUtf8);
    default: throw Unsupported("ipc file: column '{}' of type number {}", name, type_type);
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

void CheckText(const Array& array) {
  if (array.type->id != TypeId::kUtf8 && array.type->id != TypeId::kLargeUtf8) return;
  const StringValues values(array);
  for (int64_t i = 0; i < array.length; ++i) {
    const ByteSpan text = values.At(i);
    if (array.IsValid(i) && !IsUtf8({reinterpret_cast<const char*>(text.data()), text.size()})) throw Corrupt("ipc file: text {} is not UTF-8", i);
  }
}

/// The buffers of one record batch, one after the other.
class BatchReader {
 public:
  /// Takes the bytes of texts off `text_bytes`.
  BatchReader(const FlatTable& batch, ByteSpan body, uint64_t& text_bytes)
      : body_(body), nodes_(batch.Vector(ipc::RecordBatch::kNodes, ipc::kNodeBytes)),
        buffers_(batch.Vector(ipc::RecordBatch::kBuffers, ipc::kBufferBytes)),
        text_bytes_(text_bytes), compressed_(batch.Has(ipc::RecordBatch::kCompression)) {
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
    switch (LayoutOf(type->id)) {
      case Layout::kBits: array->buffers = {NextBuffer(BytesForBits(length))}; break;
      case Layout::kVariable32: array->buffers = NextTexts<int32_t>(length); break;
      case Layout::kVariable64: array->buffers = NextTexts<int64_t>(length); break;
      default: array->buffers = {NextBuffer(CheckedMul(length, ByteWidth(*type), "ipc file: column"))};
    }
    CheckText(*array);
    return array;
  }

 private:
  /// Offsets and bytes. Writers leave out the offsets of no values.
  template <typename Offset>
  std::vector<Buffer> NextTexts(uint64_t length) {
    if (length == 0) {
      const Offset zero = 0;
      NextBuffer(0), NextBuffer(0);
      return {CopyToBuffer({reinterpret_cast<const uint8_t*>(&zero), sizeof zero}), CopyToBuffer({})};
    }
    const Buffer offsets = NextBuffer(CheckedMul(CheckedAdd(length, 1, "ipc file: column"), sizeof(Offset), "ipc file: column"));
    const Offset* ends = offsets.as<Offset>();
    for (uint64_t i = 0; i <= length; ++i) {
      if (ends[i] < (i == 0 ? 0 : ends[i - 1])) throw Corrupt("ipc file: offset {} after {}", ends[i], i == 0 ? 0 : ends[i - 1]);
    }
    const uint64_t bytes = static_cast<uint64_t>(ends[length]);
    if (bytes > text_bytes_) throw Corrupt("ipc file: {} bytes of text, at most {} can be", bytes, text_bytes_);
    text_bytes_ -= bytes;
    return {offsets, NextBuffer(bytes)};
  }

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
  uint64_t& text_bytes_;
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

RecordBatch ReadBatch(ByteSpan bytes, ByteSpan block, const SchemaPtr& schema, uint64_t max_rows, uint64_t& text_bytes) {
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
  BatchReader reader(header, body, text_bytes);
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
  uint64_t text_bytes = bounds.text_bytes;
  for (size_t i = 0; i < blocks.size(); i += ipc::kBlockBytes) {
    const RecordBatch batch = ReadBatch(bytes, blocks.subspan(i, ipc::kBlockBytes), schema, bounds.rows - uint64_t(all.num_rows), text_bytes);
    all.num_rows += batch.num_rows;
    for (size_t c = 0; c < parts.size(); ++c) parts[c].push_back(batch.columns[c]);
  }
  for (size_t c = 0; c < parts.size(); ++c) {
    if (parts[c].empty()) {
      parts[c].push_back(MakeNullArray(schema->fields[c].type, 0));
    }
    all.columns.push_back(ConcatArrays(parts[c]));
  }
  return all;
}

}  // namespace eider
