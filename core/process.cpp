// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/process.hpp"

#include "core/error.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace intendance::core {

namespace {

constexpr std::size_t most_kept_of_errors = 2048;

struct Pipe {
  FileDescriptor read, write;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("cannot make a pipe");
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// A running program; ended and waited for when nobody did.
class Child {
public:
  Child(const std::vector<std::string>& arguments, const Pipe& out, const Pipe& err) {
    std::vector<char*> pointers;
    for (const auto& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out.write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, err.write.get(), STDERR_FILENO);
    // Our threads block signals; a program starts with none blocked.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    const int failure =
        ::posix_spawnp(&pid_, pointers[0], &files, &attributes, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (failure != 0) throw_errno("cannot start " + arguments[0], failure);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

private:
  pid_t pid_ = -1;
};

// The end of what a program complained about.
class Complaints {
public:
  void add(ByteView bytes) {
    text_ += as_text(bytes);
    if (text_.size() > most_kept_of_errors) text_.erase(0, text_.size() - most_kept_of_errors);
  }
  std::string text() const {
    const auto end = text_.find_last_not_of(" \n\r\t");
    return end == std::string::npos ? "it said nothing" : text_.substr(0, end + 1);
  }

private:
  std::string text_;
};

std::string describe(int status) {
  return WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                             : fmt::format("status {}", WEXITSTATUS(status));
}

} // namespace

void run_program(const std::vector<std::string>& arguments,
                 const std::function<void(ByteView)>& sink, std::stop_token stop) {
  auto out = make_pipe();
  auto err = make_pipe();
  Child child(arguments, out, err);
  out.write.close();
  err.write.close();
  Complaints complaints;
  Buffer block(std::size_t{256} << 10);
  std::array<pollfd, 2> sources{{{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}}};
  while (sources[0].fd >= 0 || sources[1].fd >= 0) {
    if (stop.stop_requested()) throw Cancelled("stopped as asked while running " + arguments[0]);
    constexpr int look_at_stop_ms = 500;
    if (::poll(sources.data(), sources.size(), look_at_stop_ms) < 0 && errno != EINTR) {
      throw_errno("cannot wait for " + arguments[0]);
    }
    for (auto& source : sources) {
      if (source.fd < 0 || source.revents == 0) continue;
      const auto count = ::read(source.fd, block.data(), block.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        source.fd = -1; // poll() passes over it from now on
        continue;
      }
      const auto bytes = ByteView(block).first(static_cast<std::size_t>(count));
      if (&source == sources.data())
        sink(bytes);
      else
        complaints.add(bytes);
    }
  }
  if (const int status = child.wait(); status != 0) {
    throw Error(
        fmt::format("{} ended with {}: {}", arguments[0], describe(status), complaints.text()));
  }
}

} // namespace intendance::core
