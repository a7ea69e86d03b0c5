#pragma once
/// \file
/// The words of a JSON text, one after the other (RFC 8259).

#include <string_view>

#include "eider/base/error.h"
#include "eider/base/memory.h"

namespace eider {

struct JsonNumber {
  enum class Kind : uint8_t { kUnsigned, kSigned, kFloat };
  Kind kind = Kind::kUnsigned;
  uint64_t as_unsigned = 0;
  int64_t as_signed = 0;  ///< negative integers
  double as_float = 0;
};

/// Every method throws Error(kInvalid) with the position where the text is no JSON.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) : text_(text) {}

  /// The next character that is no blank, without taking it.
  char Peek();
  void Next() { ++at_; }
  size_t position() const { return at_; }
  void Expect(char c);
  void ExpectWord(std::string_view word);
  void ExpectEnd();
  /// Between the children of a container: true when `end` comes (and is taken), else takes the comma unless `first`.
  bool ContainerEnds(char end, bool first);
  /// Appends the characters of a string in UTF-8, and returns how many bytes they are. A lone surrogate stays an escape.
  size_t AppendString(BufferBuilder& out);
  JsonNumber Number();
  [[noreturn]] void Fail(std::string_view expected) const;

 private:
  void SkipBlanks();
  void AppendEscape(BufferBuilder& out);
  void AppendUnicode(BufferBuilder& out);
  uint32_t Hex4(size_t at) const;
  size_t Digits();
  JsonNumber Float(std::string_view number) const;

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace eider
