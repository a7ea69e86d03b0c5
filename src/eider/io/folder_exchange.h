#pragma once
/// \file
/// New names for the files of a local folder, all at once: a folder beside it holds the files under their new names (links, no copies), and
/// the two folders change places.

#include <map>
#include <string>

namespace eider::io {

/// Files that `names` does not have keep theirs. What a crash leaves is the folder beside, "{folder}.renamed", which the next call empties
/// first, also one with no names. \throws Error(kConflict) while another call is at it, Error(kUnsupported) where the file system has no
/// links or cannot exchange, Error(kIo)
void RenameInFolder(const std::string& folder, const std::map<std::string, std::string>& names);

}  // namespace eider::io
