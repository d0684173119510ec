// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/catalogue.hpp"

#include "core/crypto.hpp"
#include "core/error.hpp"
#include "core/sha256.hpp"
#include "storage/get_each.hpp"

#include <algorithm>
#include <set>

namespace intendance::backupd {

namespace {

constexpr std::string_view magic = "INTDCATA";
constexpr std::uint32_t no_epoch = 0; // nothing in it is sealed anew
constexpr const char* catalogues = "catalogues/";
constexpr const char* snapshots = "snapshots/";

// Those with many warnings are long, and are read by themselves.
constexpr std::uint64_t largest_copy = std::uint64_t{16} << 10;
constexpr std::uint64_t full_catalogue = std::uint64_t{2} << 20;
constexpr std::uint64_t longest_catalogue = std::uint64_t{4} << 20;
constexpr std::size_t most_catalogues = 16;

std::vector<std::string> names_of(storage::ObjectStore& store, const char* prefix,
                                  std::uint64_t largest = UINT64_MAX) {
  std::vector<std::string> names;
  store.list(prefix, [&](const storage::ObjectInfo& info) {
    if (info.size <= largest) names.push_back(info.name);
  });
  return names;
}

void decode(ByteView catalogue, const std::function<void(ByteView object)>& use) {
  ByteReader reader(catalogue);
  read_intro(reader, magic, "a catalogue");
  while (!reader.at_end()) use(reader.bytes(reader.fixed<std::uint32_t>()));
}

class CatalogueWriter {
public:
  explicit CatalogueWriter(storage::ObjectStore& store) : store_(store) {}

  void add(ByteView object) {
    if (bytes_.empty()) bytes_ = object_intro(magic, no_epoch);
    ByteWriter out(bytes_);
    out.fixed(static_cast<std::uint32_t>(object.size()));
    out.bytes(object);
    ++copies_;
    if (bytes_.size() >= full_catalogue) put();
  }
  // Nothing can be added after; how many copies there are.
  std::uint64_t finish() {
    if (!bytes_.empty()) put();
    return copies_;
  }
  const std::set<std::string>& names() const { return names_; }

private:
  void put() {
    const auto name = catalogues + core::to_hex(core::sha256(bytes_));
    names_.insert(name);
    if (!store_.head(name)) store_.put(name, ByteView(bytes_));
    bytes_.clear();
  }

  storage::ObjectStore& store_;
  Buffer bytes_;
  std::uint64_t copies_ = 0;
  std::set<std::string> names_;
};

std::string name_of(ByteView object) { return snapshots + core::to_hex(core::sha256(object)); }

} // namespace

void for_each_copy(
    storage::ObjectStore& store, const std::function<void(ByteView object)>& use,
    const std::function<void(const std::string& catalogue, const std::string& message)>& damaged) {
  const auto read = [&](const std::string& name, const storage::Got& got) {
    try {
      const auto catalogue = got();
      if (catalogue) decode(*catalogue, use);
    } catch (const core::Unanswered&) {
      throw;
    } catch (const core::Error& error) {
      damaged(name, error.what());
    }
  };
  storage::get_each(store, names_of(store, catalogues), longest_catalogue, read);
}

std::uint64_t write_catalogues(storage::ObjectStore& store, std::stop_token stop) {
  const auto there = names_of(store, snapshots, largest_copy);
  const std::set<std::string> wanted(there.begin(), there.end());
  const auto before = names_of(store, catalogues);
  std::set<std::string> copied;
  std::uint64_t useless = 0;
  std::vector<std::string> damaged;
  const auto count = [&](ByteView object) {
    auto name = name_of(object);
    if (!wanted.contains(name) || !copied.insert(std::move(name)).second) ++useless;
  };
  for_each_copy(store, count,
                [&](const std::string& name, const auto&) { damaged.push_back(name); });
  const bool gather =
      before.size() > most_catalogues || useless > copied.size() || !damaged.empty();
  if (!gather && wanted.size() - copied.size() < worth_a_catalogue) return 0;
  for (const auto& name : damaged) store.remove(name); // what is made anew may have that name
  CatalogueWriter writer(store);
  std::vector<std::string> missing;
  if (gather) {
    missing = there;
  } else {
    std::set_difference(wanted.begin(), wanted.end(), copied.begin(), copied.end(),
                        std::back_inserter(missing));
  }
  storage::get_each(store, missing, largest_copy, [&](const auto& name, const auto& got) {
    if (stop.stop_requested()) throw core::Cancelled("stopped as asked");
    const auto object = got();
    if (object && name_of(*object) == name) writer.add(*object);
  });
  const auto copies = writer.finish();
  for (const auto& old : before) {
    if (gather && !writer.names().contains(old)) store.remove(old);
  }
  return copies;
}

} // namespace intendance::backupd
