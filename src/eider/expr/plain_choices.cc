#include "eider/expr/plain_choices.h"

#include <charconv>
#include <limits>

#include "eider/expr/native.h"

namespace eider::expr {
namespace {

template <typename T>
bool AppendWhole(std::string_view text, BufferBuilder& out) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  out.AppendValue(value);
  return true;
}

}  // namespace

PlainChoices::PlainChoices(const TypePtr& type)
    : type_(type->id == TypeId::kDictionary ? type->value_type : type), is_whole_(IsWhole(type_->id)),
      is_text_(type_->id == TypeId::kUtf8 || type_->id == TypeId::kLargeUtf8) {}

bool PlainChoices::Take(const Syntax& choice) {
  if (is_whole_ && choice.kind == SyntaxKind::kNumber) {
    const bool taken = VisitNumber(type_->id, [&](auto zero) {
      using T = decltype(zero);
      if constexpr (std::is_integral_v<T>) return AppendWhole<T>(choice.text, numbers_);
      else return false;
    });
    count_ += taken;
    return taken;
  }
  if (!is_text_ || choice.kind != SyntaxKind::kText) return false;
  texts_.Append(choice.text);
  ++count_;
  return true;
}

ArrayPtr PlainChoices::Finish() {
  if (count_ == 0) return nullptr;
  return is_text_ ? texts_.Finish(type_) : MakeFixed(type_, count_, numbers_.Finish());
}

}  // namespace eider::expr
