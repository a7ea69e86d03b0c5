#pragma once
/// \file
/// Puts a column together whose leaves lie in several data files. Each file says for itself where the structs and lists around its
/// leaves are null, and a merge or an added child leaves files that disagree.

#include <eider/schema.h>

namespace eider::query {

/// Joins two readings of one column, each with some of the leaves, into the children order of `field`; others than those of
/// `field` are dropped. A struct or list is null where both parts say so; where one part alone does, its own leaves are null.
/// \throws Error(kCorrupt) when the parts have other numbers of rows, or lists of them other numbers of items.
ArrayPtr MergeParts(const LanceField& field, const ArrayPtr& a, const ArrayPtr& b);

/// True when a struct or a list has nulls, at any depth: another part may say otherwise.
bool HasNullParents(const Array& array);

}  // namespace eider::query
