#include "eider/expr/list_kernels.h"

#include "eider/array/concat.h"
#include "eider/array/take.h"
#include "eider/expr/text_scope.h"

namespace eider::expr {

void ListBuilder::EndRow(bool valid) {
  check_.Count(int64_t(items_.size() - (ends_.empty() ? 0 : ends_.back())));
  ends_.push_back(items_.size());
  valid_.AppendBit(valid);
  if (TextScope::is_open()) TextScope::Require(items_.size() * sizeof(int64_t));
}

ArrayPtr ListBuilder::Finish(const TypePtr& type, const ArrayPtr& items) {
  // What copies of the items take, by what they take on average.
  uint64_t bytes = 0;
  for (const Buffer& buffer : items->buffers) bytes += buffer.size();
  bytes = items->length == 0 ? 0 : static_cast<uint64_t>(static_cast<double>(bytes) / static_cast<double>(items->length) * static_cast<double>(items_.size()));
  bytes += items_.size() * sizeof(int64_t);
  if (TextScope::is_open()) TextScope::Require(bytes);
  TextScope::CountMade(bytes);
  if (items_.size() > INT32_MAX) throw Invalid("more than {} items in the lists of a batch", INT32_MAX);
  BufferBuilder offsets;
  offsets.AppendValue(int32_t{0});
  for (const size_t end : ends_) offsets.AppendValue(int32_t(end));
  auto out = std::make_shared<Array>();
  out->type = type;
  out->length = int64_t(ends_.size());
  out->validity = valid_.Finish();
  out->buffers = {offsets.Finish()};
  out->children = {TakeArray(items, items_)};
  return out;
}

Kernel ListConcatKernel() {
  return [](const Call& call) {
    std::vector<ArrayPtr> children;
    std::vector<int64_t> starts;
    std::vector<Reader<Items>> readers;
    int64_t total = 0;
    for (const Column& column : call.arguments) {
      children.push_back(column.array->children[0]);
      starts.push_back(total);
      total += children.back()->length;
      readers.emplace_back(column);
    }
    ListBuilder out;
    for (int64_t row = 0; row < call.rows; ++row) {
      bool any = false;
      for (size_t i = 0; i < readers.size(); ++i) {
        if (!call.arguments[i].IsValid(row)) continue;
        any = true;
        const Items items = readers[i][row];
        for (int64_t at = items.first; at < items.last; ++at) out.Append(starts[i] + at);
      }
      out.EndRow(any);
    }
    return out.Finish(call.type, ConcatArrays(children));
  };
}

Kernel MakeListKernel() {
  return [](const Call& call) {
    std::vector<ArrayPtr> arrays;
    std::vector<int64_t> starts;
    int64_t total = 0;
    for (const Column& column : call.arguments) {
      arrays.push_back(column.array);
      starts.push_back(total);
      total += column.array->length;
    }
    ListBuilder out;
    for (int64_t row = 0; row < call.rows; ++row) {
      for (size_t i = 0; i < arrays.size(); ++i) out.Append(starts[i] + call.arguments[i].At(row));
      out.EndRow();
    }
    return out.Finish(call.type, ConcatArrays(arrays));
  };
}

}  // namespace eider::expr
