#pragma once
/// \file
/// Folds the values of one argument into count, extremes and sum. Folds of different rows are merged; in which order does not matter,
/// but to the last bit of a sum of floats.

#include <eider/array.h>

#include <memory>

#include "eider/page/page_statistics.h"

namespace eider::reduce {

struct Wanted {
  bool min = false, max = false, sum = false;
  bool bounds() const { return min || max; }
};

/// Types that can be asked for what.
bool HasOrder(const DataType& type);
bool HasSum(const DataType& type);

class Fold {
 public:
  /// \pre the type has what is wanted
  static std::unique_ptr<Fold> Make(const TypePtr& type, const Wanted& wanted);
  explicit Fold(TypePtr type) : type_(std::move(type)) {}
  virtual ~Fold() = default;

  const TypePtr& type() const { return type_; }
  uint64_t num_values() const { return num_values_; }
  /// Values of which nothing else is asked, or known already.
  void AddCount(uint64_t num_values) { num_values_ += num_values; }
  void Add(const Array& values);
  /// \pre of the same type, and made for the same
  void Merge(const Fold& other);

  /// Adds the extremes that statistics name, but no count. False when they do not tell them: nothing is added then.
  virtual bool AddExtremes(const page::PageStatistics&) { return false; }
  /// Takes note of a page whose extremes are only narrowed down, all of whose rows count.
  virtual void AddNarrowed(const page::PageStatistics&) {}
  /// False only when no value of a page with such statistics can be an extreme.
  virtual bool MayWiden(const page::PageStatistics&) const { return true; }

  /// One value each, null when there is none.
  virtual ArrayPtr Min() const;
  virtual ArrayPtr Max() const;
  virtual ArrayPtr Sum() const;  ///< \throws Error(kInvalid) when its type does not hold it
  virtual ArrayPtr Mean() const;

 protected:
  virtual void AddValues(const Array&) {}
  virtual void MergeValues(const Fold&) {}
  ArrayPtr MakeMean(double sum) const;

 private:
  const TypePtr type_;
  uint64_t num_values_ = 0;
};

/// What a sum of values of `type` is.
TypePtr SumType(const DataType& type);
/// What the extremes of values of `type` are.
TypePtr ExtremeType(const TypePtr& type);

}  // namespace eider::reduce
