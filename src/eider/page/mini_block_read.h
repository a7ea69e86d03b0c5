#pragma once
/// \file
/// Reads of one mini-block page: without lists a row is an item and is found by arithmetic; with lists the repetition index
/// leads to the chunk, and the chunk's levels to the row.

#include "eider/page/page_decoder.h"

namespace eider::page {

class MiniBlockDecoder;

std::unique_ptr<PageRead> MakeMiniBlockItemRead(const MiniBlockDecoder& page, const RowSelection& selection);
std::unique_ptr<PageRead> MakeMiniBlockListRead(const MiniBlockDecoder& page, const RowSelection& selection);

}  // namespace eider::page
