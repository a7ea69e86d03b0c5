#pragma once
/// \file
/// Base paths: places besides a table's own folder where files of it lie, listed in the manifest (BasePath of proto/table.proto).

#include <string>
#include <string_view>

#include "eider/proto/transaction.pb.h"

namespace eider::table {

using BasePathList = ::google::protobuf::RepeatedPtrField<::lance::table::BasePath>;

/// "/a/b" or "scheme://...".
bool IsAbsolute(std::string_view path);
/// The place that a path or URI means, however it is written; the text itself of one that no store here is for.
std::string RootOf(const std::string& path);

/// Appends base paths with the ids that follow those of `bases`, from 1 on.
/// \throws Error(kInvalid) for a path that is no absolute one or URI, and for a name or path that is there already
void AddBases(const BasePathList& added, BasePathList* bases);

/// Whether a name or a path is in both.
bool ShareBase(const BasePathList& a, const BasePathList& b);

}  // namespace eider::table
