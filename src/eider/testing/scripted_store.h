#pragma once
/// \file
/// Test only: a store that asks a script before each operation, as one process of many that share another store.

#include <functional>
#include <string>

#include "eider/testing/forwarding_store.h"

namespace eider::testing {

/// What happens to an operation. kDies: the process ends there; nothing may catch it.
enum class Fate { kGoesOn, kFails, kLosesItsAnswer, kDies };
struct Died {};

class ScriptedStore final : public ForwardingStore {
 public:
  /// `process` distinguishes the stores that processes have of one table; `script` is called before each operation.
  ScriptedStore(const io::ObjectStorePtr& inner, const std::string& process, std::function<Fate()> script)
      : ForwardingStore(inner), root_(inner->root() + "#" + process), script_(std::move(script)) {}

  const std::string& root() const override { return root_; }

 private:
  bool LosesAnswer() const override {
    const Fate fate = script_();
    if (fate == Fate::kFails) throw IoError("store of a test: refused");
    if (fate == Fate::kDies) throw Died();
    return fate == Fate::kLosesItsAnswer;
  }

  const std::string root_;
  const std::function<Fate()> script_;
};

}  // namespace eider::testing
