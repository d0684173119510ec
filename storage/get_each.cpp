// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/get_each.hpp"

#include <deque>
#include <future>

namespace intendance::storage {

void get_each(ObjectStore& store, const std::vector<std::string>& names, std::uint64_t most,
              const std::function<void(const std::string& name, const Got& got)>& use) {
  const std::size_t at_once = store.connections();
  if (at_once <= 1) {
    for (const auto& name : names) use(name, [&] { return store.get(name, most); });
    return;
  }
  // Their destructors wait, when `use` throws.
  std::deque<std::future<std::optional<core::Buffer>>> asked;
  std::size_t next = 0;
  for (const auto& name : names) {
    for (; next < names.size() && asked.size() < at_once; ++next) {
      asked.push_back(std::async(std::launch::async, [&store, &names, most, next] {
        return store.get(names[next], most);
      }));
    }
    auto first = std::move(asked.front());
    asked.pop_front();
    use(name, [&] { return first.get(); });
  }
}

} // namespace intendance::storage
