#include "eider/query/pruning.h"

#include <algorithm>

#include "eider/expr/native.h"
#include "eider/query/page_match.h"
#include "eider/schema/field_path.h"

namespace eider::query {
namespace {

using expr::TestKind;

/// Numbers that pass a test of a row id, address or offset.
RowRanges PassingNumbers(const expr::ColumnTest& test) {
  constexpr uint64_t kAll = UINT64_MAX;
  if (test.kind == TestKind::kIsNull) return {};
  if (!test.values || test.values->type->id != TypeId::kUInt64) return {{0, kAll}};
  RowRanges out;
  const uint64_t* values = test.values->buffers.at(0).as<uint64_t>() + test.values->offset;
  for (int64_t i = 0; i < test.values->length; ++i) {
    const uint64_t value = values[i];
    switch (test.kind) {
      case TestKind::kEqual:
      case TestKind::kIn:
        if (value < kAll) out.push_back({value, 1});
        break;
      case TestKind::kLess: out.push_back({0, value}); break;
      case TestKind::kLessEqual: out.push_back({0, value < kAll ? value + 1 : kAll}); break;
      case TestKind::kGreater:
        if (value < kAll) out.push_back({value + 1, kAll - value - 1});
        break;
      case TestKind::kGreaterEqual: out.push_back({value, kAll - value}); break;
      default: return {{0, kAll}};
    }
  }
  return Normalize(std::move(out));
}

/// Those of `numbers` in [base, base + count), counted from base.
RowRanges Within(const RowRanges& numbers, uint64_t base, uint64_t count) {
  RowRanges out = Intersect(numbers, {{base, count}});
  for (rows::RowRange& range : out) range.first -= base;
  return out;
}

/// Texts are compared whatever their offsets, and binaries.
bool ComparesAlike(const DataType& column, const DataType& values) {
  if (expr::IsText(column.id) && expr::IsText(values.id)) return true;
  return (expr::IsBytes(column.id) && expr::IsBytes(values.id)) || TypesEqual(column, values);
}

}  // namespace

const LanceField* FindFlatLeaf(const LanceSchema& schema, const std::string& path) {
  const std::vector<LanceField>* fields = &schema.fields;
  const LanceField* found = nullptr;
  for (const std::string& name : SplitFieldPath(path)) {
    if (found && found->logical_type != "struct") return nullptr;
    const auto at = std::ranges::find(*fields, name, &LanceField::name);
    if (at == fields->end()) return nullptr;
    found = &*at;
    fields = &found->children;
  }
  return found && found->IsLeaf() && found->id >= 0 ? found : nullptr;  // descriptions of blobs have no fields of their own
}

Pruning::Pruning(const TableReader& table, const expr::Expression& filter, const ReadPlan& plan) : table_(table), plan_(plan) {
  for (const std::shared_ptr<const expr::Expression>& part : filter.Conjuncts()) {
    if (std::optional<expr::ColumnTest> test = part->AsColumnTest()) AddTest(std::move(*test));
  }
}

void Pruning::AddTest(expr::ColumnTest test) {
  if (const LanceField* field = FindFlatLeaf(plan_.projected(), test.column)) {
    const int32_t id = field->id;
    if (!test.values || ComparesAlike(*ToArrowField(*field).type, *test.values->type)) {
      field_tests_.push_back({std::move(test), id});
    }
    return;
  }
  if (test.column == "_rowoffset") {
    row_tests_.push_back({SystemColumn::kRowOffset, PassingNumbers(test)});
  } else if (test.column == "_rowaddr" || (test.column == "_rowid" && !table_.snapshot().manifest->uses_stable_row_ids())) {
    row_tests_.push_back({SystemColumn::kRowAddress, PassingNumbers(test)});
  }
}

RowRanges Pruning::PassingPages(const FieldTest& test, const FragmentReader& fragment, const file::ReadContext& context) const {
  const std::vector<file::PageFacts> facts = fragment.Facts(plan_, test.field_id, context);
  const uint64_t rows = fragment.physical_rows(context);
  if (facts.empty()) return {{0, rows}};
  RowRanges out;
  for (const file::PageFacts& page : facts) {
    if (MayPass(test.test, *page.statistics, page.num_rows)) out.push_back({page.first_row, page.num_rows});
  }
  return Normalize(std::move(out));
}

RowRanges Pruning::Candidates(size_t index, const file::ReadContext& context) const {
  const FragmentReader& fragment = table_.fragment(index);
  RowRanges live{{0, fragment.live_rows(context)}};
  if (live[0].count == 0) return {};
  RowRanges physical{{0, fragment.physical_rows(context)}};
  const uint64_t all = physical[0].count;
  for (const RowTest& test : row_tests_) {
    if (test.column == SystemColumn::kRowOffset) live = Intersect(live, Within(test.values, table_.Starts()[index], fragment.live_rows(context)));
    else physical = Intersect(physical, Within(test.values, fragment.id() << 32, all));
    if (live.empty() || physical.empty()) return {};
  }
  for (const FieldTest& test : field_tests_) {
    physical = Intersect(physical, PassingPages(test, fragment, context));
    if (physical.empty()) return {};
  }
  if (physical == RowRanges{{0, all}}) return live;
  return Intersect(live, ToLive(physical, fragment.deletions(context)));
}

}  // namespace eider::query
