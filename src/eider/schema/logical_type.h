#pragma once
/// \file
/// Logical type strings: how the format spells types that need no child fields.
///
///     int64   string   timestamp:us:UTC   decimal:128:10:2   fixed_size_binary:16   dict:string:int8:false
///     fixed_size_list:float:3   fixed_size_list:fixed_size_list:uint8:3:2 (outermost dimension last)
///
/// struct, list, large_list, map and fixed_size_list:struct:n have child fields.

#include <eider/array.h>
#include <eider/schema.h>

#include <string>
#include <string_view>

namespace eider {

/// How deep the fields of a schema may nest.
inline constexpr int kMaxSchemaDepth = 100;

/// The logical type of an Arrow type. \throws Error(kUnsupported) for a type that the format cannot hold.
std::string LogicalTypeOf(const DataType& type);

/// The Arrow type of a logical type without child fields. \throws Error(kCorrupt) for a malformed string,
/// Error(kUnsupported) for an unknown one.
TypePtr ParsePrimitiveType(std::string_view logical_type);

/// True for the logical types whose type is given by child fields.
bool HasChildFields(std::string_view logical_type);

/// Legacy encoding number of an Arrow type: 0 none, 1 fixed width and lists, 2 variable, 3 dictionary.
int32_t LegacyEncodingOf(const DataType& type);

inline constexpr std::string_view kExtensionNameKey = "ARROW:extension:name";
inline constexpr std::string_view kExtensionMetadataKey = "ARROW:extension:metadata";
inline constexpr std::string_view kPrimaryKeyKey = "lance-schema:unenforced-primary-key";
inline constexpr std::string_view kPrimaryKeyPositionKey = "lance-schema:unenforced-primary-key:position";

}  // namespace eider
