// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/clock.hpp"
#include "core/file.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace intendance::storage {

// Bytes to be stored, of known size, that can be read again when an upload is tried again.
class Content {
public:
  virtual ~Content() = default;
  virtual std::uint64_t size() const = 0;
  // Fills `into` entirely; offset + into.size() is within size(). Any thread.
  virtual void read(std::uint64_t offset, std::span<std::uint8_t> into) const = 0;
  // The file that holds just these bytes, when there is one that nobody writes any more.
  virtual const core::FileDescriptor* file() const { return nullptr; }
};

// Both only look at what they are given.
std::unique_ptr<Content> content_of(core::ByteView bytes);
std::unique_ptr<Content> content_of(const core::FileDescriptor& file, std::uint64_t size);

struct ObjectInfo {
  std::string name;
  std::uint64_t size = 0;     // bytes
  core::TimePoint modified{}; // by the store's own clock
};

class ObjectVersions; // object_versions.hpp

// A place that keeps named objects: a directory, a bucket. Names are of [a-z0-9/._-], relative,
// without empty, "." or ".." parts (Error otherwise). An object is never modified in place.
//
// Any thread may call any function at any time. Failures: TransientError where the same call may
// succeed later, AccessDenied where permission is missing, CorruptData where the store hands out
// other bytes than it announced, Error for the rest; each message names the object.
class ObjectStore {
public:
  virtual ~ObjectStore() = default;

  // Stores under a name that was never used. When it returns, the object is durable and complete
  // for every reader; when it throws, nobody will see a part of it. A name in use is an Error.
  virtual void put(const std::string& name, const Content& content) = 0;

  // The whole object, of at most `most` bytes (CorruptData beyond). Absent: nullopt.
  virtual std::optional<core::Buffer> get(const std::string& name, std::uint64_t most) = 0;

  // Fills `into` with what stands from `offset` on (bytes), so that a reader of large objects can
  // use the same memory again; CorruptData when the object ends before. Absent: false, and when it
  // is not true, nobody knows what is in `into`.
  virtual bool read(const std::string& name, std::uint64_t offset,
                    std::span<std::uint8_t> into) = 0;

  // Calls `visit` for each object whose name begins with `prefix`, in the order of names. What is
  // put or removed meanwhile may or may not be visited.
  virtual void list(const std::string& prefix,
                    const std::function<void(const ObjectInfo&)>& visit) = 0;

  virtual std::optional<ObjectInfo> head(const std::string& name) = 0;

  // An absent object is not an error: somebody else may have removed it.
  virtual void remove(const std::string& name) = 0;

  // Each of them, in any order, with as few requests as the store allows. When it throws, some may
  // be gone.
  virtual void remove_all(std::span<const std::string> names) {
    for (const auto& name : names) remove(name);
  }

  // For messages, without secrets: "file:///srv/backup".
  virtual std::string address() const = 0;

  // So many calls at once are worth making; more than one where each waits for an answer from far
  // away.
  virtual unsigned connections() const { return 1; }

  // A folder where a file without a name can become an object without being copied, if there is
  // one: content_of() such a file then costs a put no copy.
  virtual std::optional<std::filesystem::path> spool_folder() const { return std::nullopt; }

  // Of a kind of store that can keep what is removed or written over; valid as long as the store.
  virtual ObjectVersions* versions() { return nullptr; }

  void put(const std::string& name, core::ByteView bytes) { put(name, *content_of(bytes)); }
};

// Throws Error when the name is not one that every store can keep.
void check_object_name(const std::string& name);

// In memory; for tests, and the model of what the others promise.
std::unique_ptr<ObjectStore> make_memory_store();

// A folder of the file system, made when it is not there. A put writes beneath ".incoming", syncs
// and links, so that objects appear whole or not at all.
std::unique_ptr<ObjectStore> open_directory_store(const std::filesystem::path& folder);

} // namespace intendance::storage
