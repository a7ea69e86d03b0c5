#include "eider/array/json_scanner.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "eider/base/utf8.h"

namespace eider {
namespace {

constexpr uint32_t kNoHex = ~uint32_t{0};

void AppendUtf8(uint32_t c, BufferBuilder& out) {
  if (c < 0x80) return out.AppendValue(static_cast<uint8_t>(c));
  if (c < 0x800) {
    out.AppendValue(static_cast<uint8_t>(0xC0 | c >> 6));
  } else if (c < 0x10000) {
    out.AppendValue(static_cast<uint8_t>(0xE0 | c >> 12));
    out.AppendValue(static_cast<uint8_t>(0x80 | (c >> 6 & 0x3F)));
  } else {
    out.AppendValue(static_cast<uint8_t>(0xF0 | c >> 18));
    out.AppendValue(static_cast<uint8_t>(0x80 | (c >> 12 & 0x3F)));
    out.AppendValue(static_cast<uint8_t>(0x80 | (c >> 6 & 0x3F)));
  }
  out.AppendValue(static_cast<uint8_t>(0x80 | (c & 0x3F)));
}

/// True when a number outside the range of floats is too large rather than too small.
bool IsHuge(std::string_view number) {
  const size_t e = number.find_first_of("eE");
  const std::string_view digits = number.substr(0, e);
  int64_t exponent = 0;
  if (e != std::string_view::npos) {
    std::string_view text = number.substr(e + 1);
    const bool negative = text[0] == '-';
    if (text[0] == '+' || text[0] == '-') text.remove_prefix(1);
    if (std::from_chars(text.data(), text.data() + text.size(), exponent).ec != std::errc()) exponent = INT32_MAX;
    if (negative) exponent = -exponent;
  }
  const size_t point = std::min(digits.find('.'), digits.size());
  const size_t first = digits.find_first_of("123456789");
  if (first == std::string_view::npos) return false;
  return exponent + static_cast<int64_t>(point) - static_cast<int64_t>(first) > 0;
}

}  // namespace

void JsonScanner::Fail(std::string_view expected) const {
  throw Invalid("JSON: expected {} at byte {} of '{}'", expected, at_, text_.substr(0, 100));
}

void JsonScanner::SkipBlanks() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
}

char JsonScanner::Peek() {
  SkipBlanks();
  if (at_ == text_.size()) Fail("more");
  return text_[at_];
}

void JsonScanner::Expect(char c) {
  if (Peek() != c) Fail(std::string_view(&c, 1));
  ++at_;
}

void JsonScanner::ExpectWord(std::string_view word) {
  if (text_.substr(at_, word.size()) != word) Fail(word);
  at_ += word.size();
}

void JsonScanner::ExpectEnd() {
  SkipBlanks();
  if (at_ < text_.size()) Fail("nothing more");
}

bool JsonScanner::ContainerEnds(char end, bool first) {
  if (Peek() == end) {
    ++at_;
    return true;
  }
  if (!first) Expect(',');
  return false;
}

uint32_t JsonScanner::Hex4(size_t at) const {
  if (text_.size() - std::min(at, text_.size()) < 4) return kNoHex;
  uint32_t value = 0;
  const char* const from = text_.data() + at;
  const auto [end, error] = std::from_chars(from, from + 4, value, 16);
  return error == std::errc() && end == from + 4 ? value : kNoHex;
}

void JsonScanner::AppendUnicode(BufferBuilder& out) {
  const uint32_t unit = Hex4(at_);
  if (unit == kNoHex) Fail("four hexadecimal digits");
  at_ += 4;
  if (unit < 0xD800 || unit > 0xDFFF) return AppendUtf8(unit, out);
  if (unit < 0xDC00 && text_.substr(at_, 2) == "\\u") {
    const uint32_t low = Hex4(at_ + 2);
    if (low != kNoHex && low >= 0xDC00 && low <= 0xDFFF) {
      at_ += 6;
      return AppendUtf8(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), out);
    }
  }
  out.Append(text_.data() + at_ - 6, 6);
}

void JsonScanner::AppendEscape(BufferBuilder& out) {
  static constexpr std::string_view kLetters = "bfnrt\"\\/", kMeanings = "\b\f\n\r\t\"\\/";
  if (++at_ >= text_.size()) Fail("more");
  if (text_[at_] == 'u') {
    ++at_;
    return AppendUnicode(out);
  }
  const size_t letter = kLetters.find(text_[at_]);
  if (letter == std::string_view::npos) Fail("an escape");
  out.AppendValue(kMeanings[letter]);
  ++at_;
}

size_t JsonScanner::AppendString(BufferBuilder& out) {
  const size_t before = out.size();
  Expect('"');
  while (true) {
    size_t end = at_;
    while (end < text_.size() && text_[end] != '"' && text_[end] != '\\' && static_cast<uint8_t>(text_[end]) >= 0x20) ++end;
    out.Append(text_.data() + at_, end - at_);
    at_ = end;
    if (at_ == text_.size()) Fail("the end of a string");
    if (text_[at_] == '"') break;
    if (text_[at_] != '\\') Fail("no control character in a string");
    AppendEscape(out);
  }
  ++at_;
  if (!IsUtf8({out.as<char>() + before, out.size() - before})) Fail("UTF-8 before");
  return out.size() - before;
}

size_t JsonScanner::Digits() {
  const size_t first = at_;
  while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
  if (at_ == first) Fail("a digit");
  return at_ - first;
}

JsonNumber JsonScanner::Float(std::string_view number) const {
  JsonNumber out{.kind = JsonNumber::Kind::kFloat};
  const auto result = std::from_chars(number.data(), number.data() + number.size(), out.as_float);
  if (result.ec == std::errc::result_out_of_range) {
    const double size = IsHuge(number[0] == '-' ? number.substr(1) : number) ? std::numeric_limits<double>::infinity() : 0.0;
    out.as_float = number[0] == '-' ? -size : size;
  }
  return out;
}

JsonNumber JsonScanner::Number() {
  const size_t first = at_;
  const bool negative = text_[at_] == '-';
  if (negative) ++at_;
  if (!negative && !IsDigit(text_[at_])) Fail("a value");
  const size_t first_digit = at_;
  if (Digits() > 1 && text_[first_digit] == '0') Fail("no digit after a leading 0");
  bool integer = true;
  if (at_ < text_.size() && text_[at_] == '.') {
    ++at_, Digits(), integer = false;
  }
  if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    ++at_, integer = false;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
    Digits();
  }
  const std::string_view number = text_.substr(first, at_ - first);
  if (!integer) return Float(number);
  JsonNumber out;
  const char* const end = number.data() + number.size();
  if (negative) {
    out.kind = JsonNumber::Kind::kSigned;
    if (std::from_chars(number.data(), end, out.as_signed).ec == std::errc()) return out;
  } else if (std::from_chars(number.data(), end, out.as_unsigned).ec == std::errc()) {
    return out;
  }
  return Float(number);
}

}  // namespace eider
