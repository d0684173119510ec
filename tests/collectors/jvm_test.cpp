// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/jvm.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

// An entry of the format, little endian as every machine of ours writes it.
class Writer {
public:
  Writer& number(const std::string& name, std::int64_t value) {
    std::string bytes;
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i));
    return entry(name, 0, 'J', bytes);
  }
  Writer& text(const std::string& name, const std::string& value) {
    return entry(name, value.size() + 1, 'B', value + '\0');
  }
  std::string bytes() const {
    std::string file = "\xca\xfe\xc0\xc0";
    file += std::string{1, 2, 0, 1};
    return file + u32(0) + u32(0) + std::string(8, '\0') + u32(32) + u32(count_) + entries_;
  }

private:
  static std::string u32(std::size_t value) {
    std::string bytes;
    for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> (8 * i));
    return bytes;
  }
  Writer& entry(const std::string& name, std::size_t vector, char type, const std::string& data) {
    auto padded = name + '\0';
    while (padded.size() % 8 != 4) padded += '\0'; // so that the value is aligned
    entries_ += u32(20 + padded.size() + data.size()) + u32(20) + u32(vector) + type +
                std::string(3, '\0') + u32(20 + padded.size()) + padded + data;
    ++count_;
    return *this;
  }

  std::string entries_;
  std::size_t count_ = 0;
};

HsperfData parse(const std::string& bytes) { return parse_hsperfdata(core::as_bytes(bytes)); }

TEST(HsperfData, HasNumbersAndTexts) {
  const auto data = parse(Writer()
                              .number("java.threads.live", 12)
                              .text("sun.rt.javaCommand", "a.B x")
                              .number("negative", -1)
                              .bytes());
  EXPECT_EQ(data.number("java.threads.live"), 12);
  EXPECT_EQ(data.number("negative"), -1);
  EXPECT_EQ(data.text("sun.rt.javaCommand"), "a.B x");
  EXPECT_EQ(data.number("sun.rt.javaCommand"), std::nullopt);
  EXPECT_EQ(data.text("java.threads.live"), "");
}

TEST(HsperfData, ADamagedFileIsRefused) {
  const auto good = Writer().number("a.number", 12).text("a.text", "x").bytes();
  const auto with = [&](std::size_t place, char value) {
    auto bytes = good;
    bytes[place] = value;
    return bytes;
  };
  EXPECT_THROW(parse(""), core::CorruptData);
  EXPECT_THROW(parse(with(0, 0)), core::CorruptData);
  EXPECT_THROW(parse(with(5, 3)), core::CorruptData);    // version
  EXPECT_THROW(parse(with(7, 0)), core::TransientError); // not yet accessible
  EXPECT_THROW(parse(with(28, 99)), core::CorruptData);  // number of entries
  EXPECT_THROW(parse(with(31, 0x7f)), core::CorruptData);
  EXPECT_THROW(parse(with(24, 1)), core::CorruptData); // where the first is
  EXPECT_THROW(parse(with(27, -1)), core::CorruptData);
  EXPECT_THROW(parse(with(32, 1)), core::CorruptData);   // length of the first
  EXPECT_THROW(parse(with(36, 120)), core::CorruptData); // where its name is
  EXPECT_THROW(parse(with(48, 127)), core::CorruptData); // where its value is
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_THROW(parse(good.substr(0, size)), core::CorruptData) << size;
}

TEST(HsperfData, EachSingleByteMayBeAnything) {
  const auto good = Writer().number("a.number", 12).text("a.text", "x").bytes();
  for (std::size_t place = 0; place < good.size(); ++place)
    for (int value = 0; value < 256; ++value) {
      auto bytes = good;
      bytes[place] = static_cast<char>(value);
      try {
        parse(bytes);
      } catch (const core::Error&) {
      }
    }
}

TEST(Jvms, AreShownUnderTheNamesOfPrometheusJavaClient) {
  const auto machine = parse(Writer()
                                 .text("sun.rt.javaCommand", "/opt/images/cantaloupe.jar --x")
                                 .number("sun.os.hrt.frequency", 1000)
                                 .number("sun.gc.collector.0.invocations", 4)
                                 .number("sun.gc.collector.0.time", 500)
                                 .text("sun.gc.collector.0.name", "G1 young")
                                 .number("sun.gc.generation.0.maxCapacity", 900)
                                 .text("sun.gc.generation.0.space.0.name", "eden")
                                 .number("sun.gc.generation.0.space.0.used", 100)
                                 .number("sun.gc.generation.0.space.0.capacity", 200)
                                 .number("sun.gc.generation.1.maxCapacity", 1000)
                                 .text("sun.gc.generation.1.space.0.name", "old")
                                 .number("sun.gc.generation.1.space.0.used", 30)
                                 .number("sun.gc.generation.1.space.0.capacity", 300)
                                 .number("sun.gc.metaspace.used", 7)
                                 .number("java.threads.live", 12)
                                 .number("java.cls.loadedClasses", 20)
                                 .number("java.cls.sharedLoadedClasses", 5)
                                 .number("java.cls.unloadedClasses", 1)
                                 .number("sun.rt.safepointTime", 2500)
                                 .bytes());
  const auto families = publish_jvms({machine});
  const auto value = [&](const char* name, std::map<std::string, std::string> labels) {
    labels["main"] = "cantaloupe.jar";
    return sample(families, name, labels);
  };
  EXPECT_EQ(value("jvm_memory_bytes_used", {{"area", "heap"}}), 130);
  EXPECT_EQ(value("jvm_memory_bytes_committed", {{"area", "heap"}}), 500);
  EXPECT_EQ(value("jvm_memory_bytes_max", {{"area", "heap"}}), 1000);
  EXPECT_EQ(value("jvm_memory_bytes_used", {{"area", "nonheap"}}), 7);
  EXPECT_EQ(value("jvm_memory_pool_bytes_used", {{"pool", "eden"}}), 100);
  EXPECT_EQ(value("jvm_threads_current", {}), 12);
  EXPECT_EQ(value("jvm_classes_loaded", {}), 24);
  EXPECT_EQ(value("intendance_jvm_safepoint_seconds_total", {}), 2.5);
  const auto& collections = find_family(families, "jvm_gc_collection_seconds")->metric.at(0);
  EXPECT_EQ(collections.summary.sample_count, 4u);
  EXPECT_EQ(collections.summary.sample_sum, 0.5);
  EXPECT_EQ(label_of(collections, "gc"), "G1 young");
}

TEST(Jvms, OfTwoOfOneNameTheNewestIsShown) {
  const auto machine = [](int start, int threads) {
    return parse(Writer()
                     .text("sun.rt.javaCommand", "a.Main")
                     .number("sun.rt.createVmBeginTime", start)
                     .number("java.threads.live", threads)
                     .bytes());
  };
  for (const auto& machines : {std::vector{machine(1000, 1), machine(2000, 2)},
                               std::vector{machine(2000, 2), machine(1000, 1)}}) {
    const auto families = publish_jvms(machines);
    EXPECT_EQ(sample_count(families, "jvm_threads_current"), 1u);
    EXPECT_EQ(sample(families, "jvm_threads_current", {{"main", "a.Main"}}), 2);
  }
}

} // namespace
} // namespace intendance::collectors
