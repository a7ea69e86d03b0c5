#pragma once
/// \file
/// The leaves of a schema, and their values in the arrays of its columns.

#include <eider/schema.h>

#include <string>
#include <vector>

namespace eider::reduce {

/// How a leaf is looked at.
enum class LeafKind : uint8_t {
  kValues,   ///< values, extremes, frequencies
  kLengths,  ///< binary: how long values are
  kBlob,     ///< the same, from descriptors
  kPresence, ///< vectors and the like: nulls only
};

struct Leaf {
  std::string path;       ///< with backquotes where a name needs them
  std::string read_path;  ///< what to read for it: down to the first list
  int32_t field_id = -1;
  TypePtr type;           ///< as users see it
  LeafKind kind = LeafKind::kValues;
  std::vector<std::string> steps;  ///< from the column: names of struct fields, "" into the items of a list

  bool in_list() const { return read_path != path; }
  /// Its values in the array of its column, read with read_path. Dictionaries are decoded.
  ArrayPtr Find(const ArrayPtr& column) const;
};

/// The leaves of a top-level field.
std::vector<Leaf> LeavesOf(const LanceField& field);

}  // namespace eider::reduce
