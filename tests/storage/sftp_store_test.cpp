// SPDX-License-Identifier: AGPL-3.0-or-later
// What an SFTP server does when it fails. tests/integration/sftp_test.py runs these with a server:
// INTENDANCE_TEST_STORE as tests/support/test_store.hpp says, INTENDANCE_TEST_SSHD its process.
#include "core/crypto.hpp"
#include "core/error.hpp"
#include "storage/sftp_store.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <cstdlib>
#include <fstream>
#include <future>
#include <sstream>

namespace intendance::storage {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr SftpPatience little{milliseconds(700), milliseconds(700), milliseconds(700)};

void signal_children(int process, int number) {
  const auto name = std::to_string(process);
  std::ifstream children("/proc/" + name + "/task/" + name + "/children");
  for (int child = 0; children >> child;) {
    signal_children(child, number);
    ::kill(child, number);
  }
}

class SftpServer : public ::testing::Test {
protected:
  void SetUp() override {
    const char *store = std::getenv("INTENDANCE_TEST_STORE"),
               *server = std::getenv("INTENDANCE_TEST_SSHD");
    if (store == nullptr || server == nullptr)
      GTEST_SKIP() << "INTENDANCE_TEST_SSHD names no server";
    server_ = std::stoi(server);
    std::istringstream(store) >> address_ >> credentials_;
    address_ += "/" + core::to_hex(core::random_bytes(8));
  }
  void TearDown() override { signal_sessions(SIGCONT); }

  void signal_sessions(int number) const {
    if (server_ != 0) signal_children(server_, number);
  }

  std::unique_ptr<ObjectStore> open(const SftpPatience& patience = {}, std::stop_token stop = {}) {
    return open(SftpPlace::parse(address_), patience, std::move(stop));
  }
  std::unique_ptr<ObjectStore> open(SftpPlace place, const SftpPatience& patience,
                                    std::stop_token stop = {}) {
    return open_sftp_store(std::move(place), std::get<SftpIdentity>(read_credentials(credentials_)),
                           patience, std::move(stop));
  }

  static milliseconds duration_of(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
  }

  int server_ = 0; // its process
  std::string address_, credentials_;
};

std::string text_of(ObjectStore& store, const std::string& name) {
  const auto bytes = store.get(name, 1u << 30);
  return bytes ? std::string(core::as_text(*bytes)) : "(absent)";
}

TEST_F(SftpServer, ThatHangsIsGivenUp) {
  const auto store = open(little);
  store->put("a", core::as_bytes("a"));
  signal_sessions(SIGSTOP);
  const auto waited = duration_of([&] { EXPECT_THROW(store->head("a"), core::TransientError); });
  EXPECT_GE(waited, milliseconds(600));
  EXPECT_LT(waited, seconds(3));
  // The next call opens a new connection.
  EXPECT_EQ(text_of(*store, "a"), "a");
}

TEST_F(SftpServer, ThatHangsInTheMidstOfAnUploadLeavesNothingToSee) {
  class Stopping final : public Content {
  public:
    explicit Stopping(std::function<void()> stop) : stop_(std::move(stop)) {}
    std::uint64_t size() const override { return 3'000'000; }
    void read(std::uint64_t offset, std::span<std::uint8_t>) const override {
      if (offset > 1'000'000) stop_();
    }

  private:
    std::function<void()> stop_;
  };
  const auto store = open(little);
  store->put("a", core::as_bytes("a"));
  const Stopping content([&] { signal_sessions(SIGSTOP); });
  EXPECT_THROW(store->put("b", content), core::TransientError);
  signal_sessions(SIGCONT);
  EXPECT_EQ(text_of(*store, "b"), "(absent)");
  store->put("b", core::as_bytes("b"));
  EXPECT_EQ(text_of(*store, "b"), "b");
}

TEST_F(SftpServer, IsNotWaitedForWhenAskedToStop) {
  std::stop_source stop;
  const auto store = open({}, stop.get_token());
  store->put("a", core::as_bytes("a"));
  signal_sessions(SIGSTOP);
  auto waiting =
      std::async(std::launch::async, [&] { EXPECT_THROW(store->head("a"), core::Cancelled); });
  EXPECT_EQ(waiting.wait_for(milliseconds(300)), std::future_status::timeout);
  const auto waited = duration_of([&] {
    stop.request_stop();
    waiting.get();
  });
  EXPECT_LT(waited, seconds(1));
  EXPECT_THROW(store->head("a"), core::Cancelled);
}

TEST_F(SftpServer, ThatEndsItsConnectionsGetsNewOnes) {
  const auto store = open();
  std::vector<std::future<void>> threads; // so that several connections wait
  for (int each = 0; each < 4; ++each)
    threads.push_back(std::async(std::launch::async, [&, each] {
      store->put("t" + std::to_string(each), core::as_bytes("x"));
    }));
  for (auto& thread : threads) thread.get();
  signal_sessions(SIGKILL);
  EXPECT_THROW(store->head("t0"), core::TransientError);
  for (int each = 0; each < 4; ++each) EXPECT_EQ(text_of(*store, "t" + std::to_string(each)), "x");
}

TEST_F(SftpServer, ThatSaysNothingIsGivenUp) {
  const core::FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof here;
  auto* const address = reinterpret_cast<sockaddr*>(&here);
  ASSERT_EQ(::bind(listener.get(), address, size), 0);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  ASSERT_EQ(::getsockname(listener.get(), address, &size), 0);
  SftpPlace place;
  place.host = "127.0.0.1";
  place.port = ntohs(here.sin_port);
  place.folder = "/f";
  const auto store = open(place, little);
  const auto waited = duration_of([&] { EXPECT_THROW(store->head("a"), core::TransientError); });
  EXPECT_LT(waited, seconds(3));
  std::stop_source stop;
  const auto other = open(place, {}, stop.get_token());
  auto waiting =
      std::async(std::launch::async, [&] { EXPECT_THROW(other->head("a"), core::Cancelled); });
  EXPECT_EQ(waiting.wait_for(milliseconds(200)), std::future_status::timeout);
  EXPECT_LT(duration_of([&] {
              stop.request_stop();
              waiting.get();
            }),
            seconds(1));
}

TEST_F(SftpServer, GivesANameToOneOfTwo) {
  const std::unique_ptr<ObjectStore> stores[] = {open(), open()};
  for (int round = 0; round < 16; ++round) {
    const auto name = "r" + std::to_string(round);
    std::promise<void> go;
    const auto start = go.get_future().share();
    std::future<bool> won[2];
    for (int each = 0; each < 2; ++each) {
      won[each] = std::async(std::launch::async, [&, each] {
        start.wait();
        try {
          stores[each]->put(name, core::as_bytes(std::to_string(each)));
          return true;
        } catch (const core::TransientError&) {
          throw;
        } catch (const core::Error& error) {
          EXPECT_NE(std::string(error.what()).find("there is an object of that name"),
                    std::string::npos)
              << error.what();
          return false;
        }
      });
    }
    go.set_value();
    const bool first = won[0].get(), second = won[1].get();
    EXPECT_NE(first, second) << name;
    EXPECT_EQ(text_of(*stores[0], name), first ? "0" : "1");
  }
}

} // namespace
} // namespace intendance::storage
