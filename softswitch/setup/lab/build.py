"""Finds or builds the laboratory: a kernel, a file system and a QEMU to run them."""

from __future__ import annotations

import fcntl
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from softswitch.setup.apt import PrivateApt
from softswitch.setup.asterisk import install_private
from softswitch.setup.hashes import hash_of_files
from softswitch.setup.lab import contents
from softswitch.setup.lab.category import SOURCE, build_category
from softswitch.setup.lab.cpio import write
from softswitch.setup.lab.image import make_tree
from softswitch.setup.lab.kernel import Kernel, build_kernel, find_tools
from softswitch.setup.lab.qemu import Qemu, find_qemu, install_qemu
from softswitch.setup.prefix import install_prefix
from softswitch.setup.progress import Progress, SetupError

FOLDER = "lab"
_KERNEL = "vmlinuz"
_FILES = "files.cpio"
_STAMP = "built.json"
_MACHINE = "x86_64"


@dataclass(frozen=True)
class Lab:
    """What a rehearsal starts from."""

    kernel: Path
    files: Path
    qemu: Qemu
    release: str
    """The kernel's."""


def find_lab(cache: Path) -> Lab:
    """Find a laboratory that was built; raise SetupError when there is none."""
    folder = cache / FOLDER
    stamp = _read_stamp(folder)
    if stamp is None:
        raise SetupError(
            f"No trunk laboratory is in {folder}. Build it with: python3 -m softswitch.setup lab"
        )
    return Lab(folder / _KERNEL, folder / _FILES, find_qemu(cache), str(stamp.get("release", "")))


def install_lab(cache: Path, progress: Progress) -> Lab:
    """Find the laboratory, or build it. Safe to be called by two processes at once."""
    qemu = install_qemu(cache, progress)
    folder = cache / FOLDER
    with _locked(cache):
        stamp = _read_stamp(folder)
        # One that was copied from another machine says no recipe, and is taken as it is.
        if stamp is None or stamp.get("recipe") not in (None, _recipe()):
            stamp = _build(cache, folder, progress)
    lab = Lab(folder / _KERNEL, folder / _FILES, qemu, str(stamp.get("release", "")))
    progress(f"trunk laboratory, kernel {lab.release}")
    return lab


def _build(cache: Path, folder: Path, progress: Progress) -> dict[str, object]:
    _check_machine(folder)
    find_tools()
    asterisk = install_private(cache, progress)
    tools = install_prefix(cache, contents.TOOLS, progress)
    work = cache / f".{FOLDER}.partial"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    kernel = build_kernel(work, PrivateApt(cache / "apt-lab"), folder, progress)
    progress("laboratory: packing the guest")
    made = work / "made"
    made.mkdir()
    with (made / _FILES).open("wb") as out:
        write(make_tree(kernel, asterisk, tools, build_category(work)), out)
    shutil.copyfile(kernel.image, made / _KERNEL)
    stamp = _write_stamp(made, kernel)
    shutil.rmtree(folder, ignore_errors=True)
    made.rename(folder)
    shutil.rmtree(work, ignore_errors=True)
    PrivateApt(cache / "apt-lab").forget()
    return stamp


def _check_machine(folder: Path) -> None:
    import platform

    if sys.platform != "linux" or platform.machine() != _MACHINE:
        raise SetupError(
            f"The laboratory is built on {_MACHINE} machines, this one is {platform.machine()}. Build it on "
            f"such a machine (python3 -m softswitch.setup lab) and copy its folder to {folder}."
        )


def _recipe() -> str:
    """Tell what the laboratory was built by: another recipe builds it anew."""
    made_of = (*sorted(Path(__file__).parent.glob("*.py")), SOURCE)
    return hash_of_files([], *(file.read_text() for file in made_of))


def _write_stamp(folder: Path, kernel: Kernel) -> dict[str, object]:
    stamp: dict[str, object] = {"recipe": _recipe(), "release": kernel.release}
    (folder / _STAMP).write_text(json.dumps(stamp, indent=1) + "\n")
    return stamp


def _read_stamp(folder: Path) -> dict[str, object] | None:
    try:
        stamp = json.loads((folder / _STAMP).read_text())
    except (OSError, ValueError):
        return None
    whole = all((folder / name).is_file() for name in (_KERNEL, _FILES))
    return stamp if isinstance(stamp, dict) and whole else None


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """Let one process at a time build; the lock ends with the process, however it ends."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lab.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
