// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/at_once.hpp"

#include <future>
#include <vector>

namespace intendance::storage {

void at_once(const ObjectStore& store, std::initializer_list<std::function<void()>> works) {
  if (store.connections() <= 1) {
    for (const auto& work : works) work();
    return;
  }
  std::vector<std::future<void>> begun; // their destructors wait, when one of them failed
  for (const auto& work : works) begun.push_back(std::async(std::launch::async, work));
  for (auto& each : begun) each.get();
}

} // namespace intendance::storage
