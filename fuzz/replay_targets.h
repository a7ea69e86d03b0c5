#pragma once
/// \file
/// The fuzz targets of one program, by name.

#include <string>
#include <string_view>

namespace eider::fuzz {

/// What LLVMFuzzerTestOneInput is from now on; false where there is no target of that name.
bool ChooseTarget(std::string_view name);
/// All names, for a message.
std::string TargetNames();

}  // namespace eider::fuzz
