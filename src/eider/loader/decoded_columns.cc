#include "eider/loader/decoded_columns.h"

#include <algorithm>
#include <array>
#include <bit>

#include "eider/array/types.h"
#include "eider/base/bytes.h"
#include "eider/base/task_pool.h"

namespace eider::loader {
namespace {

// Rows decoded at a time: their columns and their part of the slab stay in the cache while one is turned into the other.
constexpr uint64_t kFillRows = 4096;

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

// Rows gathered at a time: few enough to stay in the first-level cache while every column picks its values out of them, and
// as many as a word has bits.
constexpr size_t kBlockRows = 64;

/// The rows of one block of positions, by address.
using BlockRows = std::span<const uint8_t* const>;

void GatherWords(BlockRows rows, uint64_t offset, uint8_t* to, uint64_t width) {
  const auto gather = [&]<typename T>(T) {
    for (size_t i = 0; i < rows.size(); ++i) StoreLe<T>(to + i * sizeof(T), LoadLe<T>(rows[i] + offset));
  };
  switch (width) {
    case 1: return gather(uint8_t{});
    case 2: return gather(uint16_t{});
    case 4: return gather(uint32_t{});
    case 8: return gather(uint64_t{});
    default:
      for (size_t i = 0; i < rows.size(); ++i) std::memcpy(to + i * width, rows[i] + offset, width);
  }
}

/// Bit `bit` of every row, packed. Returns how many are set.
uint64_t GatherBits(BlockRows rows, uint64_t bit, uint8_t* to) {
  uint64_t word = 0;
  for (size_t i = 0; i < rows.size(); ++i) word |= uint64_t{GetBit(rows[i], bit)} << i;
  std::memcpy(to, &word, BytesForBits(rows.size()));
  return uint64_t(std::popcount(word));
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
    const uint64_t width = FixedBitWidth(*field.type) / 8;
    slots_.push_back({.column = i, .type = field.type, .width = width, .offset = row_bytes_});
    row_bytes_ += width;
  }
  uint64_t num_bits = 0;
  for (Slot& slot : slots_) {
    if (slot.width == 0) slot.offset = row_bytes_ * 8 + num_bits++;
    if (schema.fields[slot.column].nullable) slot.validity_bit = int64_t(row_bytes_ * 8 + num_bits++);
  }
  all_valid_.resize(BytesForBits(num_bits));
  for (const Slot& slot : slots_) {
    if (slot.validity_bit >= 0) SetBit(all_valid_.data(), uint64_t(slot.validity_bit) - row_bytes_ * 8);
  }
  row_bytes_ += all_valid_.size();
}

std::shared_ptr<const DecodedColumns> DecodedColumns::TryDecode(const RowReader& dataset, const Schema& schema,
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
  decoded->has_nulls_ = std::vector<std::atomic<bool>>(decoded->slots_.size());
  decoded->slab_.Resize(bytes);
  AdviseHugePages(decoded->slab_.data(), bytes);
  decoded->session_->cpu_pool().ParallelFor(CeilDiv(num_rows, kFillRows), [&](size_t i) {
    const uint64_t first = i * kFillRows;
    decoded->Fill(dataset, first, std::min(kFillRows, num_rows - first), stats);
  });
  return decoded;
}

void DecodedColumns::Fill(const RowReader& dataset, uint64_t first, uint64_t count, ScanStats& stats) {
  ScanOptions options;
  options.columns = narrow_;
  options.stats = &stats;
  const RecordBatch batch = dataset.ReadRange(first, count, options);
  std::vector<const Array*> arrays;
  for (size_t k = 0; k < slots_.size(); ++k) {
    arrays.push_back(batch.columns.at(size_t(batch.schema->FieldIndex(narrow_[k]))).get());
    if (slots_[k].validity_bit >= 0 && CountNulls(*arrays[k]) > 0) has_nulls_[k].store(true, std::memory_order_relaxed);
  }
  for (uint64_t at = 0; at < count; at += kBlockRows) FillBlock(arrays, at, std::min<uint64_t>(kBlockRows, count - at), first + at);
}

void DecodedColumns::FillBlock(std::span<const Array* const> arrays, uint64_t from, uint64_t count, uint64_t first_row) {
  uint8_t* rows = slab_.data() + first_row * row_bytes_;
  for (uint64_t i = 0; i < count; ++i) std::memcpy(rows + (i + 1) * row_bytes_ - all_valid_.size(), all_valid_.data(), all_valid_.size());
  for (size_t k = 0; k < slots_.size(); ++k) {
    const Slot& slot = slots_[k];
    const Array& array = *arrays[k];
    const uint64_t start = uint64_t(array.offset) + from;
    const uint8_t* values = array.buffers[0].data();
    if (slot.width > 0) {
      CopyStrided(values + start * slot.width, slot.width, rows + slot.offset, row_bytes_, count, slot.width);
    } else {
      for (uint64_t i = 0; i < count; ++i) rows[i * row_bytes_ + slot.offset / 8] |= uint8_t(GetBit(values, start + i) << slot.offset % 8);
    }
    if (!array.validity.present() || slot.validity_bit < 0) continue;
    for (uint64_t i = 0; i < count; ++i) {
      if (!GetBit(array.validity.data(), start + i)) ClearBit(rows + i * row_bytes_, uint64_t(slot.validity_bit));
    }
  }
}

/// Where the values of one slot of a batch go.
struct DecodedColumns::Target {
  Target(const Slot& its_slot, bool has_nulls, uint64_t num_rows) : slot(its_slot), count(num_rows) {
    values.Resize(slot.width > 0 ? count * slot.width : BytesForBits(count));
    if (has_nulls) validity.Resize(BytesForBits(count));
  }

  void Gather(BlockRows rows, uint64_t first) {
    if (slot.width > 0) {
      GatherWords(rows, slot.offset, values.data() + first * slot.width, slot.width);
    } else {
      GatherBits(rows, slot.offset, values.data() + first / 8);
    }
    if (validity.data()) num_valid += GatherBits(rows, uint64_t(slot.validity_bit), validity.data() + first / 8);
  }

  ArrayPtr Finish() {
    auto array = std::make_shared<Array>();
    array->type = slot.type;
    array->length = int64_t(count);
    array->null_count = validity.data() ? int64_t(count - num_valid) : 0;
    array->buffers = {values.Finish()};
    if (array->null_count > 0) array->validity = validity.Finish();
    return array;
  }

  const Slot& slot;
  const uint64_t count;
  BufferBuilder values, validity;
  uint64_t num_valid = 0;
};

/// Block by block; while the columns pick their values out of one block, the rows of the next are on their way from memory.
void DecodedColumns::Gather(std::span<const uint64_t> positions, std::span<Target> targets) const {
  std::array<const uint8_t*, kBlockRows> rows, next;
  const auto address = [&](size_t first, std::array<const uint8_t*, kBlockRows>& block) {
    const size_t count = first < positions.size() ? std::min(kBlockRows, positions.size() - first) : 0;
    for (size_t i = 0; i < count; ++i) block[i] = slab_.data() + positions[first + i] * row_bytes_;
    return count;
  };
  size_t count = address(0, rows);
  for (size_t i = 0; i < count; ++i) PrefetchBytes(rows[i], row_bytes_);
  for (size_t first = 0; first < positions.size(); first += kBlockRows) {
    const size_t next_count = address(first + kBlockRows, next);
    size_t fetched = 0;
    for (size_t k = 0; k < slots_.size(); ++k) {
      for (; fetched < next_count * (k + 1) / slots_.size(); ++fetched) PrefetchBytes(next[fetched], row_bytes_);
      targets[k].Gather({rows.data(), count}, first);
    }
    std::swap(rows, next);
    count = next_count;
  }
}

RecordBatch DecodedColumns::Take(const RowReader& dataset, const SchemaPtr& schema, std::span<const uint64_t> positions,
                                 ScanOptions options) const {
  RecordBatch rest;
  options.columns = others_;
  if (!others_.empty()) rest = dataset.Take(positions, options);
  std::vector<Target> targets;
  targets.reserve(slots_.size());
  for (size_t k = 0; k < slots_.size(); ++k) targets.emplace_back(slots_[k], has_nulls_[k].load(std::memory_order_relaxed), positions.size());
  Gather(positions, targets);
  RecordBatch batch{schema, int64_t(positions.size()), std::vector<ArrayPtr>(schema->fields.size())};
  for (size_t k = 0; k < slots_.size(); ++k) {
    ArrayPtr array = targets[k].Finish();
    if (options.stats) options.stats->bytes_copied += ArrayBytes(*array);
    batch.columns[slots_[k].column] = std::move(array);
  }
  for (const std::string& name : others_) {
    batch.columns[size_t(schema->FieldIndex(name))] = rest.columns.at(size_t(rest.schema->FieldIndex(name)));
  }
  return batch;
}

}  // namespace eider::loader
