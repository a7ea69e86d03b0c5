#include "eider/table/ref_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "eider/base/error.h"
#include "eider/base/utf8.h"
#include "eider/table/ref_json.h"

namespace eider::table {
namespace {

constexpr std::string_view kJsonSuffix = ".json";

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

std::optional<std::string> ReadOptionalText(JsonScanner& scanner) {
  if (TakeJsonNull(scanner)) return std::nullopt;
  return ReadJsonText(scanner);
}

std::optional<int64_t> ReadTime(JsonScanner& scanner) {
  const std::optional<std::string> text = ReadOptionalText(scanner);
  if (!text) return std::nullopt;
  const std::optional<int64_t> ns = ParseRfc3339(*text);
  if (!ns) scanner.Fail("a date and time before");
  return ns;
}

std::map<std::string, std::string> ReadMetadata(JsonScanner& scanner) {
  std::map<std::string, std::string> metadata;
  if (TakeJsonNull(scanner)) return metadata;
  VisitJsonMembers(scanner, [&](const std::string& key) { metadata[key] = ReadJsonText(scanner); });
  return metadata;
}

/// [[2, "3b43..."], ...]
std::vector<std::pair<uint64_t, std::string>> ReadMapping(JsonScanner& scanner) {
  std::vector<std::pair<uint64_t, std::string>> mapping;
  scanner.Expect('[');
  for (bool first = true; !scanner.ContainerEnds(']', first); first = false) {
    scanner.Expect('[');
    const uint64_t version = ReadJsonUnsigned(scanner);
    scanner.Expect(',');
    mapping.emplace_back(version, ReadJsonText(scanner));
    scanner.Expect(']');
  }
  return mapping;
}

void KeepUnknown(std::string_view text, JsonScanner& scanner, const std::string& key, std::string* unknown) {
  const size_t first = scanner.position();
  SkipJsonValue(scanner);
  *unknown += fmt::format(",\n  {}:{}", QuoteJson(key), text.substr(first, scanner.position() - first));
}

/// Visits the members of the one object that `json` is; a member of that name that is not there is named.
template <typename Visit>
void ReadObject(const char* what, std::string_view json, std::initializer_list<std::string_view> required, Visit&& visit) {
  try {
    JsonScanner scanner(json);
    std::set<std::string, std::less<>> seen;
    VisitJsonMembers(scanner, [&](const std::string& key) {
      if (!seen.insert(key).second) scanner.Fail("no second member of one name");
      visit(scanner, key);
    });
    scanner.ExpectEnd();
    for (const std::string_view key : required) {
      if (!seen.contains(key)) throw Invalid("no member '{}'", key);
    }
  } catch (const Error& error) {
    throw Corrupt("{}: {}", what, error.what());
  }
}

std::string EncodeOptional(const std::optional<std::string>& text) { return text ? QuoteJson(*text) : "null"; }

std::string EncodeMetadata(const std::map<std::string, std::string>& metadata) {
  if (metadata.empty()) return "{}";
  std::string out;
  for (const auto& [key, value] : metadata) out += fmt::format("{}\n    {}: {}", out.empty() ? "" : ",", QuoteJson(key), QuoteJson(value));
  return fmt::format("{{{}\n  }}", out);
}

[[noreturn]] void BadName(const char* what, std::string_view name, std::string_view why) {
  throw Invalid("{} name '{}': {}", what, name, why);
}

void CheckName(const char* what, std::string_view name) {
  if (name.empty()) BadName(what, name, "it must not be empty");
  if (name.find("..") != std::string_view::npos) BadName(what, name, "it must not hold '..'");
  if (name.ends_with(".lock")) BadName(what, name, "it must not end with '.lock'");
}

/// Folders of a table: a branch of a branch must not lie where the outer one has its files.
constexpr std::array<std::string_view, 6> kTableFolders = {"_versions", "_transactions", "_deletions", "_indices", "_refs", "data"};

}  // namespace

TagFile DecodeTagFile(std::string_view json) {
  TagFile tag;
  ReadObject("tag", json, {"version"}, [&](JsonScanner& scanner, const std::string& key) {
    if (key == "branch") tag.info.branch = ReadOptionalText(scanner);
    else if (key == "version") tag.info.version = ReadJsonUnsigned(scanner);
    else if (key == "createdAt") tag.info.created_ns = ReadTime(scanner);
    else if (key == "updatedAt") tag.info.updated_ns = ReadTime(scanner);
    else if (key == "manifestSize") tag.info.manifest_bytes = ReadJsonUnsigned(scanner);
    else if (key == "metadata") tag.info.metadata = ReadMetadata(scanner);
    else KeepUnknown(json, scanner, key, &tag.unknown);
  });
  return tag;
}

BranchFile DecodeBranchFile(std::string_view json) {
  BranchFile branch;
  ReadObject("branch", json, {"parentVersion"}, [&](JsonScanner& scanner, const std::string& key) {
    if (key == "parentBranch") branch.info.parent = ReadOptionalText(scanner);
    else if (key == "parentVersion") branch.info.parent_version = ReadJsonUnsigned(scanner);
    else if (key == "createAt") branch.info.created_s = ReadJsonUnsigned(scanner);
    else if (key == "manifestSize") branch.info.manifest_bytes = ReadJsonUnsigned(scanner);
    else if (key == "metadata") branch.info.metadata = ReadMetadata(scanner);
    else if (key == "identifier") {
      VisitJsonMembers(scanner, [&](const std::string& member) {
        if (member != "version_mapping") scanner.Fail("version_mapping before");
        branch.info.lineage = ReadMapping(scanner);
      });
    } else KeepUnknown(json, scanner, key, &branch.unknown);
  });
  return branch;
}

std::string EncodeTagFile(const TagFile& tag) {
  std::string dates;
  if (tag.info.created_ns) dates += fmt::format("  \"createdAt\": \"{}\",\n", FormatRfc3339(*tag.info.created_ns));
  if (tag.info.updated_ns) dates += fmt::format("  \"updatedAt\": \"{}\",\n", FormatRfc3339(*tag.info.updated_ns));
  return fmt::format("{{\n  \"branch\": {},\n  \"version\": {},\n{}  \"manifestSize\": {},\n  \"metadata\": {}{}\n}}",
                     EncodeOptional(tag.info.branch), tag.info.version, dates, tag.info.manifest_bytes,
                     EncodeMetadata(tag.info.metadata), tag.unknown);
}

std::string EncodeBranchFile(const BranchFile& branch) {
  std::string mapping;
  for (const auto& [version, id] : branch.info.lineage) {
    mapping += fmt::format("{}\n      [\n        {},\n        {}\n      ]", mapping.empty() ? "" : ",", version, QuoteJson(id));
  }
  if (!mapping.empty()) mapping += "\n    ";
  return fmt::format("{{\n  \"parentBranch\": {},\n  \"identifier\": {{\n    \"version_mapping\": [{}]\n  }},\n"
                     "  \"parentVersion\": {},\n  \"createAt\": {},\n  \"manifestSize\": {},\n  \"metadata\": {}{}\n}}",
                     EncodeOptional(branch.info.parent), mapping, branch.info.parent_version, branch.info.created_s,
                     branch.info.manifest_bytes, EncodeMetadata(branch.info.metadata), branch.unknown);
}

std::string RefFileName(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (IsPlain(c)) out += c;
    else out += fmt::format("%{:02X}", static_cast<uint8_t>(c));
  }
  return out.append(kJsonSuffix);
}

std::optional<std::string> NameOfRefFile(std::string_view file_name) {
  if (!file_name.ends_with(kJsonSuffix) || file_name.size() == kJsonSuffix.size()) return std::nullopt;
  file_name.remove_suffix(kJsonSuffix.size());
  std::string name;
  for (size_t i = 0; i < file_name.size(); ++i) {
    unsigned byte = 0;
    if (file_name[i] != '%') {
      name += file_name[i];
    } else {
      if (file_name.size() - i < 3) return std::nullopt;
      const char* const hex = file_name.data() + i + 1;
      if (std::from_chars(hex, hex + 2, byte, 16).ptr != hex + 2) return std::nullopt;
      name += static_cast<char>(byte);
      i += 2;
    }
  }
  if (!IsUtf8(name) || name.find('\0') != std::string::npos) return std::nullopt;
  return name;
}

void CheckTagName(std::string_view name) {
  CheckName("tag", name);
  if (name.front() == '.' || name.back() == '.') BadName("tag", name, "it must not begin or end with a dot");
  // Letters beyond ASCII have two spellings on disk among engines: one that writes such a tag cannot list the table's tags any more.
  if (!std::all_of(name.begin(), name.end(), IsPlain)) BadName("tag", name, "it may hold letters a-z and A-Z, digits, '.', '-' and '_'");
}

void CheckBranchName(std::string_view name) {
  CheckName("branch", name);
  if (name == "main") BadName("branch", name, "it is the name of the default branch");
  for (size_t first = 0; first <= name.size();) {
    const size_t end = std::min(name.find('/', first), name.size());
    const std::string_view segment = name.substr(first, end - first);
    if (segment.empty() || segment == ".") BadName("branch", name, "between slashes, and at either end, there must be a name");
    if (!std::all_of(segment.begin(), segment.end(), IsPlain)) {
      BadName("branch", name, "it may hold letters a-z and A-Z, digits, '.', '-', '_' and '/'");
    }
    if (first > 0 && std::find(kTableFolders.begin(), kTableFolders.end(), segment) != kTableFolders.end()) {
      BadName("branch", name, fmt::format("'{}' is a folder of the outer branch", segment));
    }
    first = end + 1;
  }
}

}  // namespace eider::table
