// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "collectors/families.hpp"
#include "collectors/host/kernel_file.hpp"
#include "collectors/probes/probe.hpp"
#include "core/file.hpp"

#include <map>

namespace intendance::collectors {

// A real machine's /proc and /sys; its README says which.
inline HostRoots captured_machine() {
  const std::filesystem::path top = std::filesystem::path(FIXTURES) / "proc-linux-6.18";
  return {top / "proc", top / "sys"};
}

inline std::string captured(const std::string& file) {
  return core::read_file(captured_machine().proc / file);
}

// What a service said of itself; the README beside it says which.
inline std::string recorded_answer(const std::string& file) {
  return core::read_file(std::filesystem::path(FIXTURES) / "readers" / file);
}

// The value of the one sample that has exactly these labels.
inline std::optional<double> sample(const Families& families, std::string_view name,
                                    const std::map<std::string, std::string>& labels = {}) {
  const auto* family = find_family(families, name);
  if (family == nullptr) return std::nullopt;
  for (const auto& metric : family->metric) {
    std::map<std::string, std::string> here;
    for (const auto& label : metric.label) here[label.name] = label.value;
    if (here == labels) return sample_value(*family, metric);
  }
  return std::nullopt;
}

inline std::size_t sample_count(const Families& families, std::string_view name) {
  const auto* family = find_family(families, name);
  return family == nullptr ? 0 : family->metric.size();
}

// "response/bad_status: 500, not 200"; empty when nothing is wrong.
inline std::string text_of(const std::optional<ProbeFailure>& failure) {
  if (!failure) return {};
  return std::string(name_of(failure->phase)) + "/" + std::string(name_of(failure->reason)) + ": " +
         failure->detail;
}

} // namespace intendance::collectors
