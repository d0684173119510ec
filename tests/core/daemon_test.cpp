// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/daemon.hpp"
#include "core/error.hpp"
#include "core/file.hpp"
#include "core/notify.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <thread>

namespace intendance::core {
namespace {

int run(std::vector<std::string> arguments, const std::function<void(Daemon&)>& body) {
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  return run_daemon(static_cast<int>(pointers.size()), pointers.data(), "test", body);
}

class RunDaemon : public ::testing::Test {
protected:
  RunDaemon() { write_file_atomically(config_, "[machine]\nname = \"web-1\"\n"); }
  TemporaryDirectory folder_;
  std::string config_ = (folder_.path() / "intendance.toml").string();
};

TEST_F(RunDaemon, StopsAsAsked) {
  const auto status = run({"test", "--config", config_, "--state", "/state"}, [](Daemon& daemon) {
    EXPECT_EQ(daemon.config().machine_name(), "web-1");
    EXPECT_EQ(daemon.state_directory(), "/state");
    ::kill(::getpid(), SIGTERM);
    daemon.wait();
    EXPECT_TRUE(daemon.stop().stop_requested());
  });
  EXPECT_EQ(status, 0);
}

TEST_F(RunDaemon, TellsWhatWentWrongByItsStatus) {
  const auto never = [](Daemon&) { FAIL(); };
  EXPECT_EQ(run({"test", "--config", "/nonexistent"}, never), 2);
  EXPECT_EQ(run({"test", "--confg", config_}, never), 2);
  EXPECT_EQ(run({"test", "--config", config_}, [](Daemon&) { throw ConfigError("a key"); }), 2);
  EXPECT_EQ(run({"test", "--config", config_}, [](Daemon&) { throw Error("the port"); }), 1);
}

TEST_F(RunDaemon, NotifiesSystemdAndFeedsItsWatchdog) {
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto path = (folder_.path() / "notify").string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  ::setenv("WATCHDOG_USEC", "20000", 1);
  const auto next = [&] {
    char text[200] = {};
    return std::string(text, static_cast<std::size_t>(std::max<ssize_t>(
                                 0, ::recv(socket.get(), text, sizeof(text), 0))));
  };
  std::thread reader;
  const auto status = run({"test", "--config", config_}, [&](Daemon& daemon) {
    daemon.ready("listening");
    EXPECT_EQ(next(), "READY=1\nSTATUS=listening");
    reader = std::thread([&] {
      EXPECT_EQ(next(), "WATCHDOG=1");
      ::kill(::getpid(), SIGTERM);
    });
    daemon.wait();
  });
  reader.join();
  ::unsetenv("NOTIFY_SOCKET");
  ::unsetenv("WATCHDOG_USEC");
  EXPECT_EQ(status, 0);
}

} // namespace
} // namespace intendance::core
