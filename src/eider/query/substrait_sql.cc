#include <eider/substrait.h>

#include "eider/expr/substrait.h"

namespace eider {

SqlExpression SqlOfSubstrait(std::span<const uint8_t> message) {
  expr::SubstraitCondition condition = expr::ReadSubstrait(message);
  return {.text = std::move(condition.text), .positional = std::move(condition.parameters), .named = {}};
}

}  // namespace eider
