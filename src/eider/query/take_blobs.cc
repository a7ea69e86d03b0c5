#include <algorithm>
#include <map>

#include "eider/base/error.h"
#include "eider/query/table_reader.h"

namespace eider::query {
namespace {

/// Rows of one fragment and their places in the answer.
struct RowsOfFragment {
  std::vector<uint64_t> physical;
  std::vector<size_t> outputs;
};

}  // namespace

uint64_t TableReader::AddressOf(uint64_t row, RowNaming naming, const file::ReadContext& context) const {
  if (naming == RowNaming::kPosition) {
    if (row >= num_rows()) throw Invalid("row {}: the dataset has {} rows", row, num_rows());
    const size_t index = FragmentOf(row);
    uint64_t live = row - Starts()[index], physical = 0;
    fragment(index).PhysicalOffsets({&live, 1}, {&physical, 1}, context);
    return fragment(index).id() << 32 | physical;
  }
  if (naming == RowNaming::kId && snapshot_.manifest->uses_stable_row_ids()) {
    const std::optional<uint64_t> position = StableRowIds().Find(row);
    if (!position) throw NotFound("row id {} is not in version {}", row, snapshot_.version());
    return AddressOf(*position, RowNaming::kPosition, context);
  }
  const std::optional<size_t> index = snapshot_.manifest->FindFragment(row >> 32);
  const uint64_t physical = row & 0xFFFFFFFF;
  if (!index || physical >= fragment(*index).physical_rows(context)) throw NotFound("row address {:#x} is not in version {}", row, snapshot_.version());
  const rows::DeletionVector* deleted = fragment(*index).deletions(context);
  if (deleted != nullptr && deleted->IsDeleted(physical)) throw NotFound("row address {:#x} is deleted", row);
  return row;
}

std::vector<BlobPlace> TableReader::PlaceBlobs(const std::string& column, std::span<const uint64_t> rows, RowNaming naming,
                                               ScanStats* stats, std::vector<uint64_t>* addresses) const {
  const file::ReadContext context = this->context(stats);
  const LanceField* field = snapshot_.manifest->schema().FindPath(column);
  if (field == nullptr) throw NotFound("{}", NoColumn(column, snapshot_.manifest->schema().Names()));
  if (BlobFormOf(*field) == BlobForm::kNone) throw Invalid("column '{}' holds no blobs: it is a {}", column, field->logical_type);
  const ReadPlanPtr plan = Plan({.columns = std::vector<std::string>{column}});
  std::map<size_t, RowsOfFragment> fragments;
  for (size_t i = 0; i < rows.size(); ++i) {
    const uint64_t address = AddressOf(rows[i], naming, context);
    if (addresses) addresses->push_back(address);
    RowsOfFragment& part = fragments[*snapshot_.manifest->FindFragment(address >> 32)];
    part.physical.push_back(address & 0xFFFFFFFF);
    part.outputs.push_back(i);
  }
  std::vector<BlobPlace> out(rows.size());
  for (const auto& [index, part] : fragments) {
    const std::vector<BlobPlace> places = fragment(index).PlaceBlobs(*plan, part.physical, context);
    for (size_t i = 0; i < places.size(); ++i) out[part.outputs[i]] = places[i];
  }
  return out;
}

}  // namespace eider::query
