#pragma once
/// \file
/// Arrow-layout types, arrays, batches and streams, in the layout of the Arrow columnar specification. No Arrow library
/// is behind them: they cross every edge through the Arrow C data interface (arrow_c.h).

#include <eider/buffer.h>
#include <eider/export.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace eider {

enum class TypeId : uint8_t {
  kNull, kBool,
  kInt8, kInt16, kInt32, kInt64, kUInt8, kUInt16, kUInt32, kUInt64,
  kHalfFloat, kFloat, kDouble,
  kDecimal128, kDecimal256,
  kDate32, kDate64, kTime32, kTime64, kTimestamp, kDuration,
  kUtf8, kLargeUtf8, kUtf8View, kBinary, kLargeBinary, kBinaryView,
  kFixedSizeBinary, kFixedSizeList,
  kList, kLargeList, kStruct, kMap, kDictionary,
};

enum class TimeUnit : uint8_t { kSecond, kMilli, kMicro, kNano };

/// Ordered key/value metadata; keys are unique.
using KeyValues = std::vector<std::pair<std::string, std::string>>;
/// The value of `key`, or nullopt.
EIDER_EXPORT std::optional<std::string> FindValue(const KeyValues& metadata, std::string_view key);

struct DataType;
using TypePtr = std::shared_ptr<const DataType>;

struct Field {
  std::string name;
  TypePtr type;
  bool nullable = true;
  KeyValues metadata;  ///< extension types live here: ARROW:extension:name, ARROW:extension:metadata
};

struct DataType {
  TypeId id = TypeId::kNull;
  TimeUnit unit = TimeUnit::kSecond;  ///< time32/64, timestamp, duration
  std::string timezone;               ///< timestamp
  int32_t byte_width = 0;             ///< fixed-size binary
  int32_t list_size = 0;              ///< fixed-size list
  int32_t precision = 0, scale = 0;   ///< decimals
  bool keys_sorted = false;           ///< map
  bool ordered = false;               ///< dictionary
  TypePtr index_type;                 ///< dictionary: an integer type; the value type is `value_type`
  TypePtr value_type;                 ///< dictionary
  std::vector<Field> children;        ///< list/large_list/fsl: 1; struct: n; map: 1 struct of (key, value)
};

/// Types without parameters are shared singletons.
EIDER_EXPORT TypePtr MakeType(TypeId id);
EIDER_EXPORT bool TypesEqual(const DataType& a, const DataType& b, bool compare_metadata = false);
/// pyarrow's spelling, e.g. "list<item: int64>", for messages.
EIDER_EXPORT std::string TypeToString(const DataType& type);
/// Bits of one value for fixed-width types (1 for bool; fixed-size lists of fixed-width: dimension x item bits), 0 for
/// everything else.
EIDER_EXPORT uint64_t FixedBitWidth(const DataType& type);

/// An array in Arrow layout. `offset` applies to validity, to buffers and (for struct and fixed-size list) to children,
/// exactly as in the C data interface. Buffers without validity, by type: fixed width {data}; utf8/binary {offsets,
/// data}; views {views, variadic...}; list/map {offsets}; struct, fsl, null {}; dictionary {indices}.
struct Array {
  TypePtr type;
  int64_t length = 0;
  int64_t offset = 0;
  int64_t null_count = -1;  ///< -1: unknown, count the validity bits
  Buffer validity;          ///< LSB-first bits; absent = all valid
  std::vector<Buffer> buffers;
  std::vector<std::shared_ptr<const Array>> children;
  std::shared_ptr<const Array> dictionary;

  bool IsValid(int64_t i) const {
    if (!validity.present()) return type->id != TypeId::kNull;
    const int64_t bit = offset + i;
    return (validity.data()[bit >> 3] >> (bit & 7)) & 1;
  }
};
using ArrayPtr = std::shared_ptr<const Array>;

/// Number of nulls, counting the bitmap when it is not known.
EIDER_EXPORT int64_t CountNulls(const Array& array);
/// Zero-copy view of [offset, offset + length).
EIDER_EXPORT ArrayPtr SliceArray(const ArrayPtr& array, int64_t offset, int64_t length);
/// A child of a struct as an array of its own: the struct's window, null wherever the struct is.
EIDER_EXPORT ArrayPtr StructChild(const Array& parent, size_t index);
/// Bytes of the buffers that the array's window touches (an estimate good enough for budgets and batch sizing).
EIDER_EXPORT uint64_t ArrayBytes(const Array& array);

struct EIDER_EXPORT Schema {
  std::vector<Field> fields;
  KeyValues metadata;
  /// Position of the top-level field, or -1.
  int FieldIndex(std::string_view name) const;
};
using SchemaPtr = std::shared_ptr<const Schema>;

struct RecordBatch {
  SchemaPtr schema;
  int64_t num_rows = 0;
  std::vector<ArrayPtr> columns;
};

/// Zero-copy view of `count` rows. \pre first + count <= batch.num_rows
EIDER_EXPORT RecordBatch SliceBatch(const RecordBatch& batch, int64_t first, int64_t count);
/// ArrayBytes of all columns.
EIDER_EXPORT uint64_t BatchBytes(const RecordBatch& batch);

/// A stream of batches with one schema. Not thread-safe.
class EIDER_EXPORT RecordBatchReader {
 public:
  virtual ~RecordBatchReader() = default;
  virtual const SchemaPtr& schema() const = 0;
  /// The next batch, or nullopt at the end. \throws Error
  virtual std::optional<RecordBatch> Next() = 0;
};

/// A reader over batches already in memory.
EIDER_EXPORT std::unique_ptr<RecordBatchReader> MakeBatchReader(SchemaPtr schema, std::vector<RecordBatch> batches);
/// The stream with large strings and large binaries in place of views, at any depth; the stream itself where it has none.
EIDER_EXPORT std::shared_ptr<RecordBatchReader> WithoutViews(std::shared_ptr<RecordBatchReader> data);

}  // namespace eider
