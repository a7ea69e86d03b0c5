/// Functions of text that give text.

#include <algorithm>
#include <array>
#include <bitset>
#include <random>

#include "eider/expr/cast.h"
#include "eider/expr/functions/characters.h"
#include "eider/expr/functions/function.h"
#include "eider/expr/functions/map_rows.h"

namespace eider::expr {
namespace {

using Text = std::string_view;

/// Characters, by their bytes.
class CharacterSet {
 public:
  explicit CharacterSet(Text characters) {
    for (size_t i = 0; i < characters.size();) {
      const size_t start = i;
      NextCharacter(characters, &i);
      const Text one = characters.substr(start, i - start);
      if (IsAsciiByte(one)) ascii_.set(size_t(one[0]));
      else others_.push_back(one);
    }
    std::ranges::sort(others_);
  }
  bool Has(Text one) const { return IsAsciiByte(one) ? ascii_[size_t(one[0])] : std::ranges::binary_search(others_, one); }

 private:
  static bool IsAsciiByte(Text one) { return one.size() == 1 && static_cast<unsigned char>(one[0]) < 0x80; }

  std::bitset<128> ascii_;
  std::vector<Text> others_;
};

std::string Trim(Text text, Text characters, bool left, bool right) {
  const CharacterSet set(characters);
  while (left && !text.empty()) {
    size_t end = 0;
    NextCharacter(text, &end);
    if (!set.Has(text.substr(0, end))) break;
    text.remove_prefix(end);
  }
  while (right && !text.empty()) {
    size_t start = text.size() - 1;
    while (start > 0 && IsContinuationByte(text[start])) --start;
    if (!set.Has(text.substr(start))) break;
    text.remove_suffix(text.size() - start);
  }
  return std::string(text);
}

std::string Left(Text text, int64_t n) {
  const int64_t count = n >= 0 ? n : std::max<int64_t>(0, CountCharacters(text) + std::max(n, -INT64_MAX));
  return std::string(text.substr(0, ByteOfCharacter(text, count)));
}
std::string Right(Text text, int64_t n) {
  const int64_t size = CountCharacters(text);
  const int64_t skip = n >= 0 ? std::max<int64_t>(0, size - n) : n == INT64_MIN ? size : -n;
  return std::string(text.substr(ByteOfCharacter(text, skip)));
}

/// Characters [start, start + count), counted from 1; what lies before the text counts as well.
std::string Substr(Text text, int64_t start, int64_t count) {
  if (count < 0) throw Invalid("a length of {}", count);
  int64_t end = 0;
  if (__builtin_add_overflow(start, count, &end)) end = INT64_MAX;
  const int64_t first = std::max<int64_t>(start, 1);
  if (end <= first) return "";
  text.remove_prefix(ByteOfCharacter(text, first - 1));
  return std::string(text.substr(0, ByteOfCharacter(text, end - first)));
}

std::string Pad(Text text, int64_t size, Text fill, bool left) {
  const int64_t have = CountCharacters(text);
  if (size <= 0) return "";
  if (size <= have) return std::string(text.substr(0, ByteOfCharacter(text, size)));
  if (fill.empty()) return std::string(text);
  RequireTextBytes(uint64_t(size));
  std::string padding;
  const int64_t fill_size = CountCharacters(fill);
  for (int64_t n = (size - have) / fill_size; n > 0; --n) padding += fill;
  padding += fill.substr(0, ByteOfCharacter(fill, (size - have) % fill_size));
  RequireTextBytes(padding.size());
  return left ? padding + std::string(text) : std::string(text) + padding;
}

std::string Repeat(Text text, int64_t n) {
  if (n <= 0 || text.empty()) return "";
  RequireTextBytes(uint64_t(n));
  RequireTextBytes(uint64_t(n) * text.size());
  std::string out;
  for (; n > 0; --n) out += text;
  return out;
}

std::string Replace(Text text, Text from, Text to) {
  if (from.empty()) return std::string(text);
  std::string out;
  for (size_t at; (at = FindText(text, from)) != Text::npos; text.remove_prefix(at + from.size())) {
    out.append(text.substr(0, at)).append(to);
    RequireTextBytes(out.size());
  }
  return out.append(text);
}

std::string Reverse(Text text) {
  std::string out;
  for (size_t end = text.size(); end > 0;) {
    size_t start = end - 1;
    while (start > 0 && IsContinuationByte(text[start])) --start;
    out += text.substr(start, end - start);
    end = start;
  }
  return out;
}

std::string SplitPart(Text text, Text by, int64_t n) {
  if (n == 0) throw Invalid("parts are counted from 1, or from -1 at the end");
  std::vector<Text> parts;
  if (by.empty()) {
    parts.push_back(text);
  } else {
    for (size_t at; (at = FindText(text, by)) != Text::npos; text.remove_prefix(at + by.size())) parts.push_back(text.substr(0, at));
    parts.push_back(text);
  }
  const int64_t index = n > 0 ? n - 1 : int64_t(parts.size()) + n;
  return index < 0 || index >= int64_t(parts.size()) ? "" : std::string(parts[size_t(index)]);
}

/// Everything before the n-th delimiter, or after the n-th from the end when n is negative.
std::string SubstrIndex(Text text, Text by, int64_t n) {
  if (n == 0 || by.empty()) return "";
  size_t at = n > 0 ? 0 : text.size();
  for (int64_t left = n; left > 0; --left) {
    const size_t found = text.find(by, at);
    if (found == Text::npos) return std::string(text);
    if (left == 1) return std::string(text.substr(0, found));
    at = found + by.size();
  }
  for (int64_t left = n; left < 0; ++left) {
    const size_t found = at < by.size() ? Text::npos : text.rfind(by, at - by.size());
    if (found == Text::npos) return std::string(text);
    if (left == -1) return std::string(text.substr(found + by.size()));
    at = found;
  }
  return "";
}

std::string Initcap(Text text) {
  std::string out;
  bool inside = false;
  for (size_t at = 0; at < text.size();) {
    const uint32_t c = NextCharacter(text, &at);
    AppendCharacter(inside ? ToLowerCharacter(c) : ToUpperCharacter(c), out);
    inside = IsAlphanumeric(c);
  }
  return out;
}

/// What becomes of characters: another one, or nothing. The first mention of a character counts.
class Translation {
 public:
  Translation(Text from, Text to) {
    ascii_.fill(kItself);
    for (size_t i = 0, j = 0; i < from.size();) {
      const uint32_t key = NextCharacter(from, &i), value = j < to.size() ? NextCharacter(to, &j) : kNothing;
      if (key >= ascii_.size()) others_.emplace_back(key, value);
      else if (ascii_[key] == kItself) ascii_[key] = value;
    }
    std::ranges::stable_sort(others_, {}, &Pair::first);
  }
  void Append(uint32_t c, std::string& out) const {
    const uint32_t value = Find(c);
    if (value != kNothing) AppendCharacter(value == kItself ? c : value, out);
  }

 private:
  using Pair = std::pair<uint32_t, uint32_t>;
  static constexpr uint32_t kItself = UINT32_MAX, kNothing = UINT32_MAX - 1;

  uint32_t Find(uint32_t c) const {
    if (c < ascii_.size()) return ascii_[c];
    const auto at = std::ranges::lower_bound(others_, c, {}, &Pair::first);
    return at != others_.end() && at->first == c ? at->second : kItself;
  }

  std::array<uint32_t, 128> ascii_;
  std::vector<Pair> others_;
};

std::string Translate(Text text, Text from, Text to) {
  const Translation translation(from, to);
  std::string out;
  for (size_t at = 0; at < text.size();) translation.Append(NextCharacter(text, &at), out);
  return out;
}

std::string Overlay(Text text, Text with, int64_t start, int64_t count) {
  if (count < 0) throw Invalid("a length of {}", count);
  const int64_t first = std::max<int64_t>(start, 1) - 1;
  const size_t from = ByteOfCharacter(text, first);
  std::string out(text.substr(0, from));
  out += with;
  const Text rest = text.substr(from);
  return out.append(rest.substr(ByteOfCharacter(rest, count)));
}

std::string Chr(int64_t code) {
  if (code <= 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) throw Invalid("{} is no character", code);
  std::string out;
  AppendCharacter(uint32_t(code), out);
  return out;
}

/// All arguments that are not null, as text, with the separator between them.
ArrayPtr ConcatTexts(const Call& call, bool separated) {
  std::vector<Reader<Text>> readers;
  for (const Column& column : call.arguments) readers.emplace_back(column);
  Builder<Text> out(call.rows);
  std::string text;
  for (int64_t row = 0; row < call.rows; ++row) {
    if (separated && !call.arguments[0].IsValid(row)) { out.AppendNull(); continue; }
    text.clear();
    bool first = true;
    for (size_t i = separated; i < readers.size(); ++i) {
      if (!call.arguments[i].IsValid(row)) continue;
      if (separated && !first) text += readers[0][row];
      text += readers[i][row];
      RequireTextBytes(text.size());
      first = false;
    }
    out.Append(text);
  }
  return out.Finish(call.type);
}

ArrayPtr Uuids(const Call& call) {
  std::random_device device;
  std::mt19937_64 random((uint64_t(device()) << 32) | device());
  Builder<Text> out(call.rows);
  for (int64_t row = 0; row < call.rows; ++row) {
    const uint64_t high = (random() & ~uint64_t{0xF000}) | 0x4000, low = (random() & ~(uint64_t{3} << 62)) | uint64_t{1} << 63;
    out.Append(fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xFFFF, high & 0xFFFF, low >> 48, low & 0xFFFFFFFFFFFF));
  }
  return out.Finish(call.type);
}

/// Letters from `first` on in the other case, all texts at once where they are ASCII; others as `one_by_one` does it.
Kernel TurnCase(char first, Kernel one_by_one) {
  return [=](const Call& call) -> ArrayPtr {
    const Column& column = call.arguments[0];
    const Array& texts = *column.array;
    const bool is_plain = !column.constant && texts.type->id == TypeId::kUtf8 && call.type->id == TypeId::kUtf8;
    if (!is_plain || call.rows == 0) return one_by_one(call);
    const int32_t* ends = texts.buffers[0].as<int32_t>() + texts.offset;
    const auto first_byte = static_cast<size_t>(ends[0]), last_byte = static_cast<size_t>(ends[call.rows]);
    const ByteSpan from = texts.buffers[1].span().subspan(first_byte, last_byte - first_byte);
    uint8_t any = 0;
    for (const uint8_t byte : from) any |= byte;
    if (any >= 0x80) return one_by_one(call);
    BufferBuilder offsets, bytes;
    offsets.Resize((static_cast<size_t>(call.rows) + 1) * sizeof(int32_t));
    for (int64_t row = 0; row <= call.rows; ++row) offsets.as<int32_t>()[row] = ends[row] - ends[0];
    bytes.Resize(from.size());
    const auto turned = [first](uint8_t byte) {
      return static_cast<uint8_t>(byte ^ (static_cast<uint8_t>(byte - first) < 26 ? 0x20 : 0));
    };
    std::ranges::transform(from, bytes.data(), turned);
    auto out = std::make_shared<Array>();
    out->type = call.type;
    out->length = call.rows;
    if (CountNulls(texts) > 0) out->validity = ValidityBits(column, call.rows);
    out->null_count = CountNulls(texts);
    out->buffers = {offsets.Finish(), bytes.Finish()};
    return out;
  };
}

}  // namespace

FunctionTable TextFunctions() {
  return {
      {"lower|lcase", "text -> text", TurnCase('A', Map([](Text s) { return ToLower(s); }))},
      {"upper|ucase", "text -> text", TurnCase('a', Map([](Text s) { return ToUpper(s); }))},
      {"initcap", "text -> text", Map([](Text s) { return Initcap(s); })},
      {"btrim|trim", "text -> text", Map([](Text s) { return Trim(s, " ", true, true); })},
      {"btrim|trim", "text, text -> text", Map([](Text s, Text set) { return Trim(s, set, true, true); })},
      {"ltrim", "text -> text", Map([](Text s) { return Trim(s, " ", true, false); })},
      {"ltrim", "text, text -> text", Map([](Text s, Text set) { return Trim(s, set, true, false); })},
      {"rtrim", "text -> text", Map([](Text s) { return Trim(s, " ", false, true); })},
      {"rtrim", "text, text -> text", Map([](Text s, Text set) { return Trim(s, set, false, true); })},
      {"left", "text, int -> text", Map([](Text s, int64_t n) { return Left(s, n); })},
      {"right", "text, int -> text", Map([](Text s, int64_t n) { return Right(s, n); })},
      {"substr|substring", "text, int -> text", Map([](Text s, int64_t start) { return Substr(s, start, INT64_MAX); })},
      {"substr|substring", "text, int, int -> text", Map([](Text s, int64_t start, int64_t n) { return Substr(s, start, n); })},
      {"substr_index|substring_index", "text, text, int -> text", Map([](Text s, Text by, int64_t n) { return SubstrIndex(s, by, n); })},
      {"lpad", "text, int -> text", Map([](Text s, int64_t n) { return Pad(s, n, " ", true); })},
      {"lpad", "text, int, text -> text", Map([](Text s, int64_t n, Text fill) { return Pad(s, n, fill, true); })},
      {"rpad", "text, int -> text", Map([](Text s, int64_t n) { return Pad(s, n, " ", false); })},
      {"rpad", "text, int, text -> text", Map([](Text s, int64_t n, Text fill) { return Pad(s, n, fill, false); })},
      {"repeat", "text, int -> text", Map([](Text s, int64_t n) { return Repeat(s, n); })},
      {"replace", "text, text, text -> text", Map([](Text s, Text from, Text to) { return Replace(s, from, to); })},
      {"reverse", "text -> text", Map([](Text s) { return Reverse(s); })},
      {"split_part", "text, text, int -> text", Map([](Text s, Text by, int64_t n) { return SplitPart(s, by, n); })},
      {"translate", "text, text, text -> text", Map([](Text s, Text from, Text to) { return Translate(s, from, to); })},
      {"overlay", "text, text, int -> text", Map([](Text s, Text with, int64_t at) { return Overlay(s, with, at, CountCharacters(with)); })},
      {"overlay", "text, text, int, int -> text", Map([](Text s, Text with, int64_t at, int64_t n) { return Overlay(s, with, at, n); })},
      {"chr", "int -> text", Map([](int64_t code) { return Chr(code); })},
      {"to_hex", "uint64 -> text", Map([](uint64_t n) { return fmt::format("{:x}", n); })},
      {"to_hex", "int -> text", Map([](int64_t n) { return fmt::format("{:x}", uint64_t(n)); })},
      {"concat", "value, ... -> text", [](const Call& call) { return ConcatTexts(call, false); }},
      {"concat_ws", "text, value, ... -> text", [](const Call& call) { return ConcatTexts(call, true); }},
      {"uuid", "-> text", Uuids, nullptr, true},
  };
}

}  // namespace eider::expr
