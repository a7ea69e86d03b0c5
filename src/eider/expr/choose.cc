#include "eider/expr/choose.h"

#include "eider/array/concat.h"
#include "eider/array/null_array.h"
#include "eider/array/take.h"

namespace eider::expr {
namespace {

/// Rows among `open` that `test` holds for: they take source `source`, and leave `open`.
template <typename Test>
BufferBuilder Assign(BufferBuilder& open, std::vector<int32_t>& which, int32_t source, Test&& test) {
  BufferBuilder taken;
  taken.AppendFill(open.size(), 0);
  for (size_t row = 0; row < which.size(); ++row) {
    if (!GetBit(open.data(), row) || !test(int64_t(row))) continue;
    which[row] = source;
    ClearBit(open.data(), row);
    SetBit(taken.data(), row);
  }
  return taken;
}

}  // namespace

ArrayPtr ChooseRows(const TypePtr& type, std::span<const Column> sources, std::span<const int32_t> which) {
  if (sources.empty() || type->id == TypeId::kNull) return MakeNullArray(type, int64_t(which.size()));
  std::vector<ArrayPtr> arrays;
  std::vector<int64_t> starts;
  int64_t total = 0;
  for (const Column& source : sources) {
    arrays.push_back(TypesEqual(source.type(), *type) ? Retype(source.array, type) : source.array);
    starts.push_back(total);
    total += source.array->length;
  }
  std::vector<int64_t> indices(which.size(), -1);
  uint64_t bytes = 0;  // of sources of one value: only those become more
  for (size_t row = 0; row < which.size(); ++row) {
    if (which[row] < 0) continue;
    const Column& source = sources[size_t(which[row])];
    indices[row] = starts[size_t(which[row])] + source.At(int64_t(row));
    if (source.constant && row > 0) TextScope::Require(bytes += TextBytes(*source.array));
  }
  TextScope::CountMade(bytes);
  return TakeArray(ConcatArrays(arrays), indices);
}

Column CaseNode::Run(const Rows& rows, Live live) const {
  std::vector<int32_t> which(size_t(rows.count), -1);
  std::vector<Column> sources;
  BufferBuilder open = CopyLive(live, rows.count);
  for (size_t i = 0; i < values_.size() && AnyBit(open, rows.count); ++i) {
    BufferBuilder taken;
    if (i < conditions_.size()) {
      const Column condition = conditions_[i]->Evaluate(rows, open.data());
      const Buffer values = ValueBits(condition, rows.count), valid = ValidityBits(condition, rows.count);
      taken = Assign(open, which, int32_t(sources.size()), [&](int64_t row) { return GetBit(values.data(), uint64_t(row)) && GetBit(valid.data(), uint64_t(row)); });
    } else {
      taken = Assign(open, which, int32_t(sources.size()), [](int64_t) { return true; });
    }
    if (AnyBit(taken, rows.count)) sources.push_back(values_[i]->Evaluate(rows, taken.data()));
  }
  return {ChooseRows(type(), sources, which), false};
}

Column CoalesceNode::Run(const Rows& rows, Live live) const {
  std::vector<int32_t> which(size_t(rows.count), -1);
  std::vector<Column> sources;
  BufferBuilder open = CopyLive(live, rows.count);
  for (size_t i = 0; i < values_.size() && AnyBit(open, rows.count); ++i) {
    sources.push_back(values_[i]->Evaluate(rows, open.data()));
    Assign(open, which, int32_t(sources.size()) - 1, [&](int64_t row) { return sources.back().IsValid(row); });
  }
  return {ChooseRows(type(), sources, which), false};
}

}  // namespace eider::expr
