"""Unpacks Debian packages into a private folder, from which they run by their own loader.

The folder appears under its name only when it is complete: everything happens in a work folder
beside it, which a later try takes up where an earlier one was cut.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from softswitch.setup.apt import PrivateApt
from softswitch.setup.apt_sources import read_sources
from softswitch.setup.progress import Progress, SetupError
from softswitch.setup.suites import choices, read_os_release

MANIFEST = "softswitch-prefix.json"
_FORMAT = 1
_LOADERS = ("ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "ld-linux-armhf.so.3")
# Nothing reads these at run time. Perl comes along because some package names it.
_NOT_NEEDED = (
    "usr/lib/*/perl*",
    "usr/share/doc",
    "usr/share/gdb",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/perl*",
)


@dataclass(frozen=True)
class Prefix:
    """A complete private folder of packages."""

    root: Path
    loader: Path
    library_path: str
    packages: tuple[str, ...]

    def command(self, program: str) -> tuple[str, ...]:
        """Give the words that start a program of this prefix, `program` as in `usr/bin/x`."""
        return (str(self.loader), "--library-path", self.library_path, str(self.root / program))


@dataclass(frozen=True)
class Recipe:
    """What goes into a prefix, and how to know that it works."""

    name: str
    packages: tuple[str, ...]
    lean: tuple[str, ...]
    """More packages, taken with what they depend on but for `left_out`."""
    left_out: tuple[str, ...]
    leading: str
    """The package whose version decides whether a suite will do."""
    megabytes: int
    """What is downloaded, for the one who waits."""
    accepts: Callable[[str], bool]
    finish: Callable[[Path], None]
    """Does in the unpacked folder what the packages' own scripts would have done."""
    check: Callable[[Prefix], None]
    """Raises SetupError when the unpacked programs do not run."""


def find_prefix(cache: Path, name: str) -> Prefix | None:
    """Find a complete prefix; None when there is none of this format."""
    return _open(cache / name)


def install_prefix(cache: Path, recipe: Recipe, progress: Progress) -> Prefix:
    """Make the prefix, or find it made. Safe to be called by two processes at once."""
    with _locked(cache):
        if (found := find_prefix(cache, recipe.name)) is not None:
            return found
        apt = PrivateApt(cache / "apt")
        _choose_suite(apt, recipe, progress)
        progress(f"{recipe.name}: downloading (about {recipe.megabytes} MB)")
        archives = _download(apt, recipe)
        work = cache / f".{recipe.name}.partial"
        shutil.rmtree(work, ignore_errors=True)
        progress(f"{recipe.name}: unpacking {len(archives)} packages")
        _unpack(archives, work)
        recipe.finish(work)
        _write_manifest(work, archives)
        progress(f"{recipe.name}: checking that it runs")
        prefix = _open(work)
        if prefix is None:
            raise SetupError(f"{work} was just written but cannot be read. Is the disk full?")
        recipe.check(prefix)
        target = cache / recipe.name
        shutil.rmtree(target, ignore_errors=True)
        work.rename(target)
        for archive in archives:
            archive.unlink(missing_ok=True)
    made = find_prefix(cache, recipe.name)
    if made is None:
        raise SetupError(f"{target} is gone right after it was made. Start again.")
    return made


def _choose_suite(apt: PrivateApt, recipe: Recipe, progress: Progress) -> None:
    """Point apt at the first archive and suite that have a good version."""
    problems = []
    for choice in choices(read_sources(), read_os_release()):
        progress(f"{recipe.name}: reading the package lists of {choice.suite}")
        apt.use_source(choice.to_deb822())
        try:
            apt.update()
            version = apt.candidate(recipe.leading)
        except SetupError as problem:
            problems.append(str(problem))
            continue
        if version is not None and recipe.accepts(version):
            return
        problems.append(f"{choice.suite} has {recipe.leading} {version or 'not at all'}.")
    raise SetupError(
        f"No suite of this machine's archives has a usable {recipe.leading}: {' '.join(problems)}"
    )


def forget_downloads(cache: Path) -> None:
    """Free the space that only an installation needs."""
    if not (cache / "apt").exists():
        return
    with _locked(cache):
        PrivateApt(cache / "apt").forget()


def lean_plan(
    lean: Sequence[str], left_out: Sequence[str], dependencies: Callable[[str], list[str]]
) -> tuple[list[str], list[str]]:
    """Split lean packages into those to take with their closure and those to take alone.

    A package that depends on one of `left_out` is taken alone, and its other dependencies are
    looked at in the same way.
    """
    whole: list[str] = []
    alone: list[str] = []
    queue = list(lean)
    while queue:
        package = queue.pop(0)
        needs = dependencies(package)
        if package in lean or set(needs) & set(left_out):
            alone.append(package)
            seen = {*whole, *alone, *queue, *left_out}
            queue += [name for name in needs if name not in seen]
        else:
            whole.append(package)
    return whole, alone


def _download(apt: PrivateApt, recipe: Recipe) -> list[Path]:
    whole, alone = lean_plan(recipe.lean, recipe.left_out, apt.dependencies)
    # What the recipe takes whole anyway is not a part of the lean packages.
    alone = [name for name in alone if name not in recipe.packages]
    return [
        *apt.download([*recipe.packages, *whole]),
        *(apt.download_alone(package) for package in alone),
    ]


def _unpack(archives: Sequence[Path], into: Path) -> None:
    # Merged folders first: older packages still carry files in /lib, and must land in usr/lib.
    for name in ("bin", "sbin", "lib", "lib64"):
        (into / "usr" / name).mkdir(parents=True, exist_ok=True)
        (into / name).symlink_to(f"usr/{name}")

    def unpack_one(archive: Path) -> None:
        # Unlike dpkg -x, tar can be told to follow the links above.
        with subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE
        ) as packed:
            done = subprocess.run(
                ["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", str(into)],
                stdin=packed.stdout,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode != 0 or packed.returncode != 0:
            raise SetupError(
                f"{archive.name} does not unpack: {done.stderr.strip() or 'damaged archive'}. "
                f"Remove {archive} and start again."
            )

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        list(pool.map(unpack_one, archives))
    for pattern in _NOT_NEEDED:
        for folder in into.glob(pattern):
            shutil.rmtree(folder, ignore_errors=True)


def _write_manifest(root: Path, archives: Sequence[Path]) -> None:
    loader = next(
        (path for name in _LOADERS for path in sorted(root.glob(f"usr/lib*/{name}"))), None
    )
    if loader is None:
        raise SetupError(
            f"No program loader is in {root}: the C library was not among the packages."
        )
    manifest = {
        "format": _FORMAT,
        "loader": str(loader.relative_to(root)),
        "libraries": _library_folders(root),
        # Every package of the closure by its file name, which carries the version.
        "packages": sorted(archive.name.removesuffix(".deb") for archive in archives),
    }
    (root / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")


def _library_folders(root: Path) -> list[str]:
    """List every folder with shared libraries, the usual ones before those of plug-ins."""
    folders = {
        path.parent.relative_to(root)
        for path in (root / "usr").rglob("*.so*")
        if not path.is_dir() and (path.name.endswith(".so") or ".so." in path.name)
    }
    return [str(folder) for folder in sorted(folders, key=lambda f: (len(f.parts), str(f)))]


def _open(root: Path) -> Prefix | None:
    try:
        manifest = json.loads((root / MANIFEST).read_text())
    except (OSError, ValueError):
        return None
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        return None
    root = root.absolute()
    return Prefix(
        root=root,
        loader=root / str(manifest["loader"]),
        library_path=":".join(str(root / str(folder)) for folder in manifest["libraries"]),
        packages=tuple(str(name) for name in manifest["packages"]),
    )


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """Let one process at a time install; the lock ends with the process, however it ends."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = (cache / "install.lock").open("w")
    except OSError as problem:
        raise SetupError(
            f"The cache folder {cache} cannot be written: {problem.strerror}. Mend its rights, or name "
            "another one in SOFTSWITCH_CACHE."
        ) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
