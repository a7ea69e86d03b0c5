#pragma once
/// \file
/// The pieces of JSON that the files of tags and branches are made of.

#include <optional>
#include <string>
#include <string_view>

#include "eider/array/json_scanner.h"

namespace eider::table {

/// Each throws Error(kInvalid) for another value.
std::string ReadJsonText(JsonScanner& scanner);
uint64_t ReadJsonUnsigned(JsonScanner& scanner);
bool TakeJsonNull(JsonScanner& scanner);
/// Passes over any value, at most 64 deep.
void SkipJsonValue(JsonScanner& scanner, int depth = 0);

/// Calls `visit(key)` for each member of an object; it must take the value.
template <typename Visit>
void VisitJsonMembers(JsonScanner& scanner, Visit&& visit) {
  scanner.Expect('{');
  for (bool first = true; !scanner.ContainerEnds('}', first); first = false) {
    const std::string key = ReadJsonText(scanner);
    scanner.Expect(':');
    visit(key);
  }
}

/// With quotes and escapes.
std::string QuoteJson(std::string_view text);

/// "2026-11-21T19:32:10.730822873Z" <-> nanoseconds since the Unix epoch. nullopt for text that is no such date, or too far away.
std::string FormatRfc3339(int64_t ns);
std::optional<int64_t> ParseRfc3339(std::string_view text);

}  // namespace eider::table
