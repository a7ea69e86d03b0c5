#pragma once
/// \file
/// JSON columns: text (Arrow extension arrow.json over strings) to users, JSONB (lance.json over 64-bit binary) in files and on the
/// way through the engine. What is shown and what is stored differ for these fields alone.

#include <eider/array.h>
#include <eider/schema.h>

namespace eider {

inline constexpr std::string_view kJsonExtension = "lance.json";
inline constexpr std::string_view kArrowJsonExtension = "arrow.json";

bool IsJson(const LanceField& field);
/// True when the field, or a field below it, holds JSON.
bool HasJson(const LanceField& field);

/// The array as users see it: JSON as text. \throws Error(kCorrupt) for a stored value that is no JSONB.
ArrayPtr ShowJson(const ArrayPtr& stored, const LanceField& field);

/// The array as it is stored. Children of structs are matched by name; JSON may be text of any string type, or JSONB already. What lies
/// below a null or outside a list is not looked at. \throws Error(kInvalid) naming the column, for a value that is no JSON.
ArrayPtr StoreJson(const ArrayPtr& shown, const LanceField& field);

}  // namespace eider
