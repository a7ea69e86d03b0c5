/// Questions to lists.

#include <algorithm>
#include <optional>

#include "eider/array/concat.h"
#include "eider/array/take.h"
#include "eider/expr/cast.h"
#include "eider/expr/coerce.h"
#include "eider/expr/compare.h"
#include "eider/expr/functions/characters.h"
#include "eider/expr/functions/function.h"
#include "eider/expr/functions/list_arguments.h"
#include "eider/expr/functions/map_rows.h"
#include "eider/expr/list_kernels.h"
#include "eider/expr/native.h"

namespace eider::expr {
namespace {

using Text = std::string_view;

bool Holds(const Items& items, const Array& values, int64_t at) {
  for (int64_t i = items.first; i < items.last; ++i) {
    if (items.items->IsValid(i) && CompareValues(*items.items, i, values, at) == 0) return true;
  }
  return false;
}

NodePtr Has(std::vector<NodePtr> arguments) {
  UnifyItems(arguments, {0}, {1});
  const Kernel kernel = [](const Call& call) {
    const Column &lists = call.arguments[0], &wanted = call.arguments[1];
    const Reader<Items> rows(lists);
    Builder<bool> out(call.rows);
    ItemCheck check;
    for (int64_t row = 0; row < call.rows; ++row) {
      const bool valid = lists.IsValid(row) && wanted.IsValid(row);
      check.Count(valid ? rows[row].size() : 0);
      if (!valid) out.AppendNull();
      else out.Append(Holds(rows[row], *wanted.array, wanted.At(row)));
    }
    return out.Finish(call.type);
  };
  return MakeListCall("array_has", MakeType(TypeId::kBool), kernel, std::move(arguments));
}

/// The values of a list, sorted once there are many questions to it.
class Haystack {
 public:
  Haystack(const Items& items, int64_t questions) : items_(items) {
    if (items.size() < 16 || questions < 16) return;
    for (int64_t i = items.first; i < items.last; ++i) if (items.items->IsValid(i)) sorted_.push_back(i);
    std::ranges::sort(sorted_, [&](int64_t a, int64_t b) { return CompareValues(*items.items, a, *items.items, b) < 0; });
    is_sorted_ = true;
  }
  bool Has(const Array& values, int64_t at) const {
    if (!is_sorted_) return Holds(items_, values, at);
    const auto place = std::ranges::partition_point(sorted_, [&](int64_t i) { return CompareValues(*items_.items, i, values, at) < 0; });
    return place != sorted_.end() && CompareValues(*items_.items, *place, values, at) == 0;
  }

 private:
  const Items items_;
  std::vector<int64_t> sorted_;
  bool is_sorted_ = false;
};

/// Whether all (or any) items of the second list are in the first one.
template <bool all>
NodePtr HasMany(std::vector<NodePtr> arguments) {
  UnifyItems(arguments, {0, 1}, {});
  const Kernel kernel = [](const Call& call) {
    const Reader<Items> haves(call.arguments[0]), wants(call.arguments[1]);
    Builder<bool> out(call.rows);
    ItemCheck check;
    for (int64_t row = 0; row < call.rows; ++row) {
      if (!call.arguments[0].IsValid(row) || !call.arguments[1].IsValid(row)) { out.AppendNull(); continue; }
      const Items have = haves[row], want = wants[row];
      check.Count(have.size() + want.size());
      const auto null_in = [](const Items& items) {
        for (int64_t i = items.first; i < items.last; ++i) if (!items.items->IsValid(i)) return true;
        return false;
      };
      const Haystack haystack(have, want.size());
      std::optional<bool> has_null;
      bool result = all;
      for (int64_t i = want.first; i < want.last && result == all; ++i) {
        const bool found = want.items->IsValid(i) ? haystack.Has(*want.items, i) : has_null ? *has_null : *(has_null = null_in(have));
        if (found != all) result = !all;
      }
      out.Append(result);
    }
    return out.Finish(call.type);
  };
  return MakeListCall(all ? "array_has_all" : "array_has_any", MakeType(TypeId::kBool), kernel, std::move(arguments));
}

/// Position (from 1) of a value, looking from an index on.
NodePtr ItemPosition(std::vector<NodePtr> arguments) {
  UnifyItems(arguments, {0}, {1});
  if (arguments.size() > 2) arguments[2] = CastTo(arguments[2], MakeType(TypeId::kInt64));
  const Kernel kernel = [](const Call& call) {
    const Column &lists = call.arguments[0], &wanted = call.arguments[1];
    const Reader<Items> rows(lists);
    Builder<uint64_t> out(call.rows);
    ItemCheck check;
    for (int64_t row = 0; row < call.rows; ++row) {
      if (!lists.IsValid(row)) { out.AppendNull(); continue; }
      const Items items = rows[row];
      check.Count(items.size());
      const int64_t from = call.arguments.size() > 2 && call.arguments[2].IsValid(row) ? std::max<int64_t>(Reader<int64_t>(call.arguments[2])[row], 1) - 1 : 0;
      int64_t at = from >= items.size() ? items.last : items.first + from;
      while (at < items.last && !SameItem(*items.items, at, wanted, row)) ++at;
      if (at < items.last) out.Append(uint64_t(at - items.first + 1));
      else out.AppendNull();
    }
    return out.Finish(call.type);
  };
  return MakeListCall("array_position", MakeType(TypeId::kUInt64), kernel, std::move(arguments));
}

NodePtr ItemPositions(std::vector<NodePtr> arguments) {
  UnifyItems(arguments, {0}, {1});
  const Kernel kernel = [](const Call& call) {
    const Reader<Items> rows(call.arguments[0]);
    Builder<uint64_t> found(call.rows);
    ListBuilder out;
    int64_t count = 0;
    ItemCheck check;
    for (int64_t row = 0; row < call.rows; ++row) {
      const bool valid = call.arguments[0].IsValid(row);
      const Items items = valid ? rows[row] : Items{nullptr, 0, 0};
      check.Count(items.size());
      for (int64_t at = items.first; at < items.last; ++at) {
        if (SameItem(*items.items, at, call.arguments[1], row)) found.Append(uint64_t(at - items.first + 1)), out.Append(count++);
      }
      out.EndRow(valid);
    }
    return out.Finish(call.type, found.Finish(call.type->children[0].type));
  };
  return MakeListCall("array_positions", ListType({"item", MakeType(TypeId::kUInt64), true, {}}), kernel, std::move(arguments));
}

/// list[i], counted from 1, or from -1 at the end; map[key]; struct['field'].
NodePtr GetItem(std::vector<NodePtr> arguments) {
  const TypePtr type = arguments[0]->type();
  if (type->id == TypeId::kStruct) return MakeFunctionCall("get_field", std::move(arguments));
  if (type->id == TypeId::kMap) return GetItem({MakeFunctionCall("map_extract", std::move(arguments)), MakeLiteral(One(MakeType(TypeId::kInt64), int64_t{1}))});
  if (!IsList(type->id)) throw Invalid("{} has no items", TypeToString(*type));
  if (!IsWhole(arguments[1]->type()->id)) throw Invalid("the position of an item is an integer, not {}", TypeToString(*arguments[1]->type()));
  arguments[1] = CastTo(arguments[1], MakeType(TypeId::kInt64));
  const Kernel kernel = [](const Call& call) {
    const Column& lists = call.arguments[0];
    const Reader<Items> rows(lists);
    const Reader<int64_t> positions(call.arguments[1]);
    std::vector<int64_t> picked(size_t(call.rows), -1);
    for (int64_t row = 0; row < call.rows; ++row) {
      if (!lists.IsValid(row) || !call.arguments[1].IsValid(row)) continue;
      const Items items = rows[row];
      const int64_t position = positions[row], at = position > 0 ? position - 1 : position < 0 && position >= -items.size() ? items.size() + position : -1;
      if (at >= 0 && at < items.size()) picked[size_t(row)] = items.first + at;
    }
    return TakeArray(lists.array->children[0], picked);
  };
  return MakeListCall("array_element", type->children[0].type, kernel, std::move(arguments));
}

/// One item of each list: choose(items) is its index among all items, or -1 for null.
template <typename Choose>
NodePtr PickItem(std::string_view name, std::vector<NodePtr> arguments, Choose choose) {
  const TypePtr item = RequireList(arguments[0])->children[0].type;
  const Kernel kernel = [choose](const Call& call) {
    const Reader<Items> rows(call.arguments[0]);
    std::vector<int64_t> picked(size_t(call.rows), -1);
    ItemCheck check;
    for (int64_t row = 0; row < call.rows; ++row) {
      if (!call.arguments[0].IsValid(row)) continue;
      check.Count(rows[row].size());
      picked[size_t(row)] = choose(rows[row]);
    }
    return TakeArray(call.arguments[0].array->children[0], picked);
  };
  return MakeListCall(std::string(name), item, kernel, std::move(arguments));
}

template <int sign>
NodePtr ExtremeItem(std::vector<NodePtr> arguments) {
  return PickItem(sign > 0 ? "array_max" : "array_min", std::move(arguments), [](const Items& items) {
    int64_t best = -1;
    for (int64_t i = items.first; i < items.last; ++i) {
      if (items.items->IsValid(i) && (best < 0 || sign * CompareValues(*items.items, i, *items.items, best) > 0)) best = i;
    }
    return best;
  });
}

NodePtr AnyValue(std::vector<NodePtr> arguments) {
  return PickItem("array_any_value", std::move(arguments), [](const Items& items) {
    for (int64_t i = items.first; i < items.last; ++i) {
      if (items.items->IsValid(i)) return i;
    }
    return int64_t{-1};
  });
}

/// Of the first item, its first item and so on, `depth` levels down; nullopt where there is none.
std::optional<uint64_t> LengthBelow(const Items& items, int64_t depth) {
  if (depth == 0) return items.size();
  const Array& lists = *items.items;
  if (items.size() == 0 || !IsList(lists.type->id) || !lists.IsValid(items.first)) return std::nullopt;
  const Column column{std::shared_ptr<const Array>(std::shared_ptr<const Array>(), &lists), false};
  return LengthBelow(Reader<Items>(column)[items.first], depth - 1);
}

NodePtr LengthOfDimension(std::vector<NodePtr> arguments) {
  arguments[1] = CastTo(arguments[1], MakeType(TypeId::kInt64));
  const auto length = [](Items items, int64_t dimension) { return dimension < 1 ? std::nullopt : LengthBelow(items, dimension - 1); };
  return MakeListCall("array_length", MakeType(TypeId::kUInt64), Map(length), std::move(arguments));
}

NodePtr Length(std::vector<NodePtr> arguments) {
  if (arguments[0]->type()->id != TypeId::kMap) RequireList(arguments[0]);
  if (arguments.size() > 1) return LengthOfDimension(std::move(arguments));
  return MakeListCall("array_length", MakeType(TypeId::kUInt64), Map([](Items items) { return uint64_t(items.size()); }), std::move(arguments));
}
NodePtr Empty(std::vector<NodePtr> arguments) {
  RequireList(arguments[0]);
  return MakeListCall("empty", MakeType(TypeId::kBool), Map([](Items items) { return items.size() == 0; }), std::move(arguments));
}
NodePtr Dimensions(std::vector<NodePtr> arguments) {
  int64_t depth = 0;
  for (TypePtr type = arguments[0]->type(); IsList(type->id); type = type->children[0].type) ++depth;
  RequireList(arguments[0]);
  const Kernel kernel = [depth](const Call& call) {
    Builder<uint64_t> out(call.rows);
    for (int64_t row = 0; row < call.rows; ++row) call.arguments[0].IsValid(row) ? out.Append(uint64_t(depth)) : out.AppendNull();
    return out.Finish(call.type);
  };
  return MakeListCall("array_ndims", MakeType(TypeId::kUInt64), kernel, std::move(arguments));
}

/// The length of the list, of its first item, and so on; null for a list of nothing.
NodePtr Lengths(std::vector<NodePtr> arguments) {
  int64_t depth = 0;
  for (TypePtr type = RequireList(arguments[0]); IsList(type->id); type = type->children[0].type) ++depth;
  const Kernel kernel = [depth](const Call& call) {
    const Reader<Items> rows(call.arguments[0]);
    Builder<uint64_t> lengths(call.rows * depth);
    ListBuilder out;
    int64_t count = 0;
    for (int64_t row = 0; row < call.rows; ++row) {
      const bool valid = call.arguments[0].IsValid(row) && rows[row].size() > 0;
      for (int64_t level = 0; valid && level < depth; ++level) {
        lengths.Append(LengthBelow(rows[row], level).value_or(0));
        out.Append(count++);
      }
      out.EndRow(valid);
    }
    return out.Finish(call.type, lengths.Finish(call.type->children[0].type));
  };
  return MakeListCall("array_dims", ListType({"item", MakeType(TypeId::kUInt64), true, {}}), kernel, std::move(arguments));
}

NodePtr Join(std::vector<NodePtr> arguments) {
  const ToText show = ToTextOf(*RequireList(arguments[0])->children[0].type);
  const Kernel kernel = [show](const Call& call) {
    const Reader<Items> rows(call.arguments[0]);
    const Reader<Text> separators(call.arguments[1]);
    Builder<Text> out(call.rows);
    ItemCheck check;
    for (int64_t row = 0; row < call.rows; ++row) {
      if (!call.arguments[0].IsValid(row) || !call.arguments[1].IsValid(row)) { out.AppendNull(); continue; }
      std::string text;
      bool first = true;
      check.Count(rows[row].size());
      for (int64_t i = rows[row].first; i < rows[row].last; ++i) {
        const bool valid = rows[row].items->IsValid(i), filled = call.arguments.size() > 2 && call.arguments[2].IsValid(row);
        if (!valid && !filled) continue;
        if (!first) text += separators[row];
        text += valid ? show(*rows[row].items, i) : std::string(Reader<Text>(call.arguments[2])[row]);
        RequireTextBytes(text.size());
        first = false;
      }
      out.Append(text);
    }
    return out.Finish(call.type);
  };
  for (size_t i = 1; i < arguments.size(); ++i) arguments[i] = CastTo(arguments[i], MakeType(TypeId::kUtf8));
  return MakeListCall("array_to_string", MakeType(TypeId::kUtf8), kernel, std::move(arguments));
}

}  // namespace

FunctionTable ListFunctions() {
  return {
      {"array_has|list_has|array_contains|list_contains", "any, any -> bool", nullptr, Has},
      {"array_has_all|list_has_all", "any, any -> bool", nullptr, HasMany<true>},
      {"array_has_any|list_has_any|arrays_overlap", "any, any -> bool", nullptr, HasMany<false>},
      {"array_position|list_position|array_indexof|list_indexof", "any, any[, int] -> uint64", nullptr, ItemPosition},
      {"array_positions|list_positions", "any, any -> list", nullptr, ItemPositions},
      {"get_item|array_element|list_element|array_extract|list_extract", "any, any -> any", nullptr, GetItem},
      {"array_max|list_max", "any -> any", nullptr, ExtremeItem<1>},
      {"array_min|list_min", "any -> any", nullptr, ExtremeItem<-1>},
      {"array_any_value|list_any_value", "any -> any", nullptr, AnyValue},
      {"array_length|list_length|cardinality", "any[, int] -> uint64", nullptr, Length},
      {"array_dims|list_dims", "any -> list<int>", nullptr, Lengths},
      {"empty|array_empty|list_empty", "any -> bool", nullptr, Empty},
      {"array_ndims|list_ndims", "any -> uint64", nullptr, Dimensions},
      {"array_to_string|list_to_string|array_join|list_join", "any, text[, text] -> text", nullptr, Join},
  };
}

}  // namespace eider::expr
