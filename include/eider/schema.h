#pragma once
/// \file
/// The Lance schema: Arrow fields with ids. Ids name a field for the life of a dataset, whatever it is called.

#include <eider/array.h>
#include <eider/export.h>

#include <set>

namespace eider {

struct EIDER_EXPORT LanceField {
  std::string name;
  int32_t id = -1;
  int32_t parent_id = -1;
  std::string logical_type;  ///< "int64", "list.struct", "fixed_size_list:float:3", ... (format: logical types)
  bool nullable = true;
  int32_t legacy_encoding = 0;   ///< enum of the 0.1 format, still written: 1 fixed width, 2 variable
  std::string extension_name;    ///< deprecated copy of the metadata entry, still written
  bool unenforced_primary_key = false;
  uint32_t unenforced_primary_key_position = 0;
  KeyValues metadata;
  std::vector<LanceField> children;
  std::string unknown_fields;    ///< protobuf fields that this version does not know, kept verbatim

  /// A leaf of the 2.1+ column layout: primitives, fixed-size lists of primitives, packed structs and blobs.
  bool IsLeaf() const;
};

struct EIDER_EXPORT LanceSchema {
  std::vector<LanceField> fields;
  KeyValues metadata;

  /// Resolves "a.b.c" (backquotes quote a segment that has dots). nullptr when absent.
  const LanceField* FindPath(std::string_view path) const;
  /// Of the top-level fields.
  std::vector<std::string> Names() const;
  int32_t MaxId() const;  ///< -1 when empty
  std::set<int32_t> Ids() const;
};

/// Arrow -> Lance with fresh depth-first ids from `first_id`. \throws Error(kUnsupported) for a type the format cannot hold.
EIDER_EXPORT LanceSchema ToLanceSchema(const Schema& schema, int32_t first_id = 0);
/// Lance -> Arrow. \throws Error(kCorrupt / kUnsupported) for an unknown logical type, naming it and the field.
EIDER_EXPORT Schema ToArrowSchema(const LanceSchema& schema);
EIDER_EXPORT Field ToArrowField(const LanceField& field);
/// As users see the columns: JSON as text (extension arrow.json), where the Arrow type above is what files store.
EIDER_EXPORT Schema ToShownSchema(const LanceSchema& schema);
EIDER_EXPORT Field ToShownField(const LanceField& field);

/// Prunes to the given paths (nested allowed: "s.x" keeps struct s with child x). Order of first mention; duplicates
/// merge. \throws Error(kNotFound) naming the missing path and the columns that exist.
EIDER_EXPORT LanceSchema Project(const LanceSchema& schema, const std::vector<std::string>& paths);
/// What an error says of a column that is not there: "no column 'pice'; did you mean 'price'? The columns are a, b, price", ten at most.
EIDER_EXPORT std::string NoColumn(std::string_view asked, const std::vector<std::string>& names);

}  // namespace eider
