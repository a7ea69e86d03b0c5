#pragma once
/// \file
/// Field numbers and enums of the Arrow IPC flatbuffers. Persisted, never renumber.

#include <cstdint>
#include <string_view>

namespace eider::ipc {

inline constexpr std::string_view kMagic = "ARROW1";
inline constexpr uint32_t kContinuation = 0xffffffff;
inline constexpr int16_t kMetadataVersion5 = 4;

struct Footer { enum : unsigned { kVersion = 0, kSchema = 1, kDictionaries = 2, kRecordBatches = 3 }; };
struct Message { enum : unsigned { kVersion = 0, kHeaderType = 1, kHeader = 2, kBodyLength = 3 }; };
struct Schema { enum : unsigned { kEndianness = 0, kFields = 1 }; };
struct Field { enum : unsigned { kName = 0, kNullable = 1, kTypeType = 2, kType = 3, kDictionary = 4, kChildren = 5 }; };
struct Int { enum : unsigned { kBitWidth = 0, kIsSigned = 1 }; };
struct FloatingPoint { enum : unsigned { kPrecision = 0 }; };
struct Decimal { enum : unsigned { kPrecision = 0, kScale = 1, kBitWidth = 2 }; };
struct Temporal { enum : unsigned { kUnit = 0, kTimezone = 1 }; };  // dates, times, timestamps (alone with a zone), durations
struct RecordBatch { enum : unsigned { kLength = 0, kNodes = 1, kBuffers = 2, kCompression = 3 }; };
struct BodyCompression { enum : unsigned { kCodec = 0, kMethod = 1 }; };

enum HeaderType : uint8_t { kSchemaHeader = 1, kRecordBatchHeader = 3 };
enum TypeType : uint8_t {
  kIntType = 2, kFloatingPointType = 3, kBinaryType = 4, kUtf8Type = 5, kBoolType = 6, kDecimalType = 7, kDateType = 8, kTimeType = 9,
  kTimestampType = 10, kDurationType = 18, kLargeBinaryType = 19, kLargeUtf8Type = 20
};
enum Precision : int16_t { kHalf = 0, kSingle = 1, kDouble = 2 };
enum Codec : int8_t { kLz4Frame = 0, kZstd = 1 };

/// Block: i64 offset, i32 metadata bytes, 4 bytes padding, i64 body bytes.
inline constexpr uint64_t kBlockBytes = 24;
/// FieldNode: i64 length, i64 null count. Buffer: i64 offset, i64 bytes.
inline constexpr uint64_t kNodeBytes = 16;
inline constexpr uint64_t kBufferBytes = 16;

}  // namespace eider::ipc
