#pragma once
/// \file
/// Checks data files against what manifests say of them, and their contents against their checksums.

#include "eider/verify/version_check.h"

namespace eider::verify {

/// Fills the report's counts of files, pages, blobs and bytes.
void CheckDataFiles(const table::Snapshot& any, const std::vector<NamedDataFile>& files, bool read_data, Session& session, Findings* findings,
                    VerifyReport* report);

}  // namespace eider::verify
