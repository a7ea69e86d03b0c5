#pragma once
/// \file
/// Updates that give fragments other files: of which rows they change the values.

#include "eider/table/manifest.h"

namespace eider::table {

/// Makes the transaction an update of files that hold the values of before: rows and indices stay as they are. Said in a property, which
/// other engines pass over: to them it is an update of columns that modifies no field.
void SetSameValues(TransactionProto* transaction);
bool HasSameValues(const TransactionProto& transaction);

/// The versions that last updated the rows of a fragment, after an update of its columns made `version`: of the rows that the update tells,
/// or of all. \pre the fragment's rows have stable ids
std::string LastUpdatedAt(const DataFragmentProto& before, const TransactionProto::Update& update, uint64_t version);

}  // namespace eider::table
