// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/lazy_library.hpp"

#include "core/error.hpp"

#include <dlfcn.h>

#include <string>

namespace intendance::core {

void* LazyLibrary::symbol(const char* name) {
  const std::scoped_lock lock(mutex_);
  if (handle_ == nullptr) handle_ = dlopen(file_, RTLD_NOW | RTLD_LOCAL);
  void* address = handle_ == nullptr ? nullptr : dlsym(handle_, name);
  if (address == nullptr) {
    const char* reason = dlerror();
    throw Error(std::string("cannot load ") + file_ + ": " +
                (reason == nullptr ? "no reason given" : reason) + "; install Debian's package " +
                package_);
  }
  return address;
}

} // namespace intendance::core
