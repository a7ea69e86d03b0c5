#include "eider/reduce/text_fold.h"

#include "eider/array/null_array.h"
#include "eider/array/string_values.h"
#include "eider/array/types.h"
#include "eider/base/memory.h"
#include "eider/base/text_range.h"
#include "eider/expr/column.h"
#include "eider/reduce/valid_values.h"

namespace eider::reduce {
namespace {

void TakeLess(std::optional<std::string>& least, std::string_view value) {
  if (!least || value < *least) least = value;
}
void TakeGreater(std::optional<std::string>& greatest, std::string_view value) {
  if (!greatest || value > *greatest) greatest = value;
}

/// Values at positions of the buffers, by layout.
template <typename Offset>
auto OffsetText(const Array& values) {
  return [offsets = values.buffers[0].as<Offset>(), data = values.buffers[1].as<char>()](int64_t i) {
    return std::string_view(data + offsets[i], static_cast<size_t>(offsets[i + 1] - offsets[i]));
  };
}
auto ViewText(const Array& values) {
  return [&values, strings = StringValues(values)](int64_t i) {
    const ByteSpan bytes = strings.At(i - values.offset);
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
}
auto FixedText(const Array& values) {
  return [data = values.buffers[0].as<char>(), width = values.type->byte_width](int64_t i) {
    return std::string_view(data + i * width, static_cast<size_t>(width));
  };
}

}  // namespace

bool TextFold::AddExtremes(const page::PageStatistics& page) {
  if (!page.min || !page.max || (wanted_.min && page.min_is_cut) || (wanted_.max && page.max_is_cut)) return false;
  if (wanted_.min) TakeLess(low_, *page.min);
  if (wanted_.max) TakeGreater(high_, *page.max);
  return true;
}

// The bounds of a page are beginnings of its least and greatest value, that of the greatest with its last byte raised.
void TextFold::AddNarrowed(const page::PageStatistics& page) {
  if (!page.min || !page.max) return;
  std::string above = *page.min, reached = *page.max;
  while (!above.empty() && static_cast<uint8_t>(above.back()) == 0xFF) above.pop_back();
  if (!above.empty()) {
    ++above.back();
    TakeLess(low_below_, above);
  }
  if (page.max_is_cut && !reached.empty()) --reached.back();
  TakeGreater(high_reaches_, reached);
}

bool TextFold::MayWiden(const page::PageStatistics& page) const {
  if (!page.min || !page.max) return true;
  const bool min = wanted_.min && (!low_ || *page.min < *low_) && (!low_below_ || *page.min < *low_below_);
  const bool max = wanted_.max && (!high_ || *page.max > *high_) && (!high_reaches_ || !(*page.max < *high_reaches_));
  return min || max;
}

void TextFold::AddValues(const Array& values) {
  TextRange range;
  const auto add = [&](auto&& at) {
    VisitValid(values, [&](int64_t first, int64_t count) { for (int64_t i = first; i < first + count; ++i) range.Add(at(i)); },
               [&](int64_t i) { range.Add(at(i)); });
  };
  const Layout layout = LayoutOf(values.type->id);
  if (layout == Layout::kVariable32) add(OffsetText<int32_t>(values));
  else if (layout == Layout::kVariable64) add(OffsetText<int64_t>(values));
  else if (layout == Layout::kView) add(ViewText(values));
  else add(FixedText(values));
  if (!range.any) return;
  if (wanted_.min) TakeLess(low_, range.low);
  if (wanted_.max) TakeGreater(high_, range.high);
}

void TextFold::MergeValues(const Fold& fold) {
  const auto& other = static_cast<const TextFold&>(fold);
  if (other.low_) TakeLess(low_, *other.low_);
  if (other.high_) TakeGreater(high_, *other.high_);
}

ArrayPtr TextFold::One(const std::optional<std::string>& value) const {
  const TypePtr type = ExtremeType(this->type());
  if (!value) return MakeNullArray(type, 1);
  if (type->id == TypeId::kFixedSizeBinary) return expr::MakeFixed(type, 1, CopyToBuffer(SpanOf(*value)));
  return expr::One(type, std::string_view(*value));
}

}  // namespace eider::reduce
