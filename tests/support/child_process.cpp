// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/support/child_process.hpp"

#include "core/error.hpp"
#include "core/file.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace intendance::test {
namespace {

// Between fork and exec only what is safe there: no allocation, no exceptions.
[[noreturn]] void become(char* const* arguments, int output,
                         const std::optional<Account>& account) {
  if (account && (::setgroups(0, nullptr) != 0 || ::setgid(account->group) != 0 ||
                  ::setuid(account->user) != 0)) {
    ::_exit(126);
  }
  // After the change of user, which would reset it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

} // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& arguments,
                           const std::filesystem::path& output, std::optional<Account> account)
    : output_(output) {
  const auto file = core::open_file(output, O_WRONLY | O_CREAT | O_APPEND, 0644);
  std::vector<std::string> copies = arguments;
  std::vector<char*> pointers;
  for (auto& copy : copies) pointers.push_back(copy.data());
  pointers.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) core::throw_errno("starting " + arguments.front());
  if (pid_ == 0) become(pointers.data(), file.get(), account);
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  wait();
}

int ChildProcess::wait() {
  if (pid_ < 0) return status_;
  int raw = 0;
  while (::waitpid(pid_, &raw, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  status_ = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
  return status_;
}

void ChildProcess::send(int signal) {
  if (pid_ > 0) ::kill(pid_, signal);
}

bool ChildProcess::running() {
  if (pid_ < 0) return false;
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid == 0;
}

std::string ChildProcess::output() const { return core::read_file(output_); }

std::string ChildProcess::wait_for(const std::string& text, std::chrono::seconds patience) {
  std::string rest;
  const bool found = eventually(
      [&] {
        const bool ended = !running();
        const auto all = output();
        const auto at = all.find(text);
        if (at != std::string::npos && all.find('\n', at) != std::string::npos) {
          rest = all.substr(at + text.size(), all.find('\n', at) - at - text.size());
          return true;
        }
        if (ended) throw core::Error("ended without saying \"" + text + "\":\n" + all);
        return false;
      },
      patience);
  if (!found) throw core::Error("did not say \"" + text + "\" in time:\n" + output());
  return rest;
}

void pause_briefly() { ::poll(nullptr, 0, 10); }

} // namespace intendance::test
