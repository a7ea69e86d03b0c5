/// Lists of numbers as vectors.

#include <cmath>
#include <optional>
#include <span>

#include "eider/expr/cast.h"
#include "eider/expr/functions/function.h"
#include "eider/expr/functions/list_arguments.h"
#include "eider/expr/functions/map_rows.h"
#include "eider/expr/list_kernels.h"
#include "eider/expr/native.h"

namespace eider::expr {
namespace {

/// A list of doubles without nulls; nullopt with one.
std::optional<std::span<const double>> Numbers(const Items& items) {
  for (int64_t i = items.first; i < items.last; ++i) {
    if (!items.items->IsValid(i)) return std::nullopt;
  }
  return std::span(items.items->buffers[0].as<double>() + items.items->offset + items.first, static_cast<size_t>(items.size()));
}

double Dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

double Euclid(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

/// 1 - the cosine of the angle; a vector without length has no direction.
std::optional<double> Cosine(std::span<const double> a, std::span<const double> b) {
  const double lengths = std::sqrt(Dot(a, a)) * std::sqrt(Dot(b, b));
  if (lengths == 0) return std::nullopt;
  return 1 - Dot(a, b) / lengths;
}

void CastToVectors(std::vector<NodePtr>& arguments) {
  for (NodePtr& argument : arguments) argument = CastTo(argument, ListType({"item", MakeType(TypeId::kDouble), true, {}}));
}

/// A measure of two vectors of one length; null when one holds a null.
template <auto measure>
NodePtr OfTwo(const char* name, std::vector<NodePtr> arguments) {
  CastToVectors(arguments);
  const auto each = [](Items a, Items b) -> std::optional<double> {
    if (a.size() != b.size()) throw Invalid("lists of {} and {} numbers", a.size(), b.size());
    const auto left = Numbers(a), right = Numbers(b);
    if (!left || !right) return std::nullopt;
    return measure(*left, *right);
  };
  return MakeListCall(name, MakeType(TypeId::kDouble), Map(each), std::move(arguments));
}

NodePtr Distance(std::vector<NodePtr> arguments) { return OfTwo<Euclid>("array_distance", std::move(arguments)); }
NodePtr CosineDistance(std::vector<NodePtr> arguments) { return OfTwo<Cosine>("cosine_distance", std::move(arguments)); }
NodePtr InnerProduct(std::vector<NodePtr> arguments) { return OfTwo<Dot>("inner_product", std::move(arguments)); }

/// The vector of length 1 in the same direction; null for one without length, or with a null.
NodePtr Normalize(std::vector<NodePtr> arguments) {
  CastToVectors(arguments);
  const TypePtr type = arguments[0]->type();
  const Kernel kernel = [](const Call& call) {
    const Reader<Items> rows(call.arguments[0]);
    Builder<double> values(0);
    ListBuilder out;
    int64_t count = 0;
    for (int64_t row = 0; row < call.rows; ++row) {
      if (row % 1024 == 0) CheckInterrupt();
      const auto vector = call.arguments[0].IsValid(row) ? Numbers(rows[row]) : std::nullopt;
      const double length = vector ? std::sqrt(Dot(*vector, *vector)) : 0;
      const bool valid = vector && (length != 0 || vector->empty());
      if (valid) {
        for (const double value : *vector) values.Append(value / length), out.Append(count++);
      }
      out.EndRow(valid);
    }
    return out.Finish(call.type, values.Finish(call.type->children[0].type));
  };
  return MakeListCall("array_normalize", type, kernel, std::move(arguments));
}

}  // namespace

FunctionTable VectorFunctions() {
  return {
      {"array_distance|list_distance", "any, any -> double", nullptr, Distance},
      {"cosine_distance", "any, any -> double", nullptr, CosineDistance},
      {"inner_product|dot_product", "any, any -> double", nullptr, InnerProduct},
      {"array_normalize|list_normalize", "any -> list", nullptr, Normalize},
  };
}

}  // namespace eider::expr
