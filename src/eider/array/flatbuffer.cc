#include "eider/array/flatbuffer.h"

namespace eider {

FlatTable::FlatTable(ByteSpan bytes, uint64_t at) : bytes_(bytes), at_(at) {
  const int64_t vtable = int64_t(at) - ReadLe<int32_t>(bytes, at, "flatbuffer table");
  if (vtable < 0) throw Corrupt("flatbuffer: table at {} with vtable at {}", at, vtable);
  vtable_ = uint64_t(vtable);
  vtable_bytes_ = ReadLe<uint16_t>(bytes, vtable_, "flatbuffer vtable");
  CheckedSubspan(bytes, vtable_, vtable_bytes_, "flatbuffer vtable");
}

FlatTable FlatTable::Root(ByteSpan bytes) { return FlatTable(bytes, ReadLe<uint32_t>(bytes, 0, "flatbuffer root")); }

uint64_t FlatTable::FieldAt(unsigned field) const {
  const uint64_t entry = 4 + 2 * uint64_t{field};
  if (entry + 2 > vtable_bytes_) return 0;
  const uint16_t offset = LoadLe<uint16_t>(bytes_.data() + vtable_ + entry);
  return offset ? at_ + offset : 0;
}

uint64_t FlatTable::Follow(uint64_t reference) const {
  return reference + ReadLe<uint32_t>(bytes_, reference, "flatbuffer reference");
}

FlatTable FlatTable::Table(unsigned field) const {
  const uint64_t at = FieldAt(field);
  if (!at) throw Corrupt("flatbuffer: field {} of the table at {} is missing", field, at_);
  return FlatTable(bytes_, Follow(at));
}

ByteSpan FlatTable::Vector(unsigned field, uint64_t element_bytes) const {
  const uint64_t at = FieldAt(field);
  if (!at) return {};
  const uint64_t start = Follow(at);
  const uint32_t count = ReadLe<uint32_t>(bytes_, start, "flatbuffer vector");
  return CheckedSubspan(bytes_, start + 4, count * element_bytes, "flatbuffer vector");
}

std::string_view FlatTable::String(unsigned field) const {
  const ByteSpan text = Vector(field, 1);
  return {reinterpret_cast<const char*>(text.data()), text.size()};
}

std::vector<FlatTable> FlatTable::Tables(unsigned field) const {
  const ByteSpan references = Vector(field, 4);
  std::vector<FlatTable> tables;
  for (size_t i = 0; i < references.size(); i += 4) {
    tables.push_back(FlatTable(bytes_, Follow(uint64_t(references.data() - bytes_.data()) + i)));
  }
  return tables;
}

std::vector<size_t> FlatBuilder::Table(std::initializer_list<Slot> slots) {
  unsigned num_fields = 0;
  for (const Slot& slot : slots) num_fields = std::max(num_fields, slot.field + 1);
  const size_t vtable_bytes = 4 + 2 * num_fields;
  // The table starts on 8 bytes, so aligning each field within it is enough.
  const size_t table = AlignUp(bytes_.size() + vtable_bytes, 8);
  const size_t vtable = table - vtable_bytes;
  bytes_.resize(table);
  Append(int32_t(vtable_bytes));
  std::vector<size_t> positions;
  for (const Slot& slot : slots) {
    Align(slot.bytes);
    positions.push_back(bytes_.size());
    StoreLe<uint16_t>(bytes_.data() + vtable + 4 + 2 * slot.field, uint16_t(bytes_.size() - table));
    bytes_.resize(bytes_.size() + slot.bytes);
    std::memcpy(bytes_.data() + positions.back(), &slot.value, slot.bytes);
  }
  StoreLe<uint16_t>(bytes_.data() + vtable, uint16_t(vtable_bytes));
  StoreLe<uint16_t>(bytes_.data() + vtable + 2, uint16_t(bytes_.size() - table));
  table_start_ = table;
  if (!has_root_) Point(0, table);
  has_root_ = true;
  return positions;
}

std::vector<size_t> FlatBuilder::TableAt(size_t reference, std::initializer_list<Slot> slots) {
  const std::vector<size_t> positions = Table(slots);
  Point(reference, table_start_);
  return positions;
}

void FlatBuilder::StringAt(size_t reference, std::string_view text) {
  Align(4);
  Point(reference, bytes_.size());
  Append(uint32_t(text.size()));
  bytes_.insert(bytes_.end(), text.begin(), text.end());
  bytes_.push_back(0);
}

void FlatBuilder::WordsAt(size_t reference, uint64_t num_elements, const std::vector<uint64_t>& words) {
  Align(8);
  Append(uint32_t{0});  // the elements, not the count, lie on 8 bytes
  Point(reference, bytes_.size());
  Append(uint32_t(num_elements));
  for (const uint64_t word : words) Append(word);
}

std::vector<size_t> FlatBuilder::ReferencesAt(size_t reference, size_t n) {
  Align(4);
  Point(reference, bytes_.size());
  Append(uint32_t(n));
  std::vector<size_t> positions;
  for (size_t i = 0; i < n; ++i) {
    positions.push_back(bytes_.size());
    Append(uint32_t{0});
  }
  return positions;
}

std::vector<uint8_t> FlatBuilder::Finish() {
  Align(8);
  return std::move(bytes_);
}

}  // namespace eider
