#pragma once
/// \file
/// Text and binary, compared by bytes.

#include <string>
#include <string_view>

#include "eider/reduce/fold.h"

namespace eider::reduce {

class TextFold final : public Fold {
 public:
  TextFold(const TypePtr& type, const Wanted& wanted) : Fold(type), wanted_(wanted) {}
  bool AddExtremes(const page::PageStatistics& page) override;
  void AddNarrowed(const page::PageStatistics& page) override;
  bool MayWiden(const page::PageStatistics& page) const override;
  ArrayPtr Min() const override { return One(low_); }
  ArrayPtr Max() const override { return One(high_); }

 private:
  void AddValues(const Array& values) override;
  void MergeValues(const Fold& other) override;
  ArrayPtr One(const std::optional<std::string>& value) const;

  const Wanted wanted_;
  std::optional<std::string> low_, high_;
  std::optional<std::string> low_below_;    ///< a value is below this, or is low_
  std::optional<std::string> high_reaches_; ///< a value is not below this
};

}  // namespace eider::reduce
