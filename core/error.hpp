// SPDX-License-Identifier: AGPL-3.0-or-later
// The family of everything that is thrown. A message says what failed, on what, why, and what to do
// about it; context is added on the way up and the type is kept.
#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace intendance::core {

class Error : public std::exception {
public:
  explicit Error(std::string message) : message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }
  // "uploading data/3f" before "connection reset".
  void add_context(std::string_view doing) { message_.insert(0, std::string(doing) + ": "); }

private:
  std::string message_;
};

// The command line or the configuration is wrong: exit status 2.
class ConfigError : public Error {
public:
  using Error::Error;
};

// Nothing is known of what was asked for, neither that it is there nor that it is damaged.
class Unanswered : public Error {
public:
  using Error::Error;
};

// The same call may succeed later: a connection reset, a server that restarts.
class TransientError : public Unanswered {
public:
  explicit TransientError(std::string message,
                          std::optional<std::chrono::seconds> retry = std::nullopt)
      : Unanswered(std::move(message)), retry_after(retry) {}
  std::optional<std::chrono::seconds> retry_after; // when the server said so
};

// Bytes that are not what was written, or not what their format allows.
class CorruptData : public Error {
public:
  using Error::Error;
};

// Permission is missing: the file system's, the server's or a key's.
class AccessDenied : public Error {
public:
  using Error::Error;
};

// Somebody asked to stop; not a failure of the work.
class Cancelled : public Unanswered {
public:
  using Unanswered::Unanswered;
};

// Throws Error, or AccessDenied for EACCES and EPERM: "DOING: No space left on device".
[[noreturn]] void throw_errno(const std::string& doing, int error_number);
[[noreturn]] void throw_errno(const std::string& doing);

// Runs `work`; an Error that leaves it says what was being done.
template <class Work>
auto with_context(std::string_view doing, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (Error& error) {
    error.add_context(doing);
    throw;
  }
}

} // namespace intendance::core
