"""Limits are those of the process's own group and its ancestors, in both versions of cgroups."""

import pytest

from kmbench.instruments import cpu_quota, memory_limit

V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
V1_MOUNTS = (
    "31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:5 - cgroup cgroup rw,cpu,cpuacct\n"
    "32 30 0:28 / /sys/fs/cgroup/memory rw shared:6 - cgroup cgroup rw,memory\n"
)


def v2(group, files, mount=V2_MOUNT):
    return {"proc/self/cgroup": f"0::{group}\n", "proc/self/mountinfo": mount} | {
        f"sys/fs/cgroup/{path}": text for path, text in files.items()
    }


def v1(group, files, mounts=V1_MOUNTS):
    memberships = f"5:memory:{group}\n4:cpu,cpuacct:{group}\n3:cpuset:/pinned\n1:name=systemd:/x\n"
    return {"proc/self/cgroup": memberships, "proc/self/mountinfo": mounts} | {
        f"sys/fs/cgroup/{path}": text for path, text in files.items()
    }


def v1_quota(folder, quota, period=100_000):
    base = f"cpu,cpuacct/{folder}"
    return {f"{base}cpu.cfs_quota_us": f"{quota}\n", f"{base}cpu.cfs_period_us": f"{period}\n"}


QUOTAS = [
    pytest.param({}, None, id="nothing there"),
    pytest.param(v2("/", {}), None, id="v2 root group without file"),
    pytest.param(v2("/a", {"a/cpu.max": "max 100000\n"}), None, id="v2 unlimited"),
    pytest.param(v2("/a", {"a/cpu.max": "150000 100000\n"}), 1.5, id="v2 own group"),
    pytest.param(
        v2(
            "/a/b/c",
            {"a/cpu.max": "300000 100000\n", "a/b/cpu.max": "max 100000\n", "a/b/c/cpu.max": "400000 100000\n"},
        ),
        3.0,
        id="v2 an ancestor is tighter",
    ),
    pytest.param(v2("/a", {"cpu.max": "250000 50000\n"}), 5.0, id="v2 mounted top"),
    pytest.param(v2("/a", {"other/cpu.max": "100000 100000\n"}), None, id="v2 another group's quota"),
    pytest.param(
        v2("/../elsewhere", {"cpu.max": "200000 100000\n", "../elsewhere/cpu.max": "100000 100000\n"}),
        2.0,
        id="v2 outside of the namespace",
    ),
    pytest.param(
        v2(
            "/docker/abc",
            {"cpu.max": "200000 100000\n", "docker/abc/cpu.max": "100000 100000\n"},  # one of its children
            V2_MOUNT.replace(" / /sys", " /docker/abc /sys"),
        ),
        2.0,
        id="v2 container sees its own folder only",
    ),
    pytest.param(v2("/a", {"a/cpu.max": "torn"}), None, id="v2 unreadable value"),
    pytest.param(v2("/a", {"a/cpu.max": "100000 0\n"}), None, id="v2 no period"),
    pytest.param(v1("/a", v1_quota("a/", -1)), None, id="v1 unlimited"),
    pytest.param(v1("/a", v1_quota("pinned/", 100_000)), None, id="v1 group of another controller"),
    pytest.param(v1("/a", v1_quota("a/", 50_000)), 0.5, id="v1 own group"),
    pytest.param(
        v1("/a/b", v1_quota("a/", 100_000) | v1_quota("a/b/", 300_000)), 1.0, id="v1 an ancestor is tighter"
    ),
    pytest.param(
        v1("/docker/abc", v1_quota("", 400_000), V1_MOUNTS.replace(" / /sys", " /docker/abc /sys")),
        4.0,
        id="v1 container without a namespace",
    ),
    pytest.param(v1("/a", {"cpu,cpuacct/a/cpu.cfs_quota_us": "100000\n"}), None, id="v1 no period"),
    pytest.param({"proc/self/cgroup": "0::/a\nnoise\n", "sys/fs/cgroup/a/cpu.max": "1 1\n"}, None, id="no mounts"),
]


@pytest.mark.parametrize(("files", "quota"), QUOTAS)
def test_the_tightest_quota_on_the_way_up_counts(tree, files, quota):
    assert cpu_quota(tree(files)) == quota


def test_hybrid_hosts_are_read_in_both_versions(tree):
    files = v1("/a", v1_quota("a/", 300_000))
    files["proc/self/cgroup"] += "0::/a\n"
    files["proc/self/mountinfo"] += V2_MOUNT.replace("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
    files["sys/fs/cgroup/unified/a/cpu.max"] = "200000 100000\n"
    assert cpu_quota(tree(files)) == 2.0


def test_mount_points_may_hold_spaces(tree):
    files = {
        "proc/self/cgroup": "0::/a\n",
        "proc/self/mountinfo": V2_MOUNT.replace("/sys/fs/cgroup", "/mnt/my\\040groups"),
        "mnt/my groups/a/cpu.max": "100000 100000\n",
    }
    assert cpu_quota(tree(files)) == 1.0


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        pytest.param({}, None, id="nothing there"),
        pytest.param(v2("/a/b", {"a/memory.max": "1000000\n", "a/b/memory.max": "max\n"}), 1_000_000, id="v2"),
        pytest.param(v1("/a", {"memory/a/memory.limit_in_bytes": "9223372036854771712\n"}), None, id="v1 unlimited"),
        pytest.param(v1("/a", {"memory/a/memory.limit_in_bytes": "4096\n"}), 4096, id="v1"),
    ],
)
def test_the_tightest_memory_limit_counts(tree, files, limit):
    assert memory_limit(tree(files)) == limit
