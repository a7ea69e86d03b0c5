#pragma once
/// \file
/// Names of types as arrow-rs, and with it the reference, writes them: `Int64`, `List(Utf8)`, `Timestamp(ms, "UTC")`.

#include <eider/array.h>

#include <optional>
#include <string>
#include <string_view>

namespace eider::expr {

std::string ArrowTypeName(const DataType& type);
/// nullopt for what is no such name; views stand for their plain types. Units are `ms` or `Millisecond`, zones `"UTC"` or
/// `Some("UTC")`, in any case of letters.
/// \throws Error(kInvalid) for a decimal that there is not
std::optional<TypePtr> TypeOfArrowName(std::string_view name);

}  // namespace eider::expr
