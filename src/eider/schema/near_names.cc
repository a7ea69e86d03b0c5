#include <eider/schema.h>

#include <algorithm>
#include <cctype>

#include "eider/base/error.h"
#include "eider/base/utf8.h"

namespace eider {
namespace {

constexpr size_t kMaxSuggested = 3, kMaxListed = 10;
constexpr size_t kMaxShown = 200;  // bytes of what was asked for
constexpr size_t kMaxCompared = 64;  // bytes: names beyond are no slips

/// Changes, insertions and deletions that lead from `a` to `b`, cases apart.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const bool same = std::tolower(static_cast<unsigned char>(a[i])) == std::tolower(static_cast<unsigned char>(b[j]));
      const size_t changed = diagonal + !same;
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::vector<std::string_view> NearNames(std::string_view asked, const std::vector<std::string>& names) {
  std::vector<std::pair<size_t, std::string_view>> near;
  const size_t most = asked.size() / 3 + 1;
  for (const std::string& name : names) {
    if (asked.size() > kMaxCompared || name.size() > asked.size() + most || asked.size() > name.size() + most) continue;
    const size_t distance = Distance(asked, name);
    if (distance <= most && distance < asked.size()) near.emplace_back(distance, name);
  }
  std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string_view> out;
  for (size_t i = 0; i < std::min(near.size(), kMaxSuggested); ++i) out.push_back(near[i].second);
  return out;
}

}  // namespace

std::vector<std::string> LanceSchema::Names() const {
  std::vector<std::string> names;
  for (const LanceField& field : fields) names.push_back(field.name);
  return names;
}

std::string NoColumn(std::string_view asked, const std::vector<std::string>& names) {
  const bool is_long = asked.size() > kMaxShown;
  if (is_long) asked = asked.substr(0, kMaxShown);
  while (is_long && !asked.empty() && !IsUtf8(asked)) asked.remove_suffix(1);
  std::string text = fmt::format("no column '{}'{}", asked, is_long ? "..." : "");
  const std::vector<std::string_view> near = NearNames(asked, names);
  for (size_t i = 0; i < near.size(); ++i) {
    text += fmt::format("{}'{}'{}", i == 0 ? "; did you mean " : i + 1 == near.size() ? " or " : ", ", near[i], i + 1 == near.size() ? "?" : "");
  }
  text += near.empty() ? "; the columns are " : " The columns are ";
  for (size_t i = 0; i < std::min(names.size(), kMaxListed); ++i) text += fmt::format("{}{}", i == 0 ? "" : ", ", names[i]);
  if (names.size() > kMaxListed) text += fmt::format(" and {} more", names.size() - kMaxListed);
  return text;
}

}  // namespace eider
