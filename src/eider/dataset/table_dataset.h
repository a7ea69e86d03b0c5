#pragma once
/// \file
/// A dataset over one version of a table.

#include <eider/dataset.h>

#include "eider/table/snapshot.h"

namespace eider {

DatasetPtr MakeDataset(std::string uri, table::Snapshot snapshot, std::shared_ptr<Session> session);

}  // namespace eider
