// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/backupd/store_error_fixture.hpp"

#include "backupd/commands.hpp"
#include "core/crypto.hpp"
#include "storage/counting_store.hpp"
#include "tests/backupd/tree.hpp"

#include <nlohmann/json.hpp>

#include <sstream>

namespace intendance::backupd {

namespace fs = std::filesystem;
using core::ExitStatus;
using storage::FaultKind;
using storage::FaultMoment;
using storage::FaultPlan;
using storage::Verb;
using Json = nlohmann::json;

StoreErrors::StoreErrors() {
  register_commands(line_);
  whole_.folder = folder_.path() / "whole";
  fs::create_directories(whole_.folder);
}

void StoreErrors::write(const std::string& name, std::size_t size) {
  fs::create_directories((tree_ / name).parent_path());
  core::write_file_atomically(tree_ / name, std::string(core::as_text(core::random_bytes(size))));
}

void StoreErrors::back_up() {
  const auto answer = run(whole_, {"backup", "--paths", tree_.string(), "--json"});
  ASSERT_EQ(answer.status, ExitStatus::done) << answer.err;
  newest_ = Json::parse(answer.out).at("snapshot");
  trees_[newest_] = describe_tree(tree_);
}

void StoreErrors::make_repository() {
  ASSERT_EQ(run(whole_, {"repository", "init", "--machine", "web-1"}).status, ExitStatus::done);
  write("kept", 30'000);
  for (int each = 0; each < 3; ++each) {
    write("folder/changing", 20'000);
    back_up();
  }
}

Answer StoreErrors::run(const Place& place, Arguments arguments, const FaultPlan* plan) {
  test_support::StoreFaults faults(*place.store);
  arguments.emplace_back("--repository=file:///somewhere");
  arguments.push_back("--keys=" + place.keys().string());
  arguments.push_back("--state=" + place.state().string());
  if (plan != nullptr) faults.store().arm(*plan);
  std::ostringstream out, err;
  const auto status = line_.run(arguments, out, err);
  fired_ = faults.store().has_fired();
  return {status, out.str(), err.str()};
}

Place StoreErrors::copy_of(const Place& place) {
  copied_.emplace();
  Place made;
  made.folder = copied_->path() / "world";
  fs::copy(place.folder, made.folder, fs::copy_options::recursive);
  place.store->list("", [&](const storage::ObjectInfo& info) {
    made.store->put(info.name, ByteView(*place.store->get(info.name, info.size)));
  });
  return made;
}

Repository StoreErrors::open(const Place& place) const {
  return Repository::open(std::make_unique<storage::CountingStore>(*place.store),
                          KeyFolder(place.keys()), {Role::reader}, {});
}

std::set<std::string> StoreErrors::names_of(const Place& place) const {
  std::vector<Finding> findings;
  std::set<std::string> names;
  for (const auto& each : open(place).snapshots(findings)) names.insert(core::to_hex(each.name));
  for (const auto& each : findings) ADD_FAILURE() << each.object << ": " << each.message;
  return names;
}

void StoreErrors::expect_restores(const Place& place, const std::set<std::string>& names) const {
  for (const auto& name : names)
    EXPECT_EQ(restored_tree(open(place), name, tree_), trees_.at(name)) << name;
}

std::set<std::string> StoreErrors::objects_of(const Place& place) {
  std::set<std::string> names;
  place.store->list("", [&](const storage::ObjectInfo& info) { names.insert(info.name); });
  return names;
}

std::set<std::string> StoreErrors::all() const {
  std::set<std::string> names;
  for (const auto& [name, tree] : trees_) names.insert(name);
  return names;
}

namespace {

void expect_told(const Answer& answer, const FaultPlan& plan, bool warns_anyway) {
  const auto said = answer.out + answer.err;
  if (answer.status == ExitStatus::done) { // what took effect needs no complaint
    EXPECT_EQ(plan.moment, FaultMoment::after) << "nothing was said: " << said;
    return;
  }
  EXPECT_NE(answer.status, ExitStatus::usage) << said;
  // A session that was not withdrawn is, by the next backup of that machine.
  if (warns_anyway && answer.status == ExitStatus::warnings) return;
  EXPECT_NE(said.find("a failure that was asked for"), std::string::npos) << said;
}

} // namespace

void StoreErrors::at_every_request(const Arguments& command, const Expectation& expected,
                                   const Place* from) {
  const FaultPlan unanswered{.kind = FaultKind::transient}, broken{.kind = FaultKind::other},
      lost{.verbs = {Verb::put, Verb::remove}, .moment = FaultMoment::after};
  for (auto plan : {unanswered, broken, lost}) {
    if (plan.kind == FaultKind::other && expected.error_is_damage) continue;
    for (plan.call = 1;; ++plan.call) {
      SCOPED_TRACE(::testing::Message()
                   << command.front() << ", request " << plan.call << ", kind "
                   << static_cast<int>(plan.kind)
                   << (plan.moment == FaultMoment::after ? ", which took effect" : ""));
      const auto place = copy_of(from == nullptr ? whole_ : *from);
      const auto answer = run(place, command, &plan);
      const bool fired = fired_;
      if (fired) expect_told(answer, plan, expected.error_is_damage);
      if (expected.after) expected.after(place, answer);
      expected.again(place, fired ? run(place, command) : answer);
      if (HasFatalFailure() || HasNonfatalFailure()) return;
      if (fired) continue;
      if (plan.moment == FaultMoment::before) {
        EXPECT_GT(plan.call, expected.at_least);
      }
      break;
    }
  }
}

} // namespace intendance::backupd
