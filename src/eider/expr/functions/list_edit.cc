/// Lists made from lists.

#include <algorithm>
#include <numeric>

#include "eider/array/concat.h"
#include "eider/array/null_array.h"
#include "eider/base/utf8.h"
#include "eider/expr/cast.h"
#include "eider/expr/coerce.h"
#include "eider/expr/compare.h"
#include "eider/expr/exact_number.h"
#include "eider/expr/functions/characters.h"
#include "eider/expr/functions/function.h"
#include "eider/expr/functions/list_arguments.h"
#include "eider/expr/functions/map_rows.h"
#include "eider/expr/list_kernels.h"
#include "eider/expr/native.h"
#include "eider/expr/text_scope.h"

namespace eider::expr {
namespace {

/// Of all lists that one call makes: counted before their items are made, so that the limit bounds memory.
constexpr int64_t kMaxMadeItems = int64_t{1} << 24;
void RequireMade(Int128 items) {
  if (TextScope::is_open()) TextScope::Require(items > INT64_MAX / 8 ? UINT64_MAX / 2 : static_cast<uint64_t>(items) * sizeof(int64_t));
  if (items > kMaxMadeItems) throw Invalid("lists of {} items at once; at most {} are made", DecimalToText(items, 0), kMaxMadeItems);
}

using Positions = std::vector<int64_t>;

/// A kernel that gives each row the items that edit(call, row, items) lists by position, -1 for a null. Null lists stay null.
template <typename Edit>
Kernel EditKernel(Edit edit) {
  return [edit](const Call& call) {
    const Column& lists = call.arguments[0];
    const Reader<Items> rows(lists);
    ListBuilder out;
    ItemCheck check;
    for (int64_t row = 0; row < call.rows; ++row) {
      const bool valid = lists.IsValid(row) && IsLive(call.live, row);
      check.Count(valid ? rows[row].size() : 0);
      if (valid) for (const int64_t item : edit(call, row, rows[row])) out.Append(item);
      out.EndRow(valid);
    }
    return out.Finish(call.type, lists.array->children[0]);
  };
}

Positions AllOf(const Items& items) {
  Positions out(size_t(items.size()));
  std::iota(out.begin(), out.end(), items.first);
  return out;
}

NodePtr AsList(NodePtr node) { return CastTo(node, ListType({"item", RequireList(node)->children[0].type, true, {}})); }

template <typename Edit>
NodePtr Edited(std::string name, std::vector<NodePtr> arguments, Edit edit) {
  arguments[0] = AsList(arguments[0]);
  const TypePtr type = arguments[0]->type();
  return MakeListCall(std::move(name), type, EditKernel(edit), std::move(arguments));
}

/// Equality of items that takes nulls as equal, and an order with nulls first.
int Order(const Array& items, int64_t a, int64_t b) {
  const bool left = items.IsValid(a), right = items.IsValid(b);
  if (!left || !right) return int(left) - int(right);
  return CompareValues(items, a, items, b);
}

NodePtr MakeArray(std::vector<NodePtr> arguments) {
  arguments = Unify(std::move(arguments));
  const TypePtr type = ListType({"item", arguments.empty() ? MakeType(TypeId::kNull) : arguments[0]->type(), true, {}});
  if (arguments.empty()) return MakeLiteral([&] { ListBuilder out; out.EndRow(); return out.Finish(type, MakeNullArray(MakeType(TypeId::kNull), 0)); }());
  return MakeListCall("make_array", type, MakeListKernel(), std::move(arguments));
}

NodePtr Concat(std::vector<NodePtr> arguments) {
  arguments = Unify(std::move(arguments));
  for (NodePtr& argument : arguments) argument = AsList(argument);
  const TypePtr type = arguments[0]->type();
  return MakeListCall("array_concat", type, ListConcatKernel(), std::move(arguments));
}

/// A list with one more item; of a null list a list of that item.
template <bool front>
NodePtr Extend(std::vector<NodePtr> arguments) {
  if (front) std::swap(arguments[0], arguments[1]);
  UnifyItems(arguments, {0}, {1});
  NodePtr one = MakeArray({arguments[1]});
  return front ? Concat({one, arguments[0]}) : Concat({arguments[0], one});
}

/// The first of each value, in the order of their positions.
Positions FirstOfEach(const Array& items, Positions of) {
  ItemCheck check;
  std::stable_sort(of.begin(), of.end(), [&](int64_t a, int64_t b) { return check.Count(0), Order(items, a, b) < 0; });
  of.erase(std::unique(of.begin(), of.end(), [&](int64_t a, int64_t b) { return Order(items, a, b) == 0; }), of.end());
  std::sort(of.begin(), of.end());
  return of;
}

NodePtr Distinct(std::vector<NodePtr> arguments) {
  return Edited("array_distinct", std::move(arguments), [](const Call&, int64_t, const Items& items) { return FirstOfEach(*items.items, AllOf(items)); });
}

/// array_sort(list[, 'asc' | 'desc'[, 'nulls first' | 'nulls last']])
NodePtr Sort(std::vector<NodePtr> arguments) {
  for (size_t i = 1; i < arguments.size(); ++i) arguments[i] = CastTo(arguments[i], MakeType(TypeId::kUtf8));
  return Edited("array_sort", std::move(arguments), [](const Call& call, int64_t row, const Items& items) {
    const auto word = [&](size_t i, std::string_view text) {
      if (i >= call.arguments.size() || !call.arguments[i].IsValid(row)) return false;
      return LowerAscii(Reader<std::string_view>(call.arguments[i])[row]) == text;
    };
    const bool descending = word(1, "desc"), nulls_last = word(2, "nulls last");
    Positions sorted = AllOf(items);
    std::stable_sort(sorted.begin(), sorted.end(), [&](int64_t a, int64_t b) {
      const bool left = items.items->IsValid(a), right = items.items->IsValid(b);
      if (left != right) return left == nulls_last;
      const int order = left ? CompareValues(*items.items, a, *items.items, b) : 0;
      return descending ? order > 0 : order < 0;
    });
    return sorted;
  });
}

NodePtr Reverse(std::vector<NodePtr> arguments) {
  return Edited("array_reverse", std::move(arguments), [](const Call&, int64_t, const Items& items) {
    Positions all = AllOf(items);
    std::reverse(all.begin(), all.end());
    return all;
  });
}

template <bool front>
NodePtr Pop(std::vector<NodePtr> arguments) {
  return Edited(front ? "array_pop_front" : "array_pop_back", std::move(arguments), [](const Call&, int64_t, const Items& items) {
    Positions all = AllOf(items);
    if (!all.empty()) all.erase(front ? all.begin() : all.end() - 1);
    return all;
  });
}

/// Items first to last, counted from 1, or from -1 at the end; a null bound is none; every `step`-th.
NodePtr Slice(std::vector<NodePtr> arguments) {
  for (size_t i = 1; i < arguments.size(); ++i) arguments[i] = CastTo(arguments[i], MakeType(TypeId::kInt64));
  return Edited("array_slice", std::move(arguments), [](const Call& call, int64_t row, const Items& items) {
    const auto bound = [&](size_t i, int64_t otherwise) {
      if (i >= call.arguments.size() || !call.arguments[i].IsValid(row)) return otherwise;
      const int64_t at = Reader<int64_t>(call.arguments[i])[row];
      return at < 0 ? (at < -items.size() ? 0 : items.size() + at + 1) : at;
    };
    const int64_t step = call.arguments.size() > 3 && call.arguments[3].IsValid(row) ? Reader<int64_t>(call.arguments[3])[row] : 1;
    if (step <= 0) throw Invalid("a step of {}", step);
    const int64_t first = std::max<int64_t>(bound(1, 1), 1), last = std::min(bound(2, items.size()), items.size());
    Positions out;
    for (int64_t at = first; at <= last; at += std::min(step, items.size())) out.push_back(items.first + at - 1);
    return out;
  });
}

/// Without the first `limit` items that equal a value; all of them when limit is 0.
NodePtr RemoveItems(std::vector<NodePtr> arguments, bool all) {
  UnifyItems(arguments, {0}, {1});
  if (arguments.size() > 2) arguments[2] = CastTo(arguments[2], MakeType(TypeId::kInt64));
  return Edited("array_remove", std::move(arguments), [all](const Call& call, int64_t row, const Items& items) {
    int64_t left = all ? INT64_MAX : call.arguments.size() < 3 ? 1 : call.arguments[2].IsValid(row) ? Reader<int64_t>(call.arguments[2])[row] : 0;
    Positions out;
    for (int64_t i = items.first; i < items.last; ++i) {
      if (left > 0 && SameItem(*items.items, i, call.arguments[1], row)) --left;
      else out.push_back(i);
    }
    return out;
  });
}
NodePtr Remove(std::vector<NodePtr> arguments) { return RemoveItems(std::move(arguments), false); }
NodePtr RemoveAll(std::vector<NodePtr> arguments) { return RemoveItems(std::move(arguments), true); }

/// array_replace[_all|_n](list, from, to[, n])
NodePtr ReplaceItems(std::vector<NodePtr> arguments, bool all) {
  UnifyItems(arguments, {0}, {1, 2});
  if (arguments.size() > 3) arguments[3] = CastTo(arguments[3], MakeType(TypeId::kInt64));
  const TypePtr type = arguments[0]->type();
  const Kernel kernel = [all](const Call& call) {
    const ArrayPtr items_and_values[] = {call.arguments[0].array->children[0], call.arguments[2].array};
    const int64_t values = items_and_values[0]->length;
    const Reader<Items> rows(call.arguments[0]);
    ListBuilder out;
    for (int64_t row = 0; row < call.rows; ++row) {
      const bool valid = call.arguments[0].IsValid(row);
      int64_t left = all ? INT64_MAX : call.arguments.size() < 4 ? 1 : call.arguments[3].IsValid(row) ? Reader<int64_t>(call.arguments[3])[row] : 0;
      for (int64_t i = valid ? rows[row].first : 0; valid && i < rows[row].last; ++i) {
        const bool swap = left > 0 && SameItem(*rows[row].items, i, call.arguments[1], row);
        left -= swap;
        out.Append(swap ? values + call.arguments[2].At(row) : i);
      }
      out.EndRow(valid);
    }
    return out.Finish(call.type, ConcatArrays(items_and_values));
  };
  return MakeListCall("array_replace", type, kernel, std::move(arguments));
}
NodePtr Replace(std::vector<NodePtr> arguments) { return ReplaceItems(std::move(arguments), false); }
NodePtr ReplaceAll(std::vector<NodePtr> arguments) { return ReplaceItems(std::move(arguments), true); }

enum class SetOf { kUnion, kIntersect, kExcept };
/// Distinct items of both lists, in the order in which they come.
template <SetOf set>
NodePtr Combine(std::vector<NodePtr> arguments) {
  UnifyItems(arguments, {0, 1}, {});
  const TypePtr type = arguments[0]->type();
  const Kernel kernel = [](const Call& call) {
    const ArrayPtr both[] = {call.arguments[0].array->children[0], call.arguments[1].array->children[0]};
    const ArrayPtr items = ConcatArrays(both);
    const Reader<Items> lefts(call.arguments[0]), rights(call.arguments[1]);
    ListBuilder out;
    ItemCheck check;
    for (int64_t row = 0; row < call.rows; ++row) {
      const bool valid = IsLive(call.live, row) && call.arguments[0].IsValid(row) && call.arguments[1].IsValid(row);
      check.Count(valid ? lefts[row].size() + rights[row].size() : 0);
      const auto less = [&](int64_t a, int64_t b) { return check.Count(0), Order(*items, a, b) < 0; };
      Positions other, kept;
      for (int64_t i = valid ? rights[row].first : 0; valid && i < rights[row].last; ++i) other.push_back(both[0]->length + i);
      if (set != SetOf::kUnion) std::sort(other.begin(), other.end(), less);
      for (int64_t i = valid ? lefts[row].first : 0; valid && i < lefts[row].last; ++i) {
        if (set == SetOf::kUnion || std::binary_search(other.begin(), other.end(), i, less) == (set == SetOf::kIntersect)) kept.push_back(i);
      }
      if (set == SetOf::kUnion) kept.insert(kept.end(), other.begin(), other.end());
      for (const int64_t i : FirstOfEach(*items, std::move(kept))) out.Append(i);
      out.EndRow(valid);
    }
    return out.Finish(call.type, items);
  };
  return MakeListCall("array_set", type, kernel, std::move(arguments));
}

NodePtr Flatten(std::vector<NodePtr> arguments) {
  const TypePtr inner = RequireList(arguments[0])->children[0].type;
  if (!IsList(inner->id)) return AsList(arguments[0]);
  const TypePtr type = ListType({"item", inner->children[0].type, true, {}});
  const Kernel kernel = [](const Call& call) {
    const Reader<Items> rows(call.arguments[0]);
    const Column inner{call.arguments[0].array->children[0], false};
    const Reader<Items> lists(inner);
    ListBuilder out;
    for (int64_t row = 0; row < call.rows; ++row) {
      const bool valid = call.arguments[0].IsValid(row);
      for (int64_t i = valid ? rows[row].first : 0; valid && i < rows[row].last; ++i) {
        if (inner.IsValid(i)) for (int64_t at = lists[i].first; at < lists[i].last; ++at) out.Append(at);
      }
      out.EndRow(valid);
    }
    return out.Finish(call.type, inner.array->children[0]);
  };
  return MakeListCall("flatten", type, kernel, std::move(arguments));
}

/// `n` items: cut, or with a value at the end.
NodePtr Resize(std::vector<NodePtr> arguments) {
  arguments[1] = CastTo(arguments[1], MakeType(TypeId::kInt64));
  if (arguments.size() < 3) arguments.push_back(MakeNullLiteral(MakeType(TypeId::kNull)));
  UnifyItems(arguments, {0}, {2});
  const TypePtr type = arguments[0]->type();
  const Kernel kernel = [](const Call& call) {
    const ArrayPtr both[] = {call.arguments[0].array->children[0], call.arguments[2].array};
    const Reader<Items> rows(call.arguments[0]);
    const Reader<int64_t> sizes(call.arguments[1]);
    ListBuilder out;
    Int128 made = 0;
    for (int64_t row = 0; row < call.rows; ++row) {
      const bool valid = IsLive(call.live, row) && call.arguments[0].IsValid(row) && call.arguments[1].IsValid(row);
      if (valid) RequireMade(made += std::max<int64_t>(sizes[row], 0));
      for (int64_t i = 0; valid && i < sizes[row]; ++i) out.Append(i < rows[row].size() ? rows[row].first + i : both[0]->length + call.arguments[2].At(row));
      out.EndRow(valid);
    }
    return out.Finish(call.type, ConcatArrays(both));
  };
  return MakeListCall("array_resize", type, kernel, std::move(arguments));
}

NodePtr Repeat(std::vector<NodePtr> arguments) {
  arguments[1] = CastTo(arguments[1], MakeType(TypeId::kInt64));
  const TypePtr type = ListType({"item", arguments[0]->type(), true, {}});
  const Kernel kernel = [](const Call& call) {
    const Reader<int64_t> counts(call.arguments[1]);
    ListBuilder out;
    Int128 made = 0;
    for (int64_t row = 0; row < call.rows; ++row) {
      const int64_t count = IsLive(call.live, row) && call.arguments[1].IsValid(row) ? std::max<int64_t>(counts[row], 0) : 0;
      RequireMade(made += count);
      for (int64_t i = 0; i < count; ++i) out.Append(call.arguments[0].At(row));
      out.EndRow(call.arguments[1].IsValid(row));
    }
    return out.Finish(call.type, call.arguments[0].array);
  };
  return MakeListCall("array_repeat", type, kernel, std::move(arguments));
}

/// first, first + step, ...: `count` numbers, or a null.
struct Steps {
  int64_t first = 0, step = 1;
  Int128 count = -1;
};

Steps StepsOf(const Call& call, int64_t row, bool inclusive) {
  bool valid = IsLive(call.live, row);
  for (const Column& column : call.arguments) valid = valid && column.IsValid(row);
  if (!valid) return {};
  const auto at = [&](size_t i) { return Reader<int64_t>(call.arguments[i])[row]; };
  const size_t n = call.arguments.size();
  const Int128 first = n > 1 ? at(0) : 0, stop = n > 1 ? at(1) : at(0), step = n > 2 ? at(2) : 1;
  if (step == 0) throw Invalid("a step of 0");
  const Int128 way = step > 0 ? stop - first : first - stop, stride = step > 0 ? step : -step;
  return {int64_t(first), int64_t(step), way < 0 ? 0 : inclusive ? way / stride + 1 : (way + stride - 1) / stride};
}

/// Numbers from a start to a stop, which `inclusive` counts in.
ArrayPtr Range(const Call& call, bool inclusive) {
  std::vector<Steps> rows;
  Int128 total = 0;
  for (int64_t row = 0; row < call.rows; ++row) {
    rows.push_back(StepsOf(call, row, inclusive));
    RequireMade(total += std::max<Int128>(rows.back().count, 0));
  }
  Builder<int64_t> values{int64_t(total)};
  ListBuilder out;
  int64_t made = 0;
  for (const Steps& row : rows) {
    for (Int128 i = 0; i < row.count; ++i) values.Append(int64_t(row.first + i * row.step)), out.Append(made++);
    out.EndRow(row.count >= 0);
  }
  return out.Finish(call.type, values.Finish(MakeType(TypeId::kInt64)));
}

/// An empty text has no parts; without a separator each character is one.
ArrayPtr SplitText(const Call& call) {
  const Reader<std::string_view> texts(call.arguments[0]), separators(call.arguments[1]);
  Builder<std::string_view> parts(0);
  ListBuilder out;
  int64_t count = 0;
  for (int64_t row = 0; row < call.rows; ++row) {
    const bool valid = call.arguments[0].IsValid(row);
    if (valid) {
      const bool nulls = call.arguments.size() > 2 && call.arguments[2].IsValid(row);
      std::string_view text = texts[row], by = call.arguments[1].IsValid(row) ? separators[row] : std::string_view();
      const auto add = [&](std::string_view part) {
        nulls && part == Reader<std::string_view>(call.arguments[2])[row] ? parts.AppendNull() : parts.Append(part);
        out.Append(count++);
      };
      if (!call.arguments[1].IsValid(row)) {
        for (size_t end = 0; !text.empty(); text.remove_prefix(end), end = 0) NextCharacter(text, &end), add(text.substr(0, end));
      } else if (!text.empty()) {
        for (size_t at; !by.empty() && (at = text.find(by)) != std::string_view::npos; text.remove_prefix(at + by.size())) add(text.substr(0, at));
        add(text);
      }
    }
    out.EndRow(valid);
  }
  return out.Finish(call.type, parts.Finish(MakeType(TypeId::kUtf8)));
}

}  // namespace

FunctionTable ListEditFunctions() {
  return {
      {"make_array|make_list|array", "[any, ...] -> list", nullptr, MakeArray},
      {"array_concat|array_cat|list_concat|list_cat", "any, ... -> list", nullptr, Concat},
      {"array_append|list_append|array_push_back|list_push_back", "any, any -> list", nullptr, Extend<false>},
      {"array_prepend|list_prepend|array_push_front|list_push_front", "any, any -> list", nullptr, Extend<true>},
      {"array_distinct|list_distinct", "any -> list", nullptr, Distinct},
      {"array_sort|list_sort", "any[, text, text] -> list", nullptr, Sort},
      {"array_reverse|list_reverse", "any -> list", nullptr, Reverse},
      {"array_pop_front|list_pop_front", "any -> list", nullptr, Pop<true>},
      {"array_pop_back|list_pop_back", "any -> list", nullptr, Pop<false>},
      {"array_slice|list_slice", "any, int[, int, int] -> list", nullptr, Slice},
      {"array_remove|list_remove", "any, any -> list", nullptr, Remove},
      {"array_remove_n|list_remove_n", "any, any, int -> list", nullptr, Remove},
      {"array_remove_all|list_remove_all", "any, any -> list", nullptr, RemoveAll},
      {"array_replace|list_replace", "any, any, any -> list", nullptr, Replace},
      {"array_replace_n|list_replace_n", "any, any, any, int -> list", nullptr, Replace},
      {"array_replace_all|list_replace_all", "any, any, any -> list", nullptr, ReplaceAll},
      {"array_union|list_union", "any, any -> list", nullptr, Combine<SetOf::kUnion>},
      {"array_intersect|list_intersect", "any, any -> list", nullptr, Combine<SetOf::kIntersect>},
      {"array_except|list_except", "any, any -> list", nullptr, Combine<SetOf::kExcept>},
      {"flatten", "any -> list", nullptr, Flatten},
      {"array_resize|list_resize", "any, int[, any] -> list", nullptr, Resize},
      {"array_repeat|list_repeat", "any, int -> list", nullptr, Repeat},
      {"range", "int[, int, int] -> list<int>", [](const Call& call) { return Range(call, false); }},
      {"generate_series", "int[, int, int] -> list<int>", [](const Call& call) { return Range(call, true); }},
      {"string_to_array|string_to_list", "text, text[, text] -> list<text>", SplitText},
  };
}

}  // namespace eider::expr
