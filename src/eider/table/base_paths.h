#pragma once
/// \file
/// Base paths: places besides a table's own folder where files of it lie, listed in the manifest (BasePath of proto/table.proto).

#include <string>

#include "eider/proto/transaction.pb.h"

namespace eider::table {

using BasePathList = ::google::protobuf::RepeatedPtrField<::lance::table::BasePath>;

/// Appends base paths with the ids that follow those of `bases`, from 1 on.
/// \throws Error(kInvalid) for a path that is no absolute one or URI, and for a name or path that is there already
void AddBases(const BasePathList& added, BasePathList* bases);

/// Whether a name or a path is in both.
bool ShareBase(const BasePathList& a, const BasePathList& b);

}  // namespace eider::table
