#include "eider/file/zone_seeds.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "eider/array/ipc_file.h"
#include "eider/array/string_values.h"
#include "eider/array/types.h"
#include "eider/schema/logical_type.h"

namespace eider::file {
namespace {

constexpr std::string_view kPrefix = "lance.seed.";
constexpr uint64_t kMaxSeedColumns = 16;

/// The columns of a seed.
struct SeedColumns {
  ArrayPtr min, max, null_count, nan_count, zone_length;
};

SeedColumns FindColumns(const RecordBatch& batch, const TypePtr& type) {
  const auto find = [&](std::string_view name, const TypePtr& wanted) {
    for (size_t i = 0; i < batch.columns.size(); ++i) {
      if (batch.schema->fields[i].name != name) continue;
      const ArrayPtr& column = batch.columns[i];
      if (!TypesEqual(*column->type, *wanted)) throw Corrupt("seed: '{}' is of {}, not {}", name, TypeToString(*column->type), TypeToString(*wanted));
      return column;
    }
    throw Corrupt("seed: no column '{}'", name);
  };
  return {find("min", type), find("max", type), find("null_count", MakeType(TypeId::kUInt32)), find("nan_count", MakeType(TypeId::kUInt32)),
          find("zone_length", MakeType(TypeId::kUInt64))};
}

template <typename T>
T NumberAt(const Array& array, int64_t i) {
  if (!array.IsValid(i)) throw Corrupt("seed: a count of zone {} is null", i);
  return array.buffers[0].as<T>()[array.offset + i];
}

/// The bytes of a value, which is not null.
std::string_view BytesAt(const Array& array, int64_t i) {
  if (LayoutOf(array.type->id) == Layout::kFixed) {
    const uint64_t width = ByteWidth(*array.type);
    return {array.buffers[0].as<char>() + static_cast<uint64_t>(array.offset + i) * width, width};
  }
  const ByteSpan bytes = StringValues(array).At(i);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <typename T>
void KeepFloats(std::string_view min, std::string_view max, page::PageStatistics& out) {
  const T low = LoadLe<T>(reinterpret_cast<const uint8_t*>(min.data()));
  T high = LoadLe<T>(reinterpret_cast<const uint8_t*>(max.data()));
  out.has_nan |= std::isnan(high);
  out.only_bounds = true;  // a zero stands for those of both signs
  if (std::isnan(low)) return;
  if (std::isnan(high)) high = std::numeric_limits<T>::infinity();
  out.min = std::string(min);
  out.max = std::string(reinterpret_cast<const char*>(&high), sizeof high);
}

void KeepExtremes(const DataType& type, std::string_view min, std::string_view max, page::PageStatistics& out) {
  if (type.id == TypeId::kFloat) return KeepFloats<float>(min, max, out);
  if (type.id == TypeId::kDouble) return KeepFloats<double>(min, max, out);
  if (LayoutOf(type.id) == Layout::kFixed) {
    out.min = std::string(min);
    out.max = std::string(max);
    return;
  }
  page::KeepBounds(min, max, out);
  out.only_bounds = true;
}

page::PageStatistics ReadZone(const SeedColumns& columns, int64_t zone, uint64_t rows) {
  const uint64_t nulls = NumberAt<uint32_t>(*columns.null_count, zone), nans = NumberAt<uint32_t>(*columns.nan_count, zone);
  if (nulls > rows || nans > rows - nulls) throw Corrupt("seed: {} nulls and {} NaNs in zone {} of {} rows", nulls, nans, zone, rows);
  page::PageStatistics out{.null_count = nulls, .min = {}, .max = {}, .has_nan = nans > 0};
  if (columns.min->IsValid(zone) != columns.max->IsValid(zone) || columns.min->IsValid(zone) == (nulls == rows)) {
    throw Corrupt("seed: bounds of zone {} with {} nulls in {} rows", zone, nulls, rows);
  }
  if (nulls < rows) KeepExtremes(*columns.min->type, BytesAt(*columns.min, zone), BytesAt(*columns.max, zone), out);
  return out;
}

bool HasSeeds(const DataType& type) {
  switch (LayoutOf(type.id)) {
    case Layout::kVariable32:
    case Layout::kVariable64: return true;
    case Layout::kFixed: return type.id != TypeId::kHalfFloat && type.id != TypeId::kFixedSizeBinary;
    default: return false;
  }
}

}  // namespace

std::optional<uint32_t> FindSeed(const LanceSchema& file_schema, const LanceField& field) {
  const auto stored = std::ranges::find(file_schema.fields, field.id, &LanceField::id);
  if (stored == file_schema.fields.end()) return std::nullopt;
  const std::string key = std::string(kPrefix) + stored->name;
  for (const auto& [name, value] : file_schema.metadata) {
    if (name != key) continue;
    uint32_t index = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), index);
    if (error == std::errc() && end != value.data() + value.size() && *end == ':') return index;
  }
  return std::nullopt;
}

Zones ReadSeed(ByteSpan bytes, const TypePtr& type, uint64_t num_rows) {
  if (!HasSeeds(*type)) throw Unsupported("a seed of {}", TypeToString(*type));
  const RecordBatch batch =
      ReadIpcFile(bytes, {.rows = std::min(num_rows, kMaxZones), .columns = kMaxSeedColumns, .text_bytes = kMaxSeedBytes});
  const SeedColumns columns = FindColumns(batch, type);
  Zones zones{.first_rows = {0}, .statistics = {}};
  for (int64_t i = 0; i < batch.num_rows; ++i) {
    const uint64_t rows = NumberAt<uint64_t>(*columns.zone_length, i), first = zones.first_rows.back();
    if (rows == 0 || rows > num_rows - first) throw Corrupt("seed: zone {} of {} rows from {} of {}", i, rows, first, num_rows);
    zones.statistics.push_back(ReadZone(columns, i, rows));
    zones.first_rows.push_back(first + rows);
  }
  if (zones.first_rows.back() != num_rows) throw Corrupt("seed: zones of {} rows, the file has {}", zones.first_rows.back(), num_rows);
  return zones;
}

std::vector<PageFacts> ZoneSeeds::Facts(const LanceField& leaf, uint64_t num_rows,
                                        const std::function<std::optional<Buffer>(const LanceField&)>& read) const {
  std::lock_guard lock(mutex_);
  auto known = known_.find(leaf.id);
  if (known == known_.end()) {
    Zones zones;
    try {
      const TypePtr type = ToArrowField(leaf).type;
      if (const std::optional<Buffer> bytes = read(leaf)) zones = ReadSeed(bytes->span(), type, num_rows);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kCorrupt && error.kind() != ErrorKind::kUnsupported) throw;
    }
    known = known_.emplace(leaf.id, std::move(zones)).first;
  }
  std::vector<PageFacts> facts;
  const Zones& zones = known->second;
  for (size_t i = 0; i < zones.statistics.size(); ++i) {
    facts.push_back({zones.first_rows[i], zones.first_rows[i + 1] - zones.first_rows[i], &zones.statistics[i]});
  }
  return facts;
}

}  // namespace eider::file
