#pragma once
/// \file
/// Reads of one full-zip page: by arithmetic when every row has the same width, else through the index of row offsets.

#include "eider/page/page_decoder.h"

namespace eider::page {

class FullZipDecoder;

std::unique_ptr<PageRead> MakeFullZipRead(const FullZipDecoder& page, const RowSelection& selection);

}  // namespace eider::page
