// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/export_output.hpp"

#include "backupd/repository/age_stream.hpp"
#include "backupd/repository/compression.hpp"
#include "core/error.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace intendance::backupd {

DescriptorSink::DescriptorSink(int descriptor, std::string name)
    : descriptor_(descriptor), name_(std::move(name)) {}

void DescriptorSink::write(core::ByteView bytes) {
  core::with_context(name_, [&] { core::write_all(descriptor_, bytes); });
  written_ += bytes.size();
}

namespace {

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : ".";
}

void refuse_what_is_no_file(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return;
  if (!S_ISREG(status.st_mode)) {
    throw core::ConfigError(path.string() +
                            " is there and not a regular file; to write to a device or through a "
                            "link, give - for the file and redirect the output");
  }
}

} // namespace

NewFileSink::NewFileSink(std::filesystem::path path) : path_(std::move(path)) {
  refuse_what_is_no_file(path_);
  auto pattern = path_.string() + ".XXXXXX";
  file_ = core::FileDescriptor(::mkostemp(pattern.data(), O_CLOEXEC)); // with mode 0600
  if (!file_) core::throw_errno("cannot write " + path_.string());
  temporary_ = pattern;
  sink_ = std::make_unique<DescriptorSink>(file_.get(), path_.string());
}

NewFileSink::~NewFileSink() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void NewFileSink::finish() {
  if (::fsync(file_.get()) != 0) core::throw_errno("cannot write " + path_.string());
  if (::rename(temporary_.c_str(), path_.c_str()) != 0)
    core::throw_errno("cannot rename " + temporary_ + " to " + path_.string());
  temporary_.clear();
  const auto folder = core::open_file(folder_of(path_), O_RDONLY | O_DIRECTORY);
  if (::fsync(folder.get()) != 0) core::throw_errno("cannot write the folder of " + path_.string());
}

ExportOutput::ExportOutput(const OutputRequest& request) {
  if (request.file == "-") {
    if (::isatty(STDOUT_FILENO) == 1)
      throw core::ConfigError("an archive is not written to a terminal: name a file, or redirect");
    chain_.push_back(std::make_unique<DescriptorSink>(STDOUT_FILENO, "standard output"));
  } else {
    chain_.push_back(std::make_unique<NewFileSink>(request.file));
  }
  if (!request.recipients.empty())
    chain_.push_back(std::make_unique<AgeStream>(*chain_.back(), request.recipients));
  if (request.compression)
    chain_.push_back(std::make_unique<StreamCompressor>(*chain_.back(), *request.compression));
}

// Each looks at the one before it.
ExportOutput::~ExportOutput() {
  while (!chain_.empty()) chain_.pop_back();
}

std::uint64_t ExportOutput::written() const {
  const auto* last = chain_.front().get();
  if (const auto* file = dynamic_cast<const NewFileSink*>(last)) return file->written();
  return dynamic_cast<const DescriptorSink&>(*last).written();
}

} // namespace intendance::backupd
