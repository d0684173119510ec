// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/filesystem.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>
#include <sys/statvfs.h>

namespace intendance::collectors {
namespace {

TEST(Mountinfo, ReadsACapturedMachine) {
  const auto mounts = parse_mountinfo(captured("1/mountinfo"));
  EXPECT_EQ(mounts.size(), 19u);
  std::vector<Mount> shown;
  for (const auto& mount : mounts)
    if (!is_ignored_mount(mount)) shown.push_back(mount);
  ASSERT_EQ(shown.size(), 1u); // the others lie under /proc, /sys and /dev
  EXPECT_EQ(shown[0].device, "/dev/vda");
  EXPECT_EQ(shown[0].mountpoint, "/");
  EXPECT_EQ(shown[0].fstype, "ext4");
  EXPECT_FALSE(shown[0].readonly);
}

TEST(Mountinfo, ReadsEscapesOptionalFieldsAndReadOnly) {
  const auto mounts =
      parse_mountinfo("36 35 98:0 / /mnt/a\\040b\\134c rw,noatime shared:1 master:2 - ext4 "
                      "/dev/my\\040disk ro,x=y\n"
                      "37 35 98:1 / /srv ro,nosuid - xfs /dev/sdb rw\n"
                      "38 35 98:2 / /media rw - vfat /dev/sdc rw,errors=remount-ro\n");
  ASSERT_EQ(mounts.size(), 3u);
  EXPECT_EQ(mounts[0].mountpoint, "/mnt/a b\\c");
  EXPECT_EQ(mounts[0].device, "/dev/my disk");
  EXPECT_TRUE(mounts[0].readonly);
  EXPECT_TRUE(mounts[1].readonly);
  EXPECT_FALSE(mounts[2].readonly);
}

TEST(Mountinfo, RefusesGarbage) {
  EXPECT_TRUE(parse_mountinfo("").empty());
  for (const char* text :
       {"x\n", "36 35 98:0 / /mnt rw\n", "36 35 98:0 / /mnt rw shared:1 ext4 /dev/a rw\n",
        "36 35 98:0 / /mnt rw -\n"})
    EXPECT_THROW(parse_mountinfo(text), core::CorruptData) << text;
}

TEST(Mountinfo, EveryCutIsReadOrRefused) {
  const auto whole = captured("1/mountinfo");
  for (std::size_t kept = 0; kept < whole.size(); ++kept) {
    try {
      EXPECT_LE(parse_mountinfo(whole.substr(0, kept)).size(), 19u);
    } catch (const core::CorruptData&) {
    }
  }
}

TEST(IgnoredMounts, AreNodeExporters) {
  const auto ignored = [](const char* mountpoint, const char* fstype = "ext4") {
    return is_ignored_mount({"d", mountpoint, fstype, false});
  };
  for (const char* place : {"/dev", "/dev/shm", "/proc", "/sys/fs/x", "/run/credentials/unit",
                            "/var/lib/docker/overlay2", "/var/lib/containers/storage/a"})
    EXPECT_TRUE(ignored(place)) << place;
  for (const char* place : {"/", "/devices", "/srv", "/run", "/run/credentials", "/var/lib/docker",
                            "/home/proc", "/system"})
    EXPECT_FALSE(ignored(place)) << place;
  for (const char* type : {"proc", "cgroup2", "overlay", "squashfs", "iso9660", "nsfs"})
    EXPECT_TRUE(ignored("/srv", type)) << type;
  for (const char* type : {"ext4", "xfs", "tmpfs", "nfs4", "fuse.sshfs", "vfat"})
    EXPECT_FALSE(ignored("/srv", type)) << type;
}

TEST(Filesystems, PublishSizesAndErrors) {
  const Mount good{"/dev/vda", "/", "ext4", true};
  const Mount gone{"nas:/x", "/mnt/nas", "nfs4", false};
  const auto families = publish_filesystems({{good, FilesystemSizes{100, 40, 30, 10, 5}},
                                             {gone, std::nullopt},
                                             {good, FilesystemSizes{}}});
  const std::map<std::string, std::string> at_root = {
      {"device", "/dev/vda"}, {"mountpoint", "/"}, {"fstype", "ext4"}};
  const std::map<std::string, std::string> at_nas = {
      {"device", "nas:/x"}, {"mountpoint", "/mnt/nas"}, {"fstype", "nfs4"}};
  EXPECT_EQ(sample(families, "node_filesystem_size_bytes", at_root), 100);
  EXPECT_EQ(sample(families, "node_filesystem_free_bytes", at_root), 40);
  EXPECT_EQ(sample(families, "node_filesystem_avail_bytes", at_root), 30);
  EXPECT_EQ(sample(families, "node_filesystem_files", at_root), 10);
  EXPECT_EQ(sample(families, "node_filesystem_files_free", at_root), 5);
  EXPECT_EQ(sample(families, "node_filesystem_readonly", at_root), 1);
  EXPECT_EQ(sample(families, "node_filesystem_device_error", at_root), 0);
  EXPECT_EQ(sample(families, "node_filesystem_device_error", at_nas), 1);
  // Once each, although "/" is mounted twice; and no sizes for what gave none.
  EXPECT_EQ(sample_count(families, "node_filesystem_device_error"), 2u);
  EXPECT_EQ(sample_count(families, "node_filesystem_size_bytes"), 1u);
}

TEST(Filesystems, CollectorAsksTheKernelAndFallsBackToItsOwnMounts) {
  const core::TemporaryDirectory proc;
  std::filesystem::create_directories(proc.path() / "self");
  core::write_file_atomically(proc.path() / "self/mountinfo",
                              "36 35 98:0 / " + proc.path().string() + " rw - ext4 /dev/vdz rw\n" +
                                  "37 35 98:0 / " + proc.path().string() +
                                  "/missing rw - ext4 /dev/vdy rw\n");
  const auto families = filesystem_collector({proc.path(), "/sys"})->Collect();
  struct statvfs truth {};
  ASSERT_EQ(::statvfs(proc.path().c_str(), &truth), 0);
  EXPECT_EQ(
      sample(families, "node_filesystem_size_bytes",
             {{"device", "/dev/vdz"}, {"mountpoint", proc.path().string()}, {"fstype", "ext4"}}),
      static_cast<double>(truth.f_blocks) * static_cast<double>(truth.f_frsize));
  EXPECT_EQ(sample(families, "node_filesystem_device_error",
                   {{"device", "/dev/vdy"},
                    {"mountpoint", proc.path().string() + "/missing"},
                    {"fstype", "ext4"}}),
            1);
}

} // namespace
} // namespace intendance::collectors
