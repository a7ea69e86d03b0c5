#include "eider/mutate/scanned_rows.h"

#include <numeric>

#include "eider/base/error.h"
#include "eider/query/row_groups.h"
#include "eider/rows/row_address.h"

namespace eider::mutate {

ScannedRows::ScannedRows(const query::TableReader& table, const std::optional<std::vector<uint64_t>>& fragment_ids)
    : table_(table) {
  if (!fragment_ids) {
    fragments_.resize(table.num_fragments());
    std::iota(fragments_.begin(), fragments_.end(), size_t{0});
    starts_ = table.Starts();
    return;
  }
  for (const uint64_t id : *fragment_ids) {
    const std::optional<size_t> index = table.snapshot().manifest->FindFragment(id);
    if (!index) throw NotFound("fragment {} is not in version {}", id, table.snapshot().version());
    fragments_.push_back(*index);
    starts_.push_back(starts_.back() + table.fragment(*index).live_rows(table.context(nullptr)));
  }
}

uint64_t ScannedRows::AddressOf(uint64_t position) const {
  const size_t at = query::FindFragment(starts_, position);
  const query::FragmentReader& fragment = table_.fragment(fragments_[at]);
  const uint64_t live = position - starts_[at];
  const rows::DeletionVector* deletions = fragment.deletions(table_.context(nullptr));
  const uint64_t offset = deletions ? deletions->PhysicalOffset(live) : live;
  return rows::RowAddress::Make(static_cast<uint32_t>(fragment.id()), static_cast<uint32_t>(offset)).value;
}

}  // namespace eider::mutate
