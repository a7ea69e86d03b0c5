#pragma once
/// \file
/// A dataset over one version of a table.

#include <eider/dataset.h>

#include "eider/table/snapshot.h"

namespace eider {

/// The store of `through`, a dataset at the URI, where there is one; else a fresh one.
io::ObjectStorePtr StoreFor(const std::string& uri, const Dataset* through);

DatasetPtr MakeDataset(std::string uri, table::Snapshot snapshot, std::shared_ptr<Session> session);

}  // namespace eider
