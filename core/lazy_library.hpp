// SPDX-License-Identifier: AGPL-3.0-or-later
// Libraries that few commands need, opened when one of their functions is first called. libcurl,
// libpq and libarchive bring more than thirty others with them, and a cold start reads all of them
// (docs/decisions/0006).
//
// In the one file that includes the library's header, beneath namespace intendance:
//   LazyLibrary libcurl{"libcurl.so.4", "libcurl4"};
//   const LazyFunction<decltype(::curl_easy_init)> curl_easy_init{libcurl, "curl_easy_init"};
// hides the function of that name, so that calls look as they always do.
#pragma once

#include <atomic>
#include <mutex>
#include <type_traits>

namespace intendance::core {

class LazyLibrary {
public:
  // `file` as the loader finds it, `package` is Debian's that has it; both must be literals.
  constexpr LazyLibrary(const char* file, const char* package) : file_(file), package_(package) {}

  // Any thread. Throws Error that names the package when the library or the function is missing.
  void* symbol(const char* name);

private:
  const char* file_;
  const char* package_;
  std::mutex mutex_;
  void* handle_ = nullptr; // never closed: other threads may be in it
};

template <class Function>
class LazyFunction {
public:
  constexpr LazyFunction(LazyLibrary& library, const char* name) : library_(library), name_(name) {}

  template <class... Arguments>
  auto operator()(Arguments... arguments) const {
    return found()(arguments...);
  }

private:
  Function* found() const {
    void* address = address_.load(std::memory_order_acquire);
    if (address == nullptr) {
      address = library_.symbol(name_);
      address_.store(address, std::memory_order_release);
    }
    return reinterpret_cast<Function*>(address);
  }

  LazyLibrary& library_;
  const char* name_;
  mutable std::atomic<void*> address_{nullptr};
};

} // namespace intendance::core
