"""The guest's file system: Asterisk, its modules, the tools, and the libraries that they name."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from softswitch.setup.lab import contents
from softswitch.setup.lab.cpio import Tree
from softswitch.setup.lab.kernel import Kernel
from softswitch.setup.prefix import Prefix
from softswitch.setup.progress import SetupError

_LIBRARIES = "usr/lib/x86_64-linux-gnu"
_LOADER = "usr/lib64/ld-linux-x86-64.so.2"
_FOLDERS = (
    "dev", "proc", "sys", "run", "tmp", "job", "root", "busybox", "etc/asterisk", "usr/bin", "usr/sbin",
    "usr/lib64", _LIBRARIES, "var/lib/asterisk", "var/log/asterisk", "var/spool/asterisk",
)  # fmt: skip
_MERGED = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
_NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]")
# The C library opens these by name.
_BY_NAME = ("libnss_files.so.2", "libgcc_s.so.1")
# Spans get their numbers in the order in which they come, and no daemon has to say so.
_WORDS = {"dahdi": "auto_assign_spans=1"}

INIT = """\
#!/bin/busybox sh
# Brings the guest up and hands over to what the job's disk says.
/bin/busybox --install -s /busybox
export PATH=/usr/sbin:/usr/bin:/busybox
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm; mount -t devpts pts /dev/pts
for folder in /dev/shm /run /tmp; do mount -t tmpfs memory $folder; done
while read module words; do insmod /modules/$module.ko $words; done < /modules/order
ip link set lo up
tar -xf /dev/vda -C /job && exec sh /job/start
echo "the job's disk cannot be read"; poweroff -f
"""


def make_tree(kernel: Kernel, asterisk: Prefix, tools: Prefix, category: Path) -> Tree:
    """Choose the files; raise SetupError when a package lacks one of them. `category` is the library of that name."""
    tree = Tree(folders=set(_FOLDERS), links=dict(_MERGED))
    own = [_program(asterisk, name) for name in (contents.ASTERISK, contents.PERL)]
    programs = [*own, *_modules(asterisk)]
    helpers = [path for name in contents.TOOL_PROGRAMS if (path := tools.root / name).is_file()]
    for path in programs:
        tree.add(str(path.relative_to(asterisk.root)), path.resolve())
    for path in helpers:
        tree.add(str(path.relative_to(tools.root)), path.resolve())
    tree.link("usr/bin/sh", "busybox")
    for path in _libraries([*programs, *helpers], [asterisk.root, tools.root]):
        tree.add(f"{_LIBRARIES}/{path.name}", path.resolve())
    tree.add(contents.CATEGORY, category)
    tree.add(_LOADER, (asterisk.root / _LOADER).resolve())
    for name in contents.ASTERISK_DATA:
        if (asterisk.root / name).is_file():
            tree.add(name, asterisk.root / name)
    _add_kernel_modules(tree, kernel)
    tree.add("init", INIT.encode())
    tree.add("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    tree.add("etc/group", b"root:x:0:\n")
    tree.add("etc/nsswitch.conf", b"passwd: files\ngroup: files\nhosts: files\n")
    tree.add("etc/hosts", b"127.0.0.1 localhost\n")
    return tree


def _program(prefix: Prefix, name: str) -> Path:
    path = prefix.root / name
    if not path.is_file():
        raise SetupError(f"{path} is missing. Remove {prefix.root} and start again.")
    return path


def _modules(asterisk: Prefix) -> list[Path]:
    folder = asterisk.root / _LIBRARIES / "asterisk" / "modules"
    return [
        _program(asterisk, str((folder / f"{name}.so").relative_to(asterisk.root)))
        for name in contents.MODULES
    ]


def _add_kernel_modules(tree: Tree, kernel: Kernel) -> None:
    for module in kernel.modules:
        tree.add(f"modules/{module.name}", module)
    order = [f"{module.stem} {_WORDS.get(module.stem, '')}" for module in kernel.modules]
    tree.add("modules/order", "\n".join([*order, ""]).encode())


def _libraries(programs: Sequence[Path], roots: Sequence[Path]) -> list[Path]:
    """Follow the names of libraries from the programs on, until no new one comes."""
    places = {
        path.name: path
        for root in reversed(roots)
        for folder in ("usr/lib", _LIBRARIES)
        for path in sorted(root.glob(f"{folder}/*.so*"))
    }
    found: dict[str, Path] = {name: places[name] for name in _BY_NAME if name in places}
    front: list[Path] = [*programs, *found.values()]
    while front:
        names = sorted(_needed_by(front) - found.keys())
        if missing := [
            name for name in names if name not in places and not name.startswith("ld-linux")
        ]:
            raise SetupError(f"No package holds {missing[0]}. Remove {roots[0]} and start again.")
        front = [places[name] for name in names if name in places]
        found |= {path.name: path for path in front}
    return list(found.values())


def _needed_by(files: Iterable[Path]) -> set[str]:
    """Ask which libraries these files name in their dynamic section."""
    listed = [str(path) for path in files]
    done = subprocess.run(["readelf", "-d", *listed], capture_output=True, text=True, check=False)
    # A static program has no such section, for which readelf says so and goes on.
    return {match[1] for line in done.stdout.splitlines() if (match := _NEEDED.search(line))}
