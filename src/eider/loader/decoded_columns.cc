#include "eider/loader/decoded_columns.h"

#include <algorithm>

#include "eider/array/types.h"
#include "eider/base/bytes.h"
#include "eider/base/task_pool.h"

namespace eider::loader {
namespace {

// Rows decoded at a time: their columns and their part of the slab stay in the cache while one is turned into the other.
constexpr uint64_t kFillRows = 16384;

bool IsNarrow(const Field& field) {
  const Layout layout = LayoutOf(field.type->id);
  return layout == Layout::kBits || (layout == Layout::kFixed && field.type->id != TypeId::kFixedSizeBinary);
}

/// Names that a projection takes as they are: no path, no quotes.
bool IsPlainName(const std::string& name) { return name.find_first_of(".`") == std::string::npos; }

bool ArePlain(const Schema& schema, const std::optional<std::vector<std::string>>& columns) {
  for (const Field& field : schema.fields) {
    if (!IsPlainName(field.name)) return false;
  }
  return !columns || std::all_of(columns->begin(), columns->end(), IsPlainName);
}

/// to[i * to_step] = from[i * from_step] for words of `width` bytes.
void CopyStrided(const uint8_t* from, uint64_t from_step, uint8_t* to, uint64_t to_step, uint64_t count, uint64_t width) {
  const auto copy = [&]<typename T>(T) {
    for (uint64_t i = 0; i < count; ++i) StoreLe<T>(to + i * to_step, LoadLe<T>(from + i * from_step));
  };
  switch (width) {
    case 1: return copy(uint8_t{});
    case 2: return copy(uint16_t{});
    case 4: return copy(uint32_t{});
    case 8: return copy(uint64_t{});
    default:
      for (uint64_t i = 0; i < count; ++i) std::memcpy(to + i * to_step, from + i * from_step, width);
  }
}

void GatherWords(const uint8_t* slab, uint64_t row_bytes, std::span<const uint64_t> positions, uint8_t* to, uint64_t width) {
  const auto gather = [&]<typename T>(T) {
    for (size_t i = 0; i < positions.size(); ++i) StoreLe<T>(to + i * sizeof(T), LoadLe<T>(slab + positions[i] * row_bytes));
  };
  switch (width) {
    case 1: return gather(uint8_t{});
    case 2: return gather(uint16_t{});
    case 4: return gather(uint32_t{});
    case 8: return gather(uint64_t{});
    default:
      for (size_t i = 0; i < positions.size(); ++i) std::memcpy(to + i * width, slab + positions[i] * row_bytes, width);
  }
}

}  // namespace

void DecodedColumns::PlanRow(const Schema& schema) {
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    const Field& field = schema.fields[i];
    if (!IsNarrow(field)) {
      others_.push_back(field.name);
      continue;
    }
    narrow_.push_back(field.name);
    const uint64_t width = std::max<uint64_t>(FixedBitWidth(*field.type) / 8, 1);
    slots_.push_back({.column = i, .type = field.type, .width = width, .offset = row_bytes_});
    row_bytes_ += width;
  }
  for (Slot& slot : slots_) {
    if (schema.fields[slot.column].nullable) slot.validity_offset = int64_t(row_bytes_++);
  }
}

std::shared_ptr<const DecodedColumns> DecodedColumns::TryDecode(const Dataset& dataset, const Schema& schema,
                                                                const std::optional<std::vector<std::string>>& columns,
                                                                std::shared_ptr<Session> session, ScanStats& stats) {
  if (!ArePlain(schema, columns)) return nullptr;
  auto decoded = std::make_shared<DecodedColumns>();
  decoded->PlanRow(schema);
  const uint64_t num_rows = dataset.CountRows();
  if (decoded->slots_.empty() || num_rows == 0 || decoded->row_bytes_ > session->memory_limit() / 4 / num_rows) return nullptr;
  const uint64_t bytes = decoded->row_bytes_ * num_rows;
  std::optional<BudgetCharge> charge = BudgetCharge::Try(session->budget(), bytes);
  if (!charge) return nullptr;  // others hold the memory: read from the file
  decoded->charge_ = std::move(*charge);
  decoded->session_ = std::move(session);
  decoded->slab_.Resize(bytes);
  decoded->session_->cpu_pool().ParallelFor(CeilDiv(num_rows, kFillRows), [&](size_t i) {
    const uint64_t first = i * kFillRows;
    decoded->Fill(dataset, first, std::min(kFillRows, num_rows - first), stats);
  });
  return decoded;
}

void DecodedColumns::Fill(const Dataset& dataset, uint64_t first, uint64_t count, ScanStats& stats) {
  ScanOptions options;
  options.columns = narrow_;
  options.stats = &stats;
  const RecordBatch batch = dataset.ReadRange(first, count, options);
  uint8_t* rows = slab_.data() + first * row_bytes_;
  for (size_t k = 0; k < slots_.size(); ++k) {
    const Slot& slot = slots_[k];
    const Array& array = *batch.columns.at(size_t(batch.schema->FieldIndex(narrow_[k])));
    const uint8_t* from = array.buffers[0].data();
    if (slot.type->id == TypeId::kBool) {
      for (uint64_t i = 0; i < count; ++i) rows[i * row_bytes_ + slot.offset] = GetBit(from, uint64_t(array.offset) + i);
    } else {
      CopyStrided(from + uint64_t(array.offset) * slot.width, slot.width, rows + slot.offset, row_bytes_, count, slot.width);
    }
    if (slot.validity_offset < 0) continue;
    for (uint64_t i = 0; i < count; ++i) rows[i * row_bytes_ + uint64_t(slot.validity_offset)] = array.IsValid(int64_t(i));
  }
}

ArrayPtr DecodedColumns::Gather(const Slot& slot, std::span<const uint64_t> positions) const {
  auto array = std::make_shared<Array>();
  array->type = slot.type;
  array->length = int64_t(positions.size());
  array->null_count = 0;
  const auto gather_bits = [&](uint64_t offset, bool* all_set) {
    BitBuilder bits;
    bits.AppendFill(positions.size(), false);
    uint64_t num_set = 0;
    for (size_t i = 0; i < positions.size(); ++i) {
      const uint8_t bit = slab_.data()[positions[i] * row_bytes_ + offset];
      bits.data()[i >> 3] |= uint8_t(bit << (i & 7));
      num_set += bit;
    }
    *all_set = num_set == positions.size();
    return bits.Finish();
  };
  bool all_set = true;
  if (slot.type->id == TypeId::kBool) {
    array->buffers = {gather_bits(slot.offset, &all_set)};
  } else {
    BufferBuilder data;
    data.Resize(positions.size() * slot.width);
    GatherWords(slab_.data() + slot.offset, row_bytes_, positions, data.data(), slot.width);
    array->buffers = {data.Finish()};
  }
  if (slot.validity_offset < 0) return array;
  Buffer validity = gather_bits(uint64_t(slot.validity_offset), &all_set);
  if (all_set) return array;
  array->validity = std::move(validity);
  array->null_count = -1;
  return array;
}

RecordBatch DecodedColumns::Take(const Dataset& dataset, const SchemaPtr& schema, std::span<const uint64_t> positions,
                                 ScanOptions options) const {
  RecordBatch rest;
  options.columns = others_;
  if (!others_.empty()) rest = dataset.Take(positions, options);
  RecordBatch batch{schema, int64_t(positions.size()), std::vector<ArrayPtr>(schema->fields.size())};
  for (const uint64_t position : positions) {
    const uint8_t* row = slab_.data() + position * row_bytes_;
    for (uint64_t at = 0; at < row_bytes_; at += 64) __builtin_prefetch(row + at);
  }
  for (const Slot& slot : slots_) {
    ArrayPtr array = Gather(slot, positions);
    if (options.stats) options.stats->bytes_copied += ArrayBytes(*array);
    batch.columns[slot.column] = std::move(array);
  }
  for (const std::string& name : others_) {
    batch.columns[size_t(schema->FieldIndex(name))] = rest.columns.at(size_t(rest.schema->FieldIndex(name)));
  }
  return batch;
}

}  // namespace eider::loader
