"""A kernel for the laboratory, with DAHDI's modules built for it.

Kernel, headers and the sources of DAHDI come from Debian 12, whatever the machine itself runs: that
kernel and these sources are known to fit, and the result does not depend on the machine.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from softswitch.setup.apt import PrivateApt
from softswitch.setup.apt_sources import read_sources
from softswitch.setup.commands import run_step
from softswitch.setup.progress import Progress, SetupError
from softswitch.setup.suites import choices, family_of, read_os_release

SUITE = "bookworm"
"""Debian 12."""
_NEWEST = "linux-image-cloud-amd64"
_BUILT = ("dahdi", "dahdi_dynamic", "dahdi_dynamic_loc", "dahdi_dynamic_eth")
_PACKAGED = (
    "virtio", "virtio_ring", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci",
    "virtio_blk", "virtio_console", "failover", "net_failover", "virtio_net", "veth", "sch_netem",
)  # fmt: skip
"""Modules of the kernel package that the guest loads, each after those it needs."""
_CHANGES = (
    # Signalling links of SS7 on spans without a card.
    ("dahdi_dynamic.c", "DAHDI_SIG_CAS;", "DAHDI_SIG_CAS | DAHDI_SIG_MTP2;"),
    # Only the local timer gives the clock; with several masters the channels run nine times too fast.
    (
        "dahdi_dynamic_eth.c",
        "\t\tz->span = span;",
        "\t\tz->span = span;\n\t\tspan->cannot_provide_timing = 1;",
    ),
)
_TOOLS = {"gcc": ("gcc-12", "gcc"), "make": ("make",), "ld": ("ld",)}
_NO_TOOLS = (
    "The laboratory builds a kernel module, for which this machine lacks {missing}. "
    "Install it with: sudo apt-get install gcc make"
)
_NO_DEBIAN = (
    "The laboratory is made from Debian's packages, which this machine's sources do not have. Build it "
    "on a Debian machine (python3 -m softswitch.setup lab) and copy its folder to {folder}."
)


@dataclass(frozen=True)
class Kernel:
    """What the guest boots, and the modules that it loads, in their order."""

    release: str
    image: Path
    modules: tuple[Path, ...]


def build_kernel(work: Path, apt: PrivateApt, final: Path, progress: Progress) -> Kernel:
    """Download and build in `work`; raise SetupError when the machine lacks something."""
    tools = find_tools()
    _use_debian(apt, final, progress)
    release = _release(apt)
    progress(f"laboratory: downloading kernel {release} and DAHDI (about 40 MB)")
    for package in _packages(release):
        _unpack(apt.download_alone(package), work)
    source = _prepare(work, release)
    progress("laboratory: building DAHDI's modules (about 20 s)")
    _make(work, source, release, tools)
    return _describe(work, source, release)


def find_tools() -> dict[str, str]:
    """Find compiler, linker and make; raise SetupError when one is missing."""
    found = {
        name: next((path for word in words if (path := shutil.which(word))), None)
        for name, words in _TOOLS.items()
    }
    if missing := [name for name, path in found.items() if path is None]:
        raise SetupError(_NO_TOOLS.format(missing=" and ".join(missing)))
    return {name: path for name, path in found.items() if path is not None}


def _use_debian(apt: PrivateApt, final: Path, progress: Progress) -> None:
    release = read_os_release()
    if family_of(release) != "debian":
        raise SetupError(_NO_DEBIAN.format(folder=final))
    source = choices(read_sources(), release)[0].source
    progress(f"laboratory: reading the package lists of {SUITE}")
    apt.use_source(source.to_deb822(SUITE, ("main",)))
    apt.update()


def _release(apt: PrivateApt) -> str:
    """Tell the newest kernel of the suite, such as 6.1.0-50-cloud-amd64."""
    for name in apt.dependencies(_NEWEST):
        if match := re.fullmatch(r"linux-image-(\d.*)", name):
            return match[1]
    raise SetupError(f"{SUITE} of this machine's mirror has no {_NEWEST}. Try again later.")


def _packages(release: str) -> Sequence[str]:
    version = re.match(r"\d+\.\d+", release)
    common = release.replace("-cloud-amd64", "-common")
    return (
        f"linux-image-{release}",
        f"linux-headers-{release}",
        f"linux-headers-{common}",
        f"linux-kbuild-{version[0] if version else release}",
        # The kernel's own build tools need it, and not every machine has it.
        "libelf1",
        "dahdi-dkms",
    )


def _unpack(archive: Path, into: Path) -> None:
    run_step(
        f"Unpacking {archive.name}",
        ("dpkg-deb", "-x", str(archive), str(into)),
        folder=into,
        next_step=f"Remove {archive} and start again.",
    )


def _prepare(work: Path, release: str) -> Path:
    """Let the headers find each other where they are, and change DAHDI; return its folder."""
    headers = work / "usr" / "src" / f"linux-headers-{release}" / "Makefile"
    headers.write_text(headers.read_text().replace("/usr/src", str(work / "usr" / "src")))
    source = next(iter(sorted((work / "usr" / "src").glob("dahdi-*"))), None)
    if source is None:
        raise SetupError(
            "dahdi-dkms holds no sources where they used to be; the laboratory needs a look."
        )
    for name, before, after in _CHANGES:
        file = source / "drivers" / "dahdi" / name
        text = file.read_text()
        if text.count(before) != 1:
            raise SetupError(
                f"{name} of {source.name} is not as expected; the laboratory needs a look."
            )
        file.write_text(text.replace(before, after))
    return source


def _make(work: Path, source: Path, release: str, tools: dict[str, str]) -> None:
    headers = work / "usr" / "src" / f"linux-headers-{release}"
    wanted = " ".join(f"{name}.o" for name in _BUILT)
    private = work / "tools"
    private.mkdir()
    for library in work.glob("usr/lib/*/libelf*.so*"):
        (private / library.name).symlink_to(library)
    command = (
        tools["make"], "-j", str(os.cpu_count() or 2), "-C", str(source),
        f"KVERS={release}", f"KSRC={headers}", f"CC={tools['gcc']}",
        "DAHDI_BUILD_ALL=", f"DAHDI_MODULES_EXTRA={wanted}", "modules",
    )  # fmt: skip
    next_step = "Try with Debian 12's own compiler: sudo apt-get install gcc-12"
    # What a surrounding make or a user's flags would say is not meant for this build.
    dropped = ("MAKEFLAGS", "MFLAGS", "CFLAGS", "LDFLAGS", "CPPFLAGS", "ARCH", "CROSS_COMPILE")
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    environment |= {"LD_LIBRARY_PATH": str(private), "LC_ALL": "C"}
    run_step("Building DAHDI", command, folder=source, environment=environment, next_step=next_step)


def _describe(work: Path, source: Path, release: str) -> Kernel:
    drivers = source / "drivers" / "dahdi"
    packaged = work / "lib" / "modules" / release / "kernel"
    modules = [_one(packaged, name) for name in _PACKAGED]
    modules += [_one(drivers, name) for name in _BUILT]
    for module in modules[len(_PACKAGED) :]:
        # Without what a debugger reads they are a tenth.
        subprocess.run(["strip", "--strip-debug", str(module)], check=False, capture_output=True)
    return Kernel(release, work / "boot" / f"vmlinuz-{release}", tuple(modules))


def _one(folder: Path, module: str) -> Path:
    found = sorted(folder.rglob(f"{module}.ko"))
    if not found:
        raise SetupError(f"There is no {module}.ko in {folder}; the laboratory needs a look.")
    return found[0]
