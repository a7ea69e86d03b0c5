#pragma once
/// \file
/// A column of another type: its field in the schema, and its values.

#include <eider/array.h>

#include <span>
#include <string>

#include "eider/mutate/computed_rows.h"

namespace eider::mutate {

/// \throws Error(kInvalid) when values are not cast between these types: integers, floats, texts, binaries, points in time, times of
/// day, durations and decimals are, each to their kind, dictionaries to their values, and lists by their items (fixed-size lists keep
/// their size)
void RequireCast(const std::string& path, const DataType& from, const DataType& to);

/// Casts one column, or one field of structs, whose others the new file does not hold.
class CastColumn {
 public:
  /// \pre the path leads through structs. \throws Error(kInvalid)
  CastColumn(const LanceSchema& schema, const std::string& path, const TypePtr& type, int32_t first_id);

  /// The field of the file: in its structs, which have no other field there.
  const LanceField& field() const { return field_; }
  /// The field that replaces the one before.
  const LanceField& replacement() const;
  /// What to compute: the value, and of each struct from the top whether it is there.
  std::vector<ComputedColumn> Computed() const;
  size_t num_computed() const { return segments_.size(); }
  /// The column, from as many computed ones.
  ArrayPtr Build(std::span<const ArrayPtr> computed) const;

 private:
  std::vector<std::string> segments_;
  TypePtr type_;
  LanceField field_;
};

}  // namespace eider::mutate
