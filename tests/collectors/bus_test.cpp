// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/system_bus.hpp"
#include "collectors/host/systemd.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

namespace intendance::collectors {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string recorded_bytes(const std::string& name) {
  return core::read_file(std::filesystem::path(FIXTURES) / "systemd-252" / (name + ".bin"));
}

TEST(BusMessage, ReadsRecordedAnswers) {
  const auto hello = decode_message(recorded_bytes("hello"));
  EXPECT_EQ(hello.kind, BusMessageKind::answer);
  EXPECT_EQ(hello.answers, 1u);
  EXPECT_EQ(hello.signature, "s");
  EXPECT_EQ(BusReader(hello).string(), ":1.0");
  const auto version = decode_message(recorded_bytes("version"));
  EXPECT_EQ(BusReader(version).variant_string(), "252.38-1~deb12u1");
  const auto accepted = decode_message(recorded_bytes("socket_accepted"));
  EXPECT_EQ(BusReader(accepted).variant_number(), 0u);
  const auto trigger = decode_message(recorded_bytes("timer_trigger"));
  EXPECT_EQ(BusReader(trigger).variant_number(), 1795876713919762u);
  const auto error = decode_message(recorded_bytes("unknown_unit"));
  EXPECT_EQ(error.kind, BusMessageKind::error);
  EXPECT_EQ(error.error_name, "org.freedesktop.DBus.Error.UnknownProperty");
  const auto signal = decode_message(recorded_bytes("signal"));
  EXPECT_EQ(signal.kind, BusMessageKind::signal);
  EXPECT_EQ(signal.answers, 0u);
}

TEST(BusMessage, ReadsBigEndianOnes) {
  const std::string bytes(
      "B\2\1\1\0\0\0\4\0\0\0\7\0\0\0\17\5\1u\0\0\0\0\11\10\1g\0\1u\0\0\0\0\0\52", 36);
  const auto message = decode_message(bytes);
  EXPECT_EQ(message.answers, 9u);
  EXPECT_EQ(message.signature, "u");
  EXPECT_EQ(BusReader(message).uint32(), 42u);
}

TEST(BusMessage, ACallHasTheBytesOfTheSpecification) {
  const auto bytes = encode_call({"d.d", "/p", "i.i", "M", {"one", ""}}, 5);
  EXPECT_EQ(message_length(bytes), bytes.size());
  const auto message = decode_message(bytes); // whose unknown fields are passed over
  EXPECT_EQ(message.kind, BusMessageKind::call);
  EXPECT_EQ(message.signature, "ss");
  BusReader reader(message);
  EXPECT_EQ(reader.string(), "one");
  EXPECT_EQ(reader.string(), "");
  EXPECT_TRUE(reader.at_end());
}

TEST(BusMessage, WhatIsCutIsRefused) {
  for (const char* name : {"hello", "list_units", "unknown_unit", "version"}) {
    const auto whole = recorded_bytes(name);
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_THROW(decode_message(std::string_view(whole).substr(0, size)), core::CorruptData)
          << name << " " << size;
  }
  auto units = decode_message(recorded_bytes("list_units"));
  const auto body = units.body;
  for (std::size_t size = 0; size < body.size(); ++size) {
    units.body = body.substr(0, size);
    EXPECT_THROW(decode_units(units), core::CorruptData) << size;
  }
  EXPECT_THROW(message_length("HTTP/1.1 400 Bad Request"), core::CorruptData);
  EXPECT_THROW(message_length(std::string("l\2\1\1\0\0\0\177\0\0\0\7\0\0\0\0", 16)),
               core::CorruptData);
  EXPECT_EQ(message_length("l\2\1"), std::nullopt);
}

TEST(Systemd, ShowsARecordedMachine) {
  SystemdState state;
  state.units = decode_units(decode_message(recorded_bytes("list_units")));
  ASSERT_EQ(state.units.size(), 28u);
  state.system_state = BusReader(decode_message(recorded_bytes("system_state"))).variant_string();
  state.version = "252.38-1~deb12u1";
  for (auto& unit : state.units) {
    if (unit.name == "dbus.service") unit.type = "notify";
    if (unit.name == "dbus.socket") unit.accepted = 3, unit.connections = 2, unit.refused = 1;
    if (unit.name == "probe.timer") unit.last_trigger_microseconds = 1795876713919762;
  }
  const auto families = publish_systemd(state);
  const std::map<std::string, double> expected = {
      {"active", 20}, {"activating", 1}, {"deactivating", 0}, {"inactive", 6}, {"failed", 1}};
  for (const auto& [name, count] : expected)
    EXPECT_EQ(sample(families, "node_systemd_units", {{"state", name}}), count) << name;
  const auto state_of = [&](const char* name, const char* which, const char* type) {
    return sample(families, "node_systemd_unit_state",
                  {{"name", name}, {"state", which}, {"type", type}});
  };
  EXPECT_EQ(state_of("broken.service", "failed", ""), 1);
  EXPECT_EQ(state_of("broken.service", "active", ""), 0);
  EXPECT_EQ(state_of("dbus.service", "active", "notify"), 1);
  EXPECT_EQ(state_of("-.mount", "active", ""), std::nullopt);                   // a summed kind
  EXPECT_EQ(state_of("blockdev@dev-vda.target", "inactive", ""), std::nullopt); // not found
  EXPECT_EQ(sample(families, "node_systemd_system_running"), 0);                // degraded
  EXPECT_EQ(sample(families, "node_systemd_version", {{"version", "252.38-1~deb12u1"}}), 252.38);
  const std::map<std::string, std::string> bus = {{"name", "dbus.socket"}};
  EXPECT_EQ(sample(families, "node_systemd_socket_accepted_connections_total", bus), 3);
  EXPECT_EQ(sample(families, "node_systemd_socket_current_connections", bus), 2);
  EXPECT_EQ(sample(families, "node_systemd_socket_refused_connections_total", bus), 1);
  EXPECT_EQ(sample(families, "node_systemd_timer_last_trigger_seconds", {{"name", "probe.timer"}}),
            1795876713.919762);
}

TEST(Systemd, OtherAnswersAreRefused) {
  EXPECT_THROW(decode_units(decode_message(recorded_bytes("version"))), core::CorruptData);
}

// A bus daemon of its own, ended with the test.
class BusDaemon : public testing::Test {
protected:
  void SetUp() override {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(ready[1], 3);
      const auto address = "--address=unix:path=" + socket();
      ::execlp("dbus-daemon", "dbus-daemon", "--session", "--nofork", "--nopidfile",
               "--print-address=3", address.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ready[1]);
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1) << "dbus-daemon is missing: apt install dbus-daemon";
    ::close(ready[0]);
  }
  void TearDown() override { stop(); }

  void stop() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = 0;
  }
  std::string socket() const { return (folder_.path() / "bus").string(); }
  static BusCall to_daemon(const char* member, std::vector<std::string> arguments = {}) {
    return {"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", member,
            std::move(arguments)};
  }

  core::TemporaryDirectory folder_;
  pid_t child_ = 0;
};

TEST_F(BusDaemon, AnswersCallsInTheirOrder) {
  SystemBus bus(socket(), 5s);
  std::vector<BusCall> calls; // more than go at once
  for (int i = 0; i < 200; ++i)
    calls.push_back(to_daemon("NameHasOwner", {i % 2 == 0 ? "org.freedesktop.DBus" : "a.b"}));
  const auto answers = bus.call(calls);
  ASSERT_EQ(answers.size(), 200u);
  for (std::size_t i = 0; i < answers.size(); ++i)
    EXPECT_EQ(BusReader(answers[i]).uint32(), i % 2 == 0 ? 1u : 0u);
  EXPECT_EQ(bus.call(std::vector{to_daemon("GetNameOwner", {"a.b"})}).at(0).kind,
            BusMessageKind::error);
  try {
    bus.call(to_daemon("GetNameOwner", {"a.b"}));
    FAIL() << "a name without an owner";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("org.freedesktop.DBus.Error.NameHasNoOwner"));
  }
}

TEST_F(BusDaemon, ThatIsStuckIsGivenUp) {
  SystemBus bus(socket(), 100ms);
  ::kill(child_, SIGSTOP);
  try {
    bus.call(to_daemon("GetId"));
    FAIL() << "an answer of a stopped daemon";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("is silent"));
  }
  EXPECT_THROW(SystemBus(socket(), 100ms), core::Error);
}

TEST_F(BusDaemon, WithoutSystemdTheCollectorSaysSo) {
  const auto collector = systemd_collector(socket());
  try {
    collector->Collect();
    FAIL() << "units of no systemd";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("ListUnits"));
  }
  stop();
  EXPECT_THROW(collector->Collect(), core::Error); // refused
  std::filesystem::remove(socket());
  EXPECT_TRUE(collector->Collect().empty()); // a machine without a bus
}

} // namespace
} // namespace intendance::collectors
