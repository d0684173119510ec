// SPDX-License-Identifier: AGPL-3.0-or-later
// Where an archive goes, and through what.
#pragma once

#include "backupd/repository/age.hpp"
#include "backupd/repository/sink.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace intendance::backupd {

// Writes to a descriptor, and counts. `name` is for messages; `descriptor` must outlive it.
class DescriptorSink : public Sink {
public:
  DescriptorSink(int descriptor, std::string name);
  void write(core::ByteView bytes) override;
  void finish() override {}
  std::uint64_t written() const { return written_; } // bytes

private:
  int descriptor_;
  std::string name_;
  std::uint64_t written_ = 0;
};

// A file that has its name when it is finished and durable, and until then another one, which goes
// with this object. Readable by its owner alone. Throws Error when there is something else than a
// file of that name.
class NewFileSink : public Sink {
public:
  explicit NewFileSink(std::filesystem::path path);
  ~NewFileSink() override;
  void write(core::ByteView bytes) override { sink_->write(bytes); }
  void finish() override;
  std::uint64_t written() const { return sink_->written(); }

private:
  std::filesystem::path path_;
  std::string temporary_; // empty when nothing is to be removed
  core::FileDescriptor file_;
  std::unique_ptr<DescriptorSink> sink_;
};

struct OutputRequest {
  std::string file;                     // "-": standard output
  std::optional<int> compression;       // level of zstd
  std::vector<AgeRecipient> recipients; // of age; none: not sealed
};

// The chain of it: compressed, sealed, written.
class ExportOutput {
public:
  // Throws ConfigError when standard output is a terminal.
  explicit ExportOutput(const OutputRequest& request);
  ~ExportOutput();
  Sink& front() { return *chain_.back(); } // to be finished by whoever writes
  std::uint64_t written() const;           // bytes of the file

private:
  std::vector<std::unique_ptr<Sink>> chain_; // the last is the first to be written to
};

} // namespace intendance::backupd
