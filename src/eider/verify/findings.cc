#include "eider/verify/findings.h"

#include <algorithm>
#include <tuple>

#include "eider/base/utf8.h"

namespace eider::verify {
namespace {

constexpr size_t kMaxFindings = 10'000;

}  // namespace

void Findings::Add(Finding finding) {
  // Names and messages quote what is stored.
  for (std::string* text : {&finding.path, &finding.column, &finding.message}) {
    if (!IsUtf8(*text)) *text = EscapeBadUtf8(*text);
  }
  std::lock_guard lock(mutex_);
  num_damages_ += finding.is_damage;
  if (findings_.size() < kMaxFindings) return findings_.push_back(std::move(finding));
  if (!finding.is_damage) return;
  const auto note = std::ranges::find(findings_, false, &Finding::is_damage);
  if (note != findings_.end()) *note = std::move(finding);
}

void Findings::AddError(Finding where, const Error& error) {
  if (error.kind() == ErrorKind::kCancelled || error.kind() == ErrorKind::kOutOfBudget) throw error;
  if (error.kind() == ErrorKind::kNotFound) where.kind = Finding::Kind::kMissingFile;
  if (error.kind() == ErrorKind::kUnsupported) {
    where.kind = Finding::Kind::kUnknown;
    where.is_damage = false;
  }
  where.message = error.what();
  Add(std::move(where));
}

std::vector<Finding> Findings::Take() {
  std::lock_guard lock(mutex_);
  std::ranges::stable_sort(findings_, [](const Finding& a, const Finding& b) {
    return std::tie(b.is_damage, a.path, a.version, a.column, a.page) < std::tie(a.is_damage, b.path, b.version, b.column, b.page);
  });
  return std::move(findings_);
}

}  // namespace eider::verify
