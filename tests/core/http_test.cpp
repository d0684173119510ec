// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/crypto.hpp"
#include "core/file.hpp"
#include "core/http_client.hpp"
#include "core/http_server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <regex>
#include <thread>

namespace intendance::core {
namespace {

using std::chrono::milliseconds;

HttpServerOptions on_any_port() {
  HttpServerOptions options;
  options.listen = "127.0.0.1:0";
  return options;
}

HttpReply ask(const HttpServer& server, const std::string& path, const std::string& method = "GET",
              const std::string& body = "") {
  HttpCall call;
  call.url = server.address() + path;
  call.method = method;
  call.body = body;
  return HttpClient().send(call);
}

// Bytes as they are, for what no client would send; the whole answer.
std::string ask_raw(const HttpServer& server, const std::string& bytes) {
  const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  write_all(socket.get(), as_bytes(bytes));
  ::shutdown(socket.get(), SHUT_WR);
  std::vector<std::uint8_t> answer(65536);
  answer.resize(read_some(socket.get(), answer));
  return std::string(as_text(answer));
}

TEST(HttpServer, AnswersWithQueryHeadersAndBody) {
  HttpRouter router;
  router.add("POST", "/echo", [](const HttpRequest& request) {
    auto response = HttpResponse::json(request.body + "|" + request.parameter("a b").value_or("?") +
                                       "|" + request.header("x-test").value_or("?"));
    response.headers.emplace_back("X-Answer", "yes\r\nX-Smuggled: no");
    return response;
  });
  const HttpServer server(on_any_port(), std::move(router));
  HttpCall call;
  call.url = server.address() + "/echo?a%20b=c%26+d";
  call.method = "POST";
  call.headers = {{"X-Test", "1"}};
  call.body = "{}";
  const auto reply = HttpClient().send(call);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "{}|c& d|1");
  EXPECT_EQ(reply.headers.at("x-answer"), "yesX-Smuggled: no");
  EXPECT_EQ(reply.headers.count("x-smuggled"), 0u);
  EXPECT_GT(reply.timings.total.count(), 0);
}

TEST(HttpServer, ExceptionsBecomeA500WithoutDetails) {
  HttpRouter router;
  router.add("GET", "/", [](const HttpRequest&) -> HttpResponse { throw Error("secret reason"); });
  const HttpServer server(on_any_port(), std::move(router));
  const auto reply = ask(server, "/");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body.find("secret"), std::string::npos);
}

TEST(HttpServer, KnowsUnknownPathsAndMethods) {
  HttpRouter router;
  router.add("GET", "/a", [](const HttpRequest&) {
    return HttpResponse{200, "text/plain", "abc", {}};
  });
  router.add("GET", "/files/*", [](const HttpRequest& request) {
    return HttpResponse{200, "text/plain", request.path, {}};
  });
  const HttpServer server(on_any_port(), std::move(router));
  EXPECT_EQ(ask(server, "/b").status, 404);
  const auto refused = ask(server, "/a", "DELETE");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.headers.at("allow"), "GET");
  EXPECT_EQ(ask(server, "/files/x/y").body, "/files/x/y");
  const auto head = ask(server, "/a", "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.headers.at("content-length"), "3");
}

TEST(HttpServer, LimitsTheBody) {
  auto options = on_any_port();
  options.most_body = 1000;
  HttpRouter router;
  router.add("POST", "/", [](const HttpRequest& request) {
    return HttpResponse{200, "text/plain", std::to_string(request.body.size()), {}};
  });
  const HttpServer server(options, std::move(router));
  EXPECT_EQ(ask(server, "/", "POST", std::string(1000, 'x')).body, "1000");
  EXPECT_EQ(ask(server, "/", "POST", std::string(1001, 'x')).status, 413);
  const auto chunked =
      ask_raw(server, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
                          std::string(2000, 'x') + "\r\n0\r\n\r\n");
  EXPECT_TRUE(chunked.starts_with("HTTP/1.1 413")) << chunked.substr(0, 80);
}

TEST(HttpServer, RefusesTwoLengths) {
  HttpRouter router;
  router.add("POST", "/", [](const HttpRequest&) { return HttpResponse{}; });
  const HttpServer server(on_any_port(), std::move(router));
  const auto answer = ask_raw(server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                                      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400")) << answer.substr(0, 80);
}

TEST(HttpServer, SurvivesGarbage) {
  HttpRouter router;
  router.add("GET", "/", [](const HttpRequest&) { return HttpResponse{}; });
  const HttpServer server(on_any_port(), std::move(router));
  ask_raw(server, std::string("\0\x01\xff", 3));
  ask_raw(server, "GET");
  ask_raw(server, "GET /%00%zz HTTP/1.1\r\n\r\n");
  ask_raw(server, "POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n");
  EXPECT_EQ(ask(server, "/").status, 200);
}

TEST(HttpServer, HandlersHaveAnOrdinaryStack) {
  HttpRouter router;
  router.add("GET", "/", [](const HttpRequest& request) {
    const bool good = std::regex_match(request.parameter("q").value_or(""), std::regex("(a|b)*"));
    return HttpResponse{good ? 200 : 400, "text/plain", "", {}};
  });
  const HttpServer server(on_any_port(), std::move(router));
  EXPECT_EQ(ask(server, "/?q=" + std::string(2000, 'a')).status, 200);
}

TEST(HttpServer, AStuckHandlerDoesNotBlockTheOthers) {
  std::mutex mutex;
  std::condition_variable_any released;
  bool release = false;
  auto options = on_any_port();
  options.request_timeout = milliseconds(300);
  options.workers = 2;
  HttpRouter router;
  router.add("GET", "/stuck", [&](const HttpRequest&) {
    std::unique_lock lock(mutex);
    released.wait(lock, [&] { return release; });
    return HttpResponse{};
  });
  router.add("GET", "/", [](const HttpRequest&) { return HttpResponse{}; });
  {
    const HttpServer server(options, std::move(router));
    EXPECT_EQ(ask(server, "/stuck").status, 503);
    EXPECT_EQ(ask(server, "/").status, 200);
    std::scoped_lock lock(mutex);
    release = true;
    released.notify_all();
  }
}

TEST(HttpServer, SaysThatThePortIsTaken) {
  const HttpServer first(on_any_port(), HttpRouter());
  auto options = on_any_port();
  options.listen = "127.0.0.1:" + std::to_string(first.port());
  try {
    const HttpServer second(options, HttpRouter());
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(options.listen + ": the port is in use"),
              std::string::npos);
  }
}

TEST(HttpServer, RefusesAddressesItCannotServe) {
  for (const char* text : {"", "9710", "localhost:9710", "127.0.0.1:", "127.0.0.1:70000",
                           "127.0.0.1:443s", "[::1]:9710", "127.0.0.1:-1"}) {
    EXPECT_THROW(parse_listen_address(text), ConfigError) << text;
  }
  EXPECT_TRUE(parse_listen_address("127.0.0.1:9710").is_loopback());
  EXPECT_FALSE(parse_listen_address("10.0.0.11:9710").is_loopback());
}

TEST(HttpGuard, WantsTheToken) {
  const TemporaryDirectory folder;
  write_file_atomically(folder.path() / "token", "s3cret\n", 0600);
  const HttpGuard guard(folder.path() / "token");
  const auto handler =
      guard(HttpGuard::Area::api, [](const HttpRequest&) { return HttpResponse{}; });
  HttpRequest request;
  EXPECT_EQ(handler(request).status, 401);
  request.headers["authorization"] = "Bearer wrong!";
  EXPECT_EQ(handler(request).status, 401);
  request.headers["authorization"] = "Bearer s3cret";
  EXPECT_EQ(handler(request).status, 200);
  const auto basic = [&](const std::string& pair) {
    request.headers["authorization"] = "Basic " + to_base64(as_bytes(pair));
    return handler(request).status;
  };
  EXPECT_EQ(basic("prometheus:s3cret"), 200);
  EXPECT_EQ(basic(":s3cret"), 200);
  for (const char* pair : {"s3cret", "s3cret:", "prometheus:wrong!", "prometheus:x:s3cret", ""})
    EXPECT_EQ(basic(pair), 401) << pair;
  request.headers["authorization"] = "Basic no base64";
  EXPECT_EQ(handler(request).status, 401);
}

TEST(HttpGuard, WithoutATokenOnlyMetricsAreOpen) {
  const HttpGuard guard(std::nullopt);
  const auto ok = [](const HttpRequest&) { return HttpResponse{}; };
  EXPECT_EQ(guard(HttpGuard::Area::metrics, ok)(HttpRequest()).status, 200);
  EXPECT_EQ(guard(HttpGuard::Area::api, ok)(HttpRequest()).status, 403);
}

TEST(HttpClient, NamesThePhaseThatFailed) {
  HttpCall call;
  std::uint16_t closed = 0;
  {
    const HttpServer server(on_any_port(), HttpRouter());
    closed = server.port();
  }
  call.url = "http://127.0.0.1:" + std::to_string(closed) + "/?secret=1";
  try {
    HttpClient().send(call);
    FAIL();
  } catch (const HttpFailure& failure) {
    EXPECT_EQ(failure.phase, HttpFailure::Phase::connect);
    EXPECT_EQ(std::string(failure.what()).find("secret"), std::string::npos);
  }
  call.url = "ftp://127.0.0.1/";
  EXPECT_THROW(HttpClient().send(call), HttpFailure);
}

// Answers as Ceph's gateway does: the head by itself, and the body, which Nagle's algorithm holds
// back until the head is acknowledged. One connection, until the other side closes it.
class ServerThatSendsHeadsApart {
public:
  ServerThatSendsHeadsApart() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* place = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_.get(), place, size), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    EXPECT_EQ(::getsockname(listener_.get(), place, &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
    thread_ = std::jthread([this] { serve(); });
  }
  const std::string& url() const { return url_; }

private:
  void serve() const {
    const FileDescriptor client(::accept(listener_.get(), nullptr, nullptr));
    std::array<char, 4096> request{};
    while (::recv(client.get(), request.data(), request.size(), 0) > 0)
      for (const std::string_view part : {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "ok"})
        EXPECT_EQ(::send(client.get(), part.data(), part.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(part.size()));
  }
  FileDescriptor listener_;
  std::string url_;
  std::jthread thread_;
};

TEST(HttpClient, AcknowledgesAHeadAtOnce) {
  const ServerThatSendsHeadsApart server;
  HttpClient client;
  HttpCall call;
  call.url = server.url();
  // The kernel is quick with the first few of a connection by itself, and then waits 40 ms.
  std::vector<std::chrono::duration<double>> times;
  for (int each = 0; each < 60; ++each) times.push_back(client.send(call).timings.total);
  std::sort(times.begin() + 20, times.end());
  EXPECT_LT(times[40].count(), 0.030) << "seconds, the median of the last forty";
}

TEST(HttpClient, CutsALongAnswer) {
  HttpRouter router;
  router.add("GET", "/", [](const HttpRequest&) {
    return HttpResponse{200, "text/plain", std::string(100000, 'x'), {}};
  });
  const HttpServer server(on_any_port(), std::move(router));
  HttpCall call;
  call.url = server.address();
  call.most_body = 1000;
  const auto reply = HttpClient().send(call);
  EXPECT_TRUE(reply.body_cut);
  EXPECT_EQ(reply.body.size(), 1000u);
}

TEST(HttpClient, FollowsRedirectsOnlyWhenAsked) {
  HttpRouter router;
  router.add("GET", "/from", [](const HttpRequest&) {
    return HttpResponse{302, "text/plain", "", {{"Location", "/to"}}};
  });
  router.add("GET", "/to", [](const HttpRequest&) { return HttpResponse{}; });
  const HttpServer server(on_any_port(), std::move(router));
  HttpCall call;
  call.url = server.address() + "/from";
  EXPECT_EQ(HttpClient().send(call).status, 302);
  call.most_redirects = 1;
  const auto reply = HttpClient().send(call);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.redirects, 1);
}

} // namespace
} // namespace intendance::core
