#include "eider/file/column_writer.h"

#include "eider/array/bad_text.h"
#include "eider/base/error.h"
#include "eider/page/v2_0/array_encoder.h"

namespace eider::file {
namespace {

/// Pages have at most so many rows, whatever their size: items of a page fit 32-bit positions.
constexpr int64_t kMaxPageRows = int64_t(1) << 31;

bool SameTypeButViews(const DataType& expected, const DataType& found) {
  if (expected.id == TypeId::kUtf8 || expected.id == TypeId::kBinary) {
    const TypeId view = expected.id == TypeId::kUtf8 ? TypeId::kUtf8View : TypeId::kBinaryView;
    return found.id == expected.id || found.id == view;
  }
  if (expected.children.empty() || expected.id != found.id) return TypesEqual(expected, found);
  if (expected.children.size() != found.children.size() || expected.list_size != found.list_size) return false;
  for (size_t i = 0; i < expected.children.size(); ++i) {
    const bool named = expected.id == TypeId::kStruct;
    if (named && expected.children[i].name != found.children[i].name) return false;
    if (!SameTypeButViews(*expected.children[i].type, *found.children[i].type)) return false;
  }
  return true;
}

/// Calls `visit` with every dictionary in `array` that ArrayBytes counts.
template <typename Visit>
void VisitDictionaries(const Array& array, const Visit& visit) {
  if (array.dictionary) return visit(*array.dictionary);
  for (const ArrayPtr& child : array.children) VisitDictionaries(*child, visit);
}

/// Bytes of the rows without the dictionaries, which every slice shares.
uint64_t OwnBytes(const Array& array) {
  uint64_t bytes = ArrayBytes(array);
  VisitDictionaries(array, [&](const Array& dictionary) { bytes -= ArrayBytes(dictionary); });
  return bytes;
}

}  // namespace

ColumnWriter::ColumnWriter(uint32_t position, const LanceField& field, Field arrow, uint16_t version_minor,
                           const page::EncodingRequest& request)
    : position_(position),
      arrow_(std::move(arrow)),
      leaves_(version_minor == 0 ? page::v2_0::FindArrayColumns(field, arrow_)
                                 : page::FindColumnLeaves(field, arrow_, version_minor, request)) {}

void ColumnWriter::Check(const ArrayPtr& given) const {
  const Array& array = *given;
  if (!SameTypeButViews(*arrow_.type, *array.type)) {
    throw Invalid("column '{}': expected {}, found {}", name(), TypeToString(*arrow_.type), TypeToString(*array.type));
  }
  if (const std::optional<int64_t> row = FindBadText(given)) {
    throw Invalid("column '{}': the string of row {} of the batch is not UTF-8; binary columns hold any bytes", name(), *row);
  }
  if (arrow_.nullable || array.type->id == TypeId::kNull) return;
  if (const int64_t nulls = CountNulls(array); nulls > 0) {
    throw Invalid("column '{}': {} nulls in a field that is not nullable", name(), nulls);
  }
}

void ColumnWriter::Add(const ArrayPtr& array, uint64_t max_page_bytes, std::vector<PageGroup>& full) {
  if (array->length == 0) return;
  const uint64_t own_bytes = OwnBytes(*array);
  if (array->length > 1 && (own_bytes > max_page_bytes || array->length > kMaxPageRows)) {
    // Halves of halves: a value much larger than its neighbours ends up in a small page of its own.
    const int64_t half = array->length / 2;
    Add(SliceArray(array, 0, half), max_page_bytes, full);
    return Add(SliceArray(array, half, array->length - half), max_page_bytes, full);
  }
  AddPiece(array, own_bytes, max_page_bytes, full);
}

void ColumnWriter::AddPiece(const ArrayPtr& piece, uint64_t own_bytes, uint64_t max_page_bytes, std::vector<PageGroup>& full) {
  uint64_t dictionary_bytes = NewDictionaryBytes(*piece);
  const uint64_t page_bytes = pending_bytes_ - first_dictionary_bytes_ + own_bytes + dictionary_bytes;
  if (pending_rows_ > 0 && (page_bytes > max_page_bytes || int64_t(pending_rows_) + piece->length > kMaxPageRows)) {
    Flush(full);
    dictionary_bytes = NewDictionaryBytes(*piece);
  }
  VisitDictionaries(*piece, [&](const Array& dictionary) { pending_dictionaries_.insert(&dictionary); });
  if (pending_rows_ == 0) first_dictionary_bytes_ = dictionary_bytes;
  pending_.push_back(piece);
  pending_bytes_ += own_bytes + dictionary_bytes;
  pending_rows_ += piece->length;
}

uint64_t ColumnWriter::NewDictionaryBytes(const Array& piece) const {
  uint64_t bytes = 0;
  VisitDictionaries(piece, [&](const Array& dictionary) {
    if (!pending_dictionaries_.contains(&dictionary)) bytes += ArrayBytes(dictionary);
  });
  return bytes;
}

void ColumnWriter::Flush(std::vector<PageGroup>& out) {
  if (pending_rows_ == 0) return;
  out.push_back({position_, first_pending_row_, std::move(pending_)});
  pending_.clear();
  first_pending_row_ += pending_rows_;
  pending_rows_ = 0;
  pending_bytes_ = 0;
  first_dictionary_bytes_ = 0;
  pending_dictionaries_.clear();
}

}  // namespace eider::file
