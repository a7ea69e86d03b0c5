#include "eider/file/legacy_statistics.h"

#include <algorithm>
#include <cmath>

#include "eider/array/string_values.h"
#include "eider/array/types.h"
#include "eider/base/parse_message.h"
#include "eider/proto/file1.pb.h"
#include "eider/schema/field_proto.h"
#include "eider/schema/logical_type.h"

namespace eider::file {
namespace {

constexpr uint64_t kEntryBytes = 16;

/// The arrays of one field, a value for each batch.
struct Measured {
  ArrayPtr null_count, min, max;
};

/// Reads a field of the statistics.
class FieldReader {
 public:
  FieldReader(const io::ReadableFile& file, const ::lance::file::StatisticsMetadata& metadata, uint64_t num_batches, ScanStats* stats)
      : file_(file), page_table_(metadata.page_table_position()), num_batches_(num_batches), stats_(stats) {
    if (!metadata.fields().empty()) first_id_ = *std::ranges::min_element(metadata.fields());
  }

  ArrayPtr Read(const LanceField& field, const TypePtr& type) const {
    if (field.id < first_id_) throw Corrupt("statistics: field {} before field {}", field.id, first_id_);
    const uint64_t place = CheckedMul(static_cast<uint64_t>(int64_t{field.id} - first_id_), kEntryBytes, "statistics");
    const uint64_t position = CheckedAdd(page_table_, place, "statistics");
    if (position > file_.size() || file_.size() - position < kEntryBytes) throw Corrupt("statistics: page table at {} of {}", position, file_.size());
    const Buffer entry = file_.Read({position, kEntryBytes});
    const page::legacy::LegacyPage page{
        .position = LoadLe<uint64_t>(entry.data()), .length = LoadLe<uint64_t>(entry.data() + 8), .file_bytes = file_.size(), .mapping = {}};
    if (page.length != num_batches_) throw Corrupt("statistics: {} values for {} batches", page.length, num_batches_);
    return ReadLegacyArray(file_, page, type, stats_);
  }

 private:
  const io::ReadableFile& file_;
  const uint64_t page_table_, num_batches_;
  int32_t first_id_ = 0;
  ScanStats* const stats_;
};

const LanceField* Find(const std::vector<LanceField>& fields, std::string_view name) {
  const auto at = std::ranges::find(fields, name, &LanceField::name);
  return at == fields.end() ? nullptr : &*at;
}

bool IsNumber(const DataType& type) {
  switch (type.id) {
    case TypeId::kBool: case TypeId::kHalfFloat: case TypeId::kFixedSizeList: case TypeId::kFixedSizeBinary: case TypeId::kDictionary: return false;
    default: return FixedBitWidth(type) > 0;
  }
}

bool IsText(const DataType& type) { return LayoutOf(type.id) == Layout::kVariable32 || LayoutOf(type.id) == Layout::kVariable64; }

bool IsNan(const DataType& type, const std::string& value) {
  const uint8_t* bytes = reinterpret_cast<const uint8_t*>(value.data());
  return (type.id == TypeId::kFloat && std::isnan(LoadLe<float>(bytes))) || (type.id == TypeId::kDouble && std::isnan(LoadLe<double>(bytes)));
}

/// Numbers as they lie in the file.
page::PageStatistics OfNumbers(const Array& min, const Array& max, size_t batch) {
  const uint64_t width = ByteWidth(*min.type);
  const auto value = [&](const Array& array) {
    const uint64_t row = static_cast<uint64_t>(array.offset) + batch;
    return std::string(array.buffers[0].as<char>() + row * width, width);
  };
  page::PageStatistics out{.null_count = 0, .min = value(min), .max = value(max)};
  if (IsNan(*min.type, *out.min) || IsNan(*min.type, *out.max)) return {};
  // NaNs are left out: infinity stands where there is nothing else. Zeros have either sign.
  out.has_nan = out.only_bounds = min.type->id == TypeId::kFloat || min.type->id == TypeId::kDouble;
  return out;
}

// Texts are cut to 64 bytes, the greatest one then with a character raised; where none can be, it is empty. What is empty reads as null.
page::PageStatistics OfTexts(const Array& min, const Array& max, size_t batch) {
  const auto text = [batch](const Array& array) {
    if (!array.IsValid(static_cast<int64_t>(batch))) return std::string_view();
    const ByteSpan bytes = StringValues(array).At(static_cast<int64_t>(batch));
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  page::PageStatistics out{.only_bounds = true};
  if (!text(min).empty()) out.null_count = 0;
  if (!text(max).empty()) page::KeepBounds(text(min), text(max), out);
  return out;
}

std::vector<page::PageStatistics> Combine(const Measured& measured, uint64_t num_batches) {
  std::vector<page::PageStatistics> out(num_batches);
  const int64_t* nulls = measured.null_count->buffers[0].as<int64_t>() + measured.null_count->offset;
  const bool numbers = IsNumber(*measured.min->type);
  for (size_t i = 0; i < num_batches; ++i) {
    if (nulls[i] == 0) out[i] = numbers ? OfNumbers(*measured.min, *measured.max, i) : OfTexts(*measured.min, *measured.max, i);
  }
  return out;
}

std::vector<page::PageStatistics> ReadField(const io::ReadableFile& file, const std::string& bytes, const LanceField& leaf,
                                            uint64_t num_batches, ScanStats* stats) {
  ::lance::file::StatisticsMetadata metadata;
  if (!ParseMessage({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, &metadata)) throw Corrupt("statistics: {} bytes are no such message", bytes.size());
  const LanceSchema schema = SchemaFromProto(metadata.schema(), {});
  const LanceField* field = Find(schema.fields, std::to_string(leaf.id));
  if (!field) return {};
  const LanceField *nulls = Find(field->children, "null_count"), *min = Find(field->children, "min_value"), *max = Find(field->children, "max_value");
  if (!nulls || !min || !max || nulls->logical_type != "int64" || min->logical_type != leaf.logical_type || max->logical_type != leaf.logical_type) return {};
  const TypePtr type = ToArrowField(*min).type;
  if (!IsNumber(*type) && !IsText(*type)) return {};
  const FieldReader reader(file, metadata, num_batches, stats);
  return Combine({reader.Read(*nulls, MakeType(TypeId::kInt64)), reader.Read(*min, type), reader.Read(*max, type)}, num_batches);
}

}  // namespace

ArrayPtr ReadLegacyArray(const io::ReadableFile& file, const page::legacy::LegacyPage& page, const TypePtr& type, ScanStats* stats) {
  page::RowRanges all;
  page::AppendRange(all, {0, page.length});
  const page::ArrayReadPtr read = page::legacy::MakeLegacyRead(page, type, std::move(all));
  io::RangeBatch batches[2];
  for (io::RangeBatch& batch : batches) {
    std::vector<ByteRange> wants;
    read->Want(wants);
    if (wants.empty()) break;
    std::vector<ByteSpan> spans(wants.size());
    batch.Read(file, wants, spans, stats);
    read->Feed(spans);
  }
  return read->Finish();
}

std::vector<page::PageStatistics> ReadLegacyStatistics(const io::ReadableFile& file, const std::string& metadata, const LanceField& leaf,
                                                       uint64_t num_batches, ScanStats* stats) {
  if (metadata.empty() || num_batches == 0) return {};
  try {
    return ReadField(file, metadata, leaf, num_batches, stats);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCorrupt && error.kind() != ErrorKind::kUnsupported) throw;
    return {};
  }
}

}  // namespace eider::file
