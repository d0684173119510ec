// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/imports/difference.hpp"

#include "billing/ledger/uuid.hpp"
#include "core/file.hpp"
#include "core/sha256.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace intendance::billing {
namespace {

constexpr std::size_t identity_digits = 24;

// Each field behind its length, so that two rows never look alike by chance.
std::string fields(const std::vector<std::string>& texts) {
  std::string bytes;
  for (const auto& text : texts) bytes += std::to_string(text.size()) + ":" + text;
  return bytes;
}

std::string digest(const std::string& bytes) {
  return core::to_hex(core::sha256(core::as_bytes(bytes)));
}

// Rows without an id of their own are counted within what they have in common: "~3f2a…#2".
std::string group_of(const std::string& identity) {
  return "~" + digest(identity).substr(0, identity_digits);
}
std::string group_of_id(const std::string& external_id) {
  return external_id.starts_with('~') ? external_id.substr(0, external_id.find('#')) : "";
}
int number_in_group(const std::string& external_id) {
  int number = 0;
  const auto from = external_id.find('#') + 1;
  std::from_chars(external_id.data() + from, external_id.data() + external_id.size(), number);
  return number;
}

struct Remembered {
  RememberedItem item;
  bool seen = false; // in the file
};

class Planner {
public:
  Planner(const std::string& source, const std::vector<RememberedItem>& remembered)
      : source_(source) {
    for (const auto& item : remembered) {
      if (const auto group = group_of_id(item.external_id); !group.empty()) {
        groups_[group].push_back(item.external_id);
      }
      items_.emplace(item.external_id, Remembered{item});
    }
    for (auto& [group, ids] : groups_) {
      std::sort(ids.begin(), ids.end(), [](const std::string& left, const std::string& right) {
        return number_in_group(left) < number_in_group(right);
      });
    }
  }

  ImportPlan plan(const std::vector<TimesheetRow>& rows, Period scope) {
    std::map<std::string, std::vector<const TimesheetRow*>> without_id;
    for (const auto& row : rows) {
      if (row.id.empty()) {
        without_id[group_of(row.identity)].push_back(&row);
      } else {
        take(row.id, row.entry);
      }
    }
    for (const auto& [group, members] : without_id) take_group(group, members);
    for (auto& [id, remembered] : items_) {
      if (remembered.seen || !remembered.item.entry_id) continue;
      const auto day = *remembered.item.worked_on;
      if (scope.from <= day && day <= scope.to) plan_.vanished.push_back(remembered.item);
    }
    return std::move(plan_);
  }

private:
  void take(const std::string& external_id, const NewEntry& entry) {
    ImportedEntry imported{external_id, fingerprint_of(entry), entry, std::nullopt};
    std::int64_t version = 1;
    if (const auto found = items_.find(external_id); found != items_.end()) {
      auto& [item, seen] = found->second;
      seen = true;
      version = item.versions + 1;
      if (item.entry_id && item.fingerprint == imported.fingerprint) {
        ++plan_.unchanged;
        if (item.taken_back) plan_.taken_back.push_back(item);
        return;
      }
      if (item.entry_id) imported.before = item;
    }
    imported.entry.id = derived_uuid(
        fields({"intendance import 1", source_, external_id, std::to_string(version)}));
    (imported.before ? plan_.changed : plan_.added).push_back(std::move(imported));
  }

  // First those that say what they said, then the rest in their order: as few corrections as can
  // be.
  void take_group(const std::string& group, const std::vector<const TimesheetRow*>& members) {
    auto& ids = groups_[group];
    std::vector<const TimesheetRow*> others;
    for (const auto* row : members) {
      const auto print = fingerprint_of(row->entry);
      const auto same = std::find_if(ids.begin(), ids.end(), [&](const std::string& id) {
        const auto& [item, seen] = items_.at(id);
        return !seen && item.entry_id && item.fingerprint == print;
      });
      if (same == ids.end()) {
        others.push_back(row);
      } else {
        take(*same, row->entry);
      }
    }
    int last = ids.empty() ? 0 : number_in_group(ids.back());
    for (const auto* row : others) {
      const auto left = std::find_if(ids.begin(), ids.end(), [&](const std::string& id) {
        const auto& [item, seen] = items_.at(id);
        return !seen && item.entry_id.has_value();
      });
      take(left != ids.end() ? *left : group + "#" + std::to_string(++last), row->entry);
    }
  }

  const std::string& source_;
  std::map<std::string, Remembered> items_;
  std::map<std::string, std::vector<std::string>> groups_; // ids of each
  ImportPlan plan_;
};

} // namespace

std::string fingerprint_of(const NewEntry& entry) {
  return digest(fields({"1", std::to_string(entry.work.count()), core::format_date(entry.worked_on),
                        entry.fund, entry.vendor, entry.activity, entry.service, entry.person,
                        entry.description, entry.engagement.value_or("")}));
}

ImportPlan plan_import(const std::string& source, const std::vector<TimesheetRow>& rows,
                       const std::vector<RememberedItem>& remembered, Period scope) {
  return Planner(source, remembered).plan(rows, scope);
}

} // namespace intendance::billing
