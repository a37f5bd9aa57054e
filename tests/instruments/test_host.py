"""A host is described by what figures depend on, and by nothing that says whose it is."""

import copy
import json
import os
import re
import shutil
import subprocess
import sys
import types

import pytest

from kmbench.instruments import describe_host, fingerprint, hardware
from kmbench.instruments.hardware import describe_cpu, describe_gpus, describe_pages, memory_total
from kmbench.instruments.software import describe_git, relevant_environment

EPYC = """\
processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 26
model\t\t: 2
model name\t: AMD EPYC 9B45
flags\t\t: fpu sse2 avx2 avx512f avx512_bf16 hypervisor

processor\t: 1
model name\t: another
flags\t\t: amx_tile
"""

GRAVITON = """\
processor\t: 0
Features\t: fp asimd sve i8mm bf16
CPU implementer\t: 0x41
CPU part\t: 0xd40

"""


def test_cpu_is_the_first_processor(tree):
    assert describe_cpu(tree({"proc/cpuinfo": EPYC})) == {
        "model": "AMD EPYC 9B45",
        "vendor": "AuthenticAMD",
        "family": "26",
        "model_number": "2",
        "flags": ["avx2", "avx512_bf16", "avx512f", "hypervisor"],
    }


def test_cpu_of_an_arm_host_has_numbers_for_a_name(tree):
    cpu = describe_cpu(tree({"proc/cpuinfo": GRAVITON}))
    assert cpu["model"] == "implementer 0x41 part 0xd40"
    assert cpu["flags"] == ["asimd", "bf16", "i8mm", "sve"]


def test_cpu_that_tells_nothing_is_still_described(tree):
    cpu = describe_cpu(tree({}))
    assert (cpu["vendor"], cpu["flags"]) == (None, [])


@pytest.mark.parametrize(
    ("features", "given_back"), [("0110010100", True), ("0110000100", False), ("", False)]
)  # fmt: skip
def test_a_balloon_that_reports_free_pages_is_seen(tree, features, given_back):
    balloon, disk = "sys/bus/virtio/devices/virtio0", "sys/bus/virtio/devices/virtio1"
    root = tree(
        {
            "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
            f"{disk}/device": "0x0002\n", f"{disk}/features": "1111111111\n",
            f"{balloon}/device": "0x0005\n", f"{balloon}/features": f"{features}\n",
        }
    )  # fmt: skip
    assert describe_pages(root) == {"transparent_hugepages": "madvise", "free_pages_given_back": given_back}


def test_a_host_that_tells_nothing_of_its_pages(tree):
    assert describe_pages(tree({})) == {"transparent_hugepages": None, "free_pages_given_back": None}


def test_memory_is_in_bytes(tree):
    assert memory_total(tree({"proc/meminfo": "MemTotal:       24684096 kB\nMemFree: 1 kB\n"})) == 24684096 * 1024


def test_memory_without_proc_comes_from_the_system(tree):
    assert memory_total(tree({})) > 1 << 20


@pytest.fixture
def smi(tmp_path, monkeypatch):
    """Return a function that puts an ``nvidia-smi`` of its own on the path."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def install(script):
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return install


def test_gpus_are_listed(smi):
    smi("""
        [ "$*" = "--query-gpu=name,driver_version,memory.total --format=csv,noheader" ] || exit 9
        echo "NVIDIA H100 80GB HBM3, 550.54.15, 81559 MiB"
        echo "NVIDIA GB10, 580.95.05, [N/A]"
    """)
    assert describe_gpus() == [
        {"name": "NVIDIA H100 80GB HBM3", "driver_version": "550.54.15", "memory_mib": 81559},
        {"name": "NVIDIA GB10", "driver_version": "580.95.05", "memory_mib": None},
    ]


@pytest.mark.parametrize("script", ["echo 'No devices were found'", "echo 'a, b, 1 MiB'; exit 9"])
def test_a_failing_gpu_driver_is_no_gpu(smi, script):
    smi(script)
    assert describe_gpus() == []


@pytest.mark.usefixtures("smi")
def test_no_gpu_program_is_no_gpu():
    assert describe_gpus() == []


def test_a_gpu_program_that_hangs_is_no_gpu(smi, monkeypatch):
    def hang(command, timeout, **options):
        raise subprocess.TimeoutExpired(command, timeout)

    smi("true")
    monkeypatch.setattr(hardware.subprocess, "run", hang)
    assert describe_gpus() == []


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("OMP_NUM_THREADS", "2", "2"),
        ("OPENBLAS_CORETYPE", "Haswell", "Haswell"),
        ("KMP_AFFINITY", "granularity=fine,compact,1,0", "granularity=fine,compact,1,0"),
        ("GLIBC_TUNABLES", "glibc.malloc.trim_threshold=131072", "glibc.malloc.trim_threshold=131072"),
        ("LD_PRELOAD", "/home/alice/lib/libjemalloc.so.2", "libjemalloc.so.2"),
        ("LD_PRELOAD", "/home/alice/a.so:b.so /opt/c.so", "a.so:b.so c.so"),
        ("LD_PRELOAD", "/home/Alice B/a.so", "a.so"),
        ("MALLOC_CONF", "prof:true,prof_prefix:/home/alice/jeprof", "prof:true,prof_prefix:jeprof"),
        ("CUDA_VISIBLE_DEVICES", "0,1", "0,1"),
        ("CUDA_VISIBLE_DEVICES", "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6", "GPU-uuid"),
    ],
)
def test_variables_that_matter_are_kept_without_folders(name, value, kept):
    environment = {name: value, "HOME": "/home/Alice B", "SECRET": "x", "USER": "alice", "MY_OMP_X": "1"}
    assert relevant_environment(environment) == {name: kept}


git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def no_git_variables(monkeypatch):
    """Forget what a hook that runs the tests tells git."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def checkout(tmp_path, no_git_variables):
    """An empty git repository, and a function that runs git in it."""

    def run(*arguments):
        options = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *options, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    run("init")
    return types.SimpleNamespace(folder=tmp_path, git=run)


@git
def test_commit_and_changes_are_told(checkout):
    file = checkout.folder / "file"
    assert describe_git(checkout.folder) == {"commit": None, "dirty": False}
    file.write_text("1")
    checkout.git("add", "file")
    checkout.git("commit", "-m", "first")
    commit = checkout.git("rev-parse", "HEAD")
    (checkout.folder / "result.json").write_text("what a run leaves behind is no change of the code")
    assert describe_git(checkout.folder) == {"commit": commit, "dirty": False}
    file.write_text("2")
    assert describe_git(checkout.folder) == {"commit": commit, "dirty": True}
    checkout.git("add", "file")
    assert describe_git(checkout.folder) == {"commit": commit, "dirty": True}


@pytest.mark.usefixtures("no_git_variables")
def test_outside_of_a_checkout_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert describe_git(tmp_path) is None
    assert describe_git(tmp_path / "missing") is None


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert describe_git(tmp_path) is None


def strings(value):
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        return [text for part in value for text in strings(part)]
    return [value] if isinstance(value, str) else []


def test_a_description_can_be_published(monkeypatch, tmp_path):
    system = os.uname()
    renamed = (system.sysname, "host-of-alice", system.release, system.version, system.machine)
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(renamed))
    monkeypatch.setenv("LD_PRELOAD", "")
    monkeypatch.setenv("MALLOC_CONF", f"prof_prefix:{tmp_path}/out")
    host = json.loads(json.dumps(describe_host(), allow_nan=False))
    assert "host-of-alice" not in json.dumps(host)
    assert [text for text in strings(host) if re.search(r"(^|[\s:=])[~/]", text)] == []
    assert host["logical_cores"] == os.cpu_count()
    assert host["packages"]["numpy"].count(".") >= 2
    assert host["python"]["version"] == ".".join(map(str, sys.version_info[:3]))
    assert fingerprint(host) == fingerprint(describe_host())


def test_a_host_that_tells_nothing_is_still_described(tree, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    host = describe_host(root=tree({}), project=tmp_path, environment={})
    assert (host["cpu_quota_cores"], host["memory_limit_bytes"], host["gpus"]) == (None, None, [])
    assert (host["environment"], host["git"]) == ({}, None)
    assert re.fullmatch("[0-9a-f]{8}", fingerprint(host))
    assert re.fullmatch("[0-9a-f]{8}", fingerprint(host | {"memory_bytes": None}))


HOST = {
    "cpu": {"model": "AMD EPYC 9B45", "flags": ["avx2"]},
    "logical_cores": 2,
    "affinity_cores": 2,
    "cpu_quota_cores": None,
    "memory_bytes": 24 * 2**30,
    "memory_limit_bytes": None,
    "gpus": [{"name": "H100", "driver_version": "550", "memory_mib": 81559}],
    "system": "Linux",
    "machine": "x86_64",
    "kernel": "6.18.44-fc",
    "libc": "glibc 2.36",
    "python": {"version": "3.11.7", "implementation": "CPython"},
    "packages": {"numpy": "2.4.6"},
    "environment": {},
    "git": {"commit": "ab12", "dirty": False},
    "load_average": [0.1, 0.2, 0.3],
    "at": "2026-01-01T00:00:00+00:00",
}


def changed(path, value):
    host = copy.deepcopy(HOST)
    *parents, last = path.split(".")
    target = host
    for name in parents:
        target = target[name]
    target[last] = value
    return host


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("load_average", [9.0, 9.0, 9.0]),
        ("at", "2027-01-01T00:00:00+00:00"),
        ("git", None),
        ("environment", {"OMP_NUM_THREADS": "1"}),
        ("memory_bytes", 24 * 2**30 - 10**8),
        ("kernel", "6.18.45-other"),
        ("affinity_cores", 1),
    ],
)
def test_fingerprint_outlives_what_passes(path, value):
    assert fingerprint(changed(path, value)) == fingerprint(HOST)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("cpu.model", "AMD EPYC 7763"),
        ("cpu.flags", ["avx2", "avx512f"]),
        ("logical_cores", 4),
        ("memory_bytes", 48 * 2**30),
        ("gpus", []),
        ("machine", "aarch64"),
        ("kernel", "6.19.44-fc"),
        ("python.version", "3.12.1"),
        ("packages.numpy", "2.4.7"),
        ("packages.faiss-cpu", "1.15.1"),
    ],
)
def test_fingerprint_tells_hosts_apart(path, value):
    assert fingerprint(changed(path, value)) != fingerprint(HOST)


def test_measuring_starts_light():
    code = (
        "import sys, kmbench.instruments as i; i.describe_host(); i.default_threads();"
        " print(*{'numpy', 'scipy', 'threadpoolctl', 'psutil', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []
