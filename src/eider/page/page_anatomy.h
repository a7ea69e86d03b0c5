#pragma once
/// \file
/// What the bytes of a page are spent on, for `inspect`.

#include <functional>
#include <optional>
#include <string>

#include "eider/page/page_decoder.h"

namespace eider::page {

struct PageAnatomy {
  uint64_t num_items = 0;         ///< visible items: values and nulls
  uint64_t repetition_bytes = 0;  ///< levels of lists
  uint64_t definition_bytes = 0;  ///< levels of nulls and empty lists; both kinds, where they share control words
  uint64_t index_bytes = 0;       ///< chunk table, repetition index, row offsets
  uint64_t header_bytes = 0;      ///< of chunks, padding included
  uint64_t value_bytes = 0;       ///< lengths of variable-width values included
  uint64_t dictionary_bytes = 0;
};

/// Visible items of a page, from its layout alone; nullopt for one that this does not know.
std::optional<uint64_t> CountItems(const PageSource& source);
/// Reads chunk table and chunk headers. Nullopt for a layout that this does not know. \throws Error(kCorrupt)
std::optional<PageAnatomy> DissectPage(const PageSource& source, const std::function<Buffer(ByteRange)>& read);

}  // namespace eider::page
