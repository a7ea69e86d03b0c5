#pragma once
/// \file
/// Page layouts of file version 2.3, read as those of 2.2. The version is not stable, and only what is known of it is read:
///
///     structure \ values     mini-block, full-zip        constant               all null
///     dense: layers           as in 2.2: u32 chunk words  items of no lists,     -
///                                                         none null
///     sparse: position sets   -                           -                      nulls of the leaf alone, by no positions
///
/// and of value encodings those of 2.2. All else, fields unknown to us included, is refused by name.

#include <string>
#include <string_view>

namespace eider::page {

/// \param layout a serialized lance.encodings23.PlanarLayout
/// \return a serialized lance.encodings21.PageLayout for a page of 2.2 with the same buffers
/// \throws Error(kCorrupt), Error(kUnsupported) naming the structure or encoding that is not read
std::string TranslatePlanarLayout(std::string_view layout, size_t num_buffers);

}  // namespace eider::page
