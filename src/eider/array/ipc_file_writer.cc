#include <zstd.h>

#include "eider/array/flatbuffer.h"
#include "eider/array/ipc_file.h"
#include "eider/array/ipc_metadata.h"
#include "eider/array/types.h"
#include "eider/base/memory.h"

namespace eider {
namespace {

struct Block {
  uint64_t offset, metadata_bytes, body_bytes;
};

void WriteType(FlatBuilder& builder, size_t reference, const DataType& type) {
  if (IsInteger(type.id)) {
    const bool is_signed = type.id <= TypeId::kInt64;
    builder.TableAt(reference, {{ipc::Int::kBitWidth, 4, 8 * ByteWidth(type)}, {ipc::Int::kIsSigned, 1, is_signed}});
  } else if (type.id == TypeId::kBool) {
    builder.TableAt(reference, {});
  } else {
    const uint64_t precision = type.id == TypeId::kDouble ? ipc::kDouble : type.id == TypeId::kFloat ? ipc::kSingle : ipc::kHalf;
    builder.TableAt(reference, {{ipc::FloatingPoint::kPrecision, 2, precision}});
  }
}

uint64_t TypeTypeOf(const Field& field) {
  const TypeId id = field.type->id;
  if (IsInteger(id)) return ipc::kIntType;
  if (id == TypeId::kBool) return ipc::kBoolType;
  if (id == TypeId::kHalfFloat || id == TypeId::kFloat || id == TypeId::kDouble) return ipc::kFloatingPointType;
  throw Unsupported("ipc file: column '{}' of type {}", field.name, TypeToString(*field.type));
}

void WriteSchema(FlatBuilder& builder, size_t reference, const Schema& schema) {
  const size_t fields = builder.TableAt(reference, {{ipc::Schema::kFields, 4, 0}})[0];
  const std::vector<size_t> references = builder.ReferencesAt(fields, schema.fields.size());
  for (size_t i = 0; i < references.size(); ++i) {
    const Field& field = schema.fields[i];
    const auto slots = builder.TableAt(references[i], {{ipc::Field::kName, 4, 0},
                                                       {ipc::Field::kNullable, 1, field.nullable},
                                                       {ipc::Field::kTypeType, 1, TypeTypeOf(field)},
                                                       {ipc::Field::kType, 4, 0},
                                                       {ipc::Field::kChildren, 4, 0}});
    builder.StringAt(slots[0], field.name);
    WriteType(builder, slots[3], *field.type);
    builder.ReferencesAt(slots[4], 0);
  }
}

/// Bytes of a window that starts on a byte: bits are shifted when the array is a slice.
BufferBuilder WindowBits(const Buffer& bits, const Array& array) {
  BitBuilder shifted;
  shifted.Append(bits.data(), uint64_t(array.offset), uint64_t(array.length));
  BufferBuilder bytes;
  bytes.Append({shifted.data(), BytesForBits(shifted.size())});
  return bytes;
}

class BodyWriter {
 public:
  explicit BodyWriter(bool zstd) : zstd_(zstd) {}

  void AddColumn(const Array& array) {
    const int64_t nulls = CountNulls(array);
    nodes_.push_back(uint64_t(array.length));
    nodes_.push_back(uint64_t(nulls));
    if (nulls > 0) AddBuffer(WindowBits(array.validity, array).span());
    else AddBuffer({});
    if (array.type->id == TypeId::kBool) {
      AddBuffer(WindowBits(array.buffers[0], array).span());
    } else {
      const uint64_t width = ByteWidth(*array.type);
      AddBuffer({array.buffers[0].data() + uint64_t(array.offset) * width, uint64_t(array.length) * width});
    }
  }

  const std::vector<uint64_t>& nodes() const { return nodes_; }
  const std::vector<uint64_t>& buffers() const { return buffers_; }
  ByteSpan body() const { return body_.span(); }

 private:
  void AddBuffer(ByteSpan bytes) {
    const size_t start = body_.size();
    if (zstd_ && !bytes.empty()) {
      Compress(bytes);
    } else {
      body_.Append(bytes);
    }
    buffers_.push_back(start);
    buffers_.push_back(body_.size() - start);
    body_.AppendFill(AlignUp(body_.size(), 8) - body_.size(), 0);
  }

  void Compress(ByteSpan bytes) {
    const size_t start = body_.size();
    body_.AppendValue(int64_t(bytes.size()));
    const size_t bound = ZSTD_compressBound(bytes.size());
    uint8_t* out = body_.Extend(bound);
    const size_t n = ZSTD_compress(out, bound, bytes.data(), bytes.size(), ZSTD_CLEVEL_DEFAULT);
    if (ZSTD_isError(n)) throw IoError("ipc file: zstd: {}", ZSTD_getErrorName(n));
    body_.Resize(start + 8 + n);
  }

  const bool zstd_;
  BufferBuilder body_;
  std::vector<uint64_t> nodes_, buffers_;
};

Block AppendMessage(BufferBuilder& out, const std::vector<uint8_t>& metadata, ByteSpan body) {
  const Block block{out.size(), metadata.size() + 8, body.size()};
  out.AppendValue(ipc::kContinuation);
  out.AppendValue(int32_t(metadata.size()));
  out.Append(ByteSpan(metadata));
  out.Append(body);
  return block;
}

std::vector<size_t> StartMessage(FlatBuilder& builder, uint64_t header_type, uint64_t body_bytes) {
  return builder.Table({{ipc::Message::kVersion, 2, uint64_t(ipc::kMetadataVersion5)},
                        {ipc::Message::kHeaderType, 1, header_type},
                        {ipc::Message::kHeader, 4, 0},
                        {ipc::Message::kBodyLength, 8, body_bytes}});
}

std::vector<uint8_t> BatchMetadata(const RecordBatch& batch, const BodyWriter& body, bool zstd) {
  FlatBuilder builder;
  const size_t header = StartMessage(builder, ipc::kRecordBatchHeader, body.body().size())[2];
  std::vector<size_t> slots;
  if (zstd) {
    slots = builder.TableAt(header, {{ipc::RecordBatch::kLength, 8, uint64_t(batch.num_rows)},
                                     {ipc::RecordBatch::kNodes, 4, 0},
                                     {ipc::RecordBatch::kBuffers, 4, 0},
                                     {ipc::RecordBatch::kCompression, 4, 0}});
    builder.TableAt(slots[3], {{ipc::BodyCompression::kCodec, 1, ipc::kZstd}});
  } else {
    slots = builder.TableAt(header, {{ipc::RecordBatch::kLength, 8, uint64_t(batch.num_rows)},
                                     {ipc::RecordBatch::kNodes, 4, 0},
                                     {ipc::RecordBatch::kBuffers, 4, 0}});
  }
  builder.WordsAt(slots[1], body.nodes().size() / 2, body.nodes());
  builder.WordsAt(slots[2], body.buffers().size() / 2, body.buffers());
  return builder.Finish();
}

std::vector<uint8_t> FooterBytes(const Schema& schema, const Block& block) {
  FlatBuilder builder;
  const auto slots = builder.Table({{ipc::Footer::kVersion, 2, uint64_t(ipc::kMetadataVersion5)},
                                    {ipc::Footer::kSchema, 4, 0},
                                    {ipc::Footer::kDictionaries, 4, 0},
                                    {ipc::Footer::kRecordBatches, 4, 0}});
  WriteSchema(builder, slots[1], schema);
  builder.WordsAt(slots[2], 0, {});
  builder.WordsAt(slots[3], 1, {block.offset, block.metadata_bytes, block.body_bytes});
  return builder.Finish();
}

}  // namespace

Buffer WriteIpcFile(const RecordBatch& batch, const IpcFileOptions& options) {
  FlatBuilder schema;
  WriteSchema(schema, StartMessage(schema, ipc::kSchemaHeader, 0)[2], *batch.schema);
  BodyWriter body(options.zstd);
  for (const ArrayPtr& column : batch.columns) body.AddColumn(*column);

  BufferBuilder out;
  out.Append("ARROW1\0\0", 8);
  AppendMessage(out, schema.Finish(), {});
  const Block block = AppendMessage(out, BatchMetadata(batch, body, options.zstd), body.body());
  out.AppendValue(ipc::kContinuation);
  out.AppendValue(int32_t{0});
  const std::vector<uint8_t> footer = FooterBytes(*batch.schema, block);
  out.Append(ByteSpan(footer));
  out.AppendValue(int32_t(footer.size()));
  out.Append(ipc::kMagic.data(), ipc::kMagic.size());
  return out.Finish();
}

}  // namespace eider
