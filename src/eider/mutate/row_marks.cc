#include "eider/mutate/row_marks.h"

#include <bit>

#include "eider/rows/row_address.h"

namespace eider::mutate {

RowMarks::RowMarks(const query::TableReader& table) : table_(table), bits_(table.num_fragments()) {
  for (size_t i = 0; i < bits_.size(); ++i) by_id_[table.snapshot().manifest->fragment(i).id()] = i;
}

// Rows come by fragment.
size_t RowMarks::FragmentOf(uint64_t address) const {
  const uint64_t id = rows::RowAddress{address}.fragment();
  if (id != last_id_) {
    last_ = by_id_.at(id);
    last_id_ = id;
  }
  return last_;
}

std::vector<uint64_t>& RowMarks::BitsOf(size_t fragment) {
  std::vector<uint64_t>& bits = bits_[fragment];
  if (bits.empty()) bits.resize(table_.fragment(fragment).physical_rows(table_.context(nullptr)) / 64 + 1);
  return bits;
}

bool RowMarks::Mark(uint64_t address) {
  std::vector<uint64_t>& bits = BitsOf(FragmentOf(address));
  const uint32_t offset = rows::RowAddress{address}.offset();
  const uint64_t bit = uint64_t{1} << offset % 64;
  if (bits[offset / 64] & bit) return false;
  bits[offset / 64] |= bit;
  ++num_marked_;
  return true;
}

bool RowMarks::IsMarked(uint64_t address) const {
  const std::vector<uint64_t>& bits = bits_[FragmentOf(address)];
  const uint32_t offset = rows::RowAddress{address}.offset();
  return !bits.empty() && (bits[offset / 64] >> offset % 64 & 1) != 0;
}

void RowMarks::MarkUnmarked(const RowMarks& others) {
  for (size_t i = 0; i < bits_.size(); ++i) {
    const query::FragmentReader& fragment = table_.fragment(i);
    const rows::DeletionVector* deletions = fragment.deletions(table_.context(nullptr));
    const uint64_t num_rows = fragment.physical_rows(table_.context(nullptr));
    const std::vector<rows::RowRange> live = deletions ? deletions->LiveRanges(0, num_rows) : std::vector<rows::RowRange>{{0, num_rows}};
    std::vector<uint64_t>& bits = BitsOf(i);
    const std::vector<uint64_t>& other = others.bits_[i];
    for (const rows::RowRange& range : live) {
      for (uint64_t offset = range.first; offset < range.end(); ++offset) {
        const uint64_t bit = uint64_t{1} << offset % 64, word = offset / 64;
        if ((!other.empty() && (other[word] & bit) != 0) || (bits[word] & bit) != 0) continue;
        bits[word] |= bit;
        ++num_marked_;
      }
    }
  }
}

void RowMarks::Collect(size_t fragment, std::vector<uint64_t>* addresses) const {
  const auto id = static_cast<uint32_t>(table_.snapshot().manifest->fragment(fragment).id());
  for (size_t word = 0; word < bits_[fragment].size(); ++word) {
    for (uint64_t left = bits_[fragment][word]; left != 0; left &= left - 1) {
      const auto bit = static_cast<uint32_t>(std::countr_zero(left));
      addresses->push_back(rows::RowAddress::Make(id, static_cast<uint32_t>(word * 64) + bit).value);
    }
  }
}

std::vector<uint64_t> RowMarks::First(uint64_t most) const {
  std::vector<uint64_t> addresses;
  for (size_t i = 0; i < bits_.size() && addresses.size() < most; ++i) Collect(i, &addresses);
  if (addresses.size() > most) addresses.resize(most);
  return addresses;
}

void RowMarks::AddTo(NewDeletions* deletions) const {
  std::vector<uint64_t> addresses;
  for (size_t i = 0; i < bits_.size(); ++i) {
    addresses.clear();
    Collect(i, &addresses);
    deletions->Add(addresses);
  }
}

}  // namespace eider::mutate
