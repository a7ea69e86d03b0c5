#include "eider/expr/text_scope.h"

#include "eider/base/error.h"

namespace eider::expr {
namespace {

constexpr uint64_t kMostBytes = uint64_t{256} << 20;

thread_local TextScope* innermost_scope = nullptr;

}  // namespace

TextScope::TextScope(uint64_t most_bytes) : outer_(innermost_scope), most_bytes_(most_bytes) { innermost_scope = this; }
TextScope::~TextScope() { innermost_scope = outer_; }

bool TextScope::is_open() { return innermost_scope != nullptr; }
uint64_t TextScope::most_bytes() { return innermost_scope ? innermost_scope->most_bytes_ : kMostBytes; }

void TextScope::CountMade(uint64_t bytes) {
  if (innermost_scope) innermost_scope->made_bytes_ += bytes;
}

void TextScope::Require(uint64_t bytes) {
  if (bytes > most_bytes()) throw OutOfBudget("more than {} KiB of text at once", most_bytes() >> 10);
}

}  // namespace eider::expr
