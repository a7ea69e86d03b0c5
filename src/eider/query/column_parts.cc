#include "eider/query/column_parts.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "eider/array/take.h"
#include "eider/base/error.h"
#include "eider/base/memory.h"

namespace eider::query {
namespace {

/// Set where one of the arrays is valid, from bit 0 on; absent when all bits would be.
Buffer EitherValid(const Array& a, const Array& b) {
  if (CountNulls(a) == 0 || CountNulls(b) == 0) return {};
  const auto length = static_cast<uint64_t>(a.length);
  BitBuilder of_a, of_b;
  of_a.Append(a.validity.data(), static_cast<uint64_t>(a.offset), length);
  of_b.Append(b.validity.data(), static_cast<uint64_t>(b.offset), length);
  for (uint64_t i = 0; i < (length + 7) / 8; ++i) of_a.data()[i] |= of_b.data()[i];
  return of_a.Finish();
}

std::shared_ptr<Array> MakeMerged(TypePtr type, const Array& a, const Array& b) {
  auto merged = std::make_shared<Array>();
  merged->type = std::move(type);
  merged->length = a.length;
  merged->validity = EitherValid(a, b);
  merged->null_count = merged->validity.present() ? -1 : 0;
  return merged;
}

/// Where the lists of one part lie in its items.
template <typename Offset>
struct ListPart {
  const Array& array;
  const Offset* offsets;
  std::vector<int64_t> items;  ///< those that the merged lists take; negative: none

  explicit ListPart(const Array& lists) : array(lists), offsets(lists.buffers.at(0).as<Offset>() + lists.offset) {}
  int64_t Stored(int64_t i) const { return static_cast<int64_t>(offsets[i + 1]) - static_cast<int64_t>(offsets[i]); }
  int64_t Length(int64_t i) const { return array.IsValid(i) ? Stored(i) : 0; }
  void AppendItems(int64_t i, int64_t count) {
    for (int64_t k = 0; k < count; ++k) items.push_back(array.IsValid(i) ? offsets[i] + k : -1);
  }
  ArrayPtr Window() const { return SliceArray(array.children.at(0), offsets[0], offsets[array.length] - offsets[0]); }
};

class PartMerger {
 public:
  ArrayPtr Merge(const LanceField& field, const ArrayPtr& a, const ArrayPtr& b, const std::string& path) const {
    if (a->length != b->length) throw Corrupt("column '{}': {} rows in one data file, {} in another", path, a->length, b->length);
    if (a->type->id == b->type->id) {
      switch (a->type->id) {
        case TypeId::kStruct: return MergeStructs(field, *a, *b, path);
        case TypeId::kList: return MergeLists<int32_t>(field, *a, *b, path);
        case TypeId::kLargeList: return MergeLists<int64_t>(field, *a, *b, path);
        case TypeId::kFixedSizeList: return WithItems(field, *a, *b, FixedItems(*a), FixedItems(*b), path);
        default: break;
      }
    }
    throw Unsupported("column '{}': a {} whose children lie in several data files", path, field.logical_type);
  }

 private:
  static int FindChild(const Array& array, const std::string& name) {
    for (size_t i = 0; i < array.type->children.size(); ++i) {
      if (array.type->children[i].name == name) return static_cast<int>(i);
    }
    return -1;
  }

  ArrayPtr MergeStructs(const LanceField& field, const Array& a, const Array& b, const std::string& path) const {
    auto type = std::make_shared<DataType>();
    type->id = TypeId::kStruct;
    std::vector<ArrayPtr> children;
    for (const LanceField& child : field.children) {
      const int in_a = FindChild(a, child.name), in_b = FindChild(b, child.name);
      if (in_a < 0 && in_b < 0) continue;  // in a third file; merged next
      // The values below a struct that is null in its own part mean nothing, whatever the other part says of the struct.
      const ArrayPtr of_a = in_a < 0 ? nullptr : StructChild(a, static_cast<size_t>(in_a));
      const ArrayPtr of_b = in_b < 0 ? nullptr : StructChild(b, static_cast<size_t>(in_b));
      children.push_back(of_a && of_b ? Merge(child, of_a, of_b, path + "." + child.name) : of_a ? of_a : of_b);
      type->children.push_back(ToArrowField(child));
      type->children.back().type = children.back()->type;
    }
    auto merged = MakeMerged(std::move(type), a, b);
    merged->children = std::move(children);
    return merged;
  }

  ArrayPtr WithItems(const LanceField& field, const Array& a, const Array& b, const ArrayPtr& items_of_a,
                     const ArrayPtr& items_of_b, const std::string& path) const {
    const LanceField& item = field.children.at(0);
    const ArrayPtr items = Merge(item, items_of_a, items_of_b, path + "." + item.name);
    auto type = std::make_shared<DataType>(*a.type);
    type->children.at(0).type = items->type;
    auto merged = MakeMerged(std::move(type), a, b);
    merged->children = {items};
    return merged;
  }

  // Null below lists that are.
  static ArrayPtr FixedItems(const Array& lists) {
    const int64_t size = lists.type->list_size;
    if (CountNulls(lists) == 0) return SliceArray(lists.children.at(0), lists.offset * size, lists.length * size);
    std::vector<int64_t> items;
    for (int64_t i = 0; i < lists.length; ++i) {
      for (int64_t k = 0; k < size; ++k) items.push_back(lists.IsValid(i) ? (lists.offset + i) * size + k : -1);
    }
    return TakeArray(lists.children.at(0), items);
  }

  template <typename Offset>
  ArrayPtr MergeLists(const LanceField& field, const Array& a, const Array& b, const std::string& path) const {
    ListPart<Offset> of_a(a), of_b(b);
    BufferBuilder offsets;
    int64_t end = 0;
    bool as_stored = true;
    offsets.AppendValue(Offset{0});
    for (int64_t i = 0; i < a.length; ++i) {
      const int64_t in_a = of_a.Length(i), in_b = of_b.Length(i);
      if (in_a != in_b && a.IsValid(i) && b.IsValid(i)) {
        throw Corrupt("column '{}': list {} of {} has {} items in one data file, {} in another", path, i, a.length, in_a, in_b);
      }
      as_stored = as_stored && in_a == in_b && in_a == of_a.Stored(i) && in_b == of_b.Stored(i);
      end += std::max(in_a, in_b);
      if (end > std::numeric_limits<Offset>::max()) {
        throw Invalid("column '{}': more than {} items in one batch: read fewer rows at a time", path,
                      std::numeric_limits<Offset>::max());
      }
      offsets.AppendValue(static_cast<Offset>(end));
    }
    const ArrayPtr items_of_a = as_stored ? of_a.Window() : GatherItems(of_a, of_b);
    const ArrayPtr items_of_b = as_stored ? of_b.Window() : GatherItems(of_b, of_a);
    auto merged = std::make_shared<Array>(*WithItems(field, a, b, items_of_a, items_of_b, path));
    merged->buffers = {offsets.Finish()};
    return merged;
  }

  // A list that is null in one part alone has as many items of nothing there.
  template <typename Offset>
  static ArrayPtr GatherItems(ListPart<Offset>& part, const ListPart<Offset>& other) {
    for (int64_t i = 0; i < part.array.length; ++i) part.AppendItems(i, std::max(part.Length(i), other.Length(i)));
    return TakeArray(part.array.children.at(0), part.items);
  }
};

}  // namespace

ArrayPtr MergeParts(const LanceField& field, const ArrayPtr& a, const ArrayPtr& b) {
  return PartMerger().Merge(field, a, b, field.name);
}

bool HasNullParents(const Array& array) {
  if (array.children.empty()) return false;
  return CountNulls(array) > 0 || std::ranges::any_of(array.children, [](const ArrayPtr& child) { return HasNullParents(*child); });
}

}  // namespace eider::query
