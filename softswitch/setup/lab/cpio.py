"""Writes an initial RAM file system: a cpio archive of the `newc` kind, as the kernel unpacks it.

Described in the kernel's documentation, driver-api/early-userspace/buffer-format. It is not
compressed: the guest has no fast processor to unpack it with, and reading it costs nothing.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

_MAGIC = "070701"
_ALIGNMENT = 4
_TRAILER = "TRAILER!!!"


@dataclass
class Tree:
    """What goes into the archive, by path without a leading slash; parents come by themselves."""

    files: dict[str, bytes | Path] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)

    def add(self, path: str, content: bytes | Path) -> None:
        """Add a file that everybody may run."""
        self.files[path] = content

    def link(self, path: str, target: str) -> None:
        """Add a symbolic link."""
        self.links[path] = target

    def entries(self) -> Iterator[tuple[str, int, bytes | Path]]:
        """Give path, mode and content of every entry, folders before what they hold."""
        folders = set(self.folders)
        for path in (*self.files, *self.links, *self.folders):
            folders.update(str(parent) for parent in Path(path).parents if str(parent) != ".")
        for folder in sorted(folders):
            if folder not in self.links:
                yield folder, stat.S_IFDIR | 0o755, b""
        for path, target in sorted(self.links.items()):
            yield path, stat.S_IFLNK | 0o777, target.encode()
        for path, content in sorted(self.files.items()):
            yield path, stat.S_IFREG | 0o755, content


def write(tree: Tree, out: BinaryIO) -> None:
    """Write the archive of a tree."""
    number = 0
    for number, (path, mode, content) in enumerate(tree.entries(), start=1):
        _entry(out, number, path, mode, content)
    _entry(out, number + 1, _TRAILER, 0, b"")


def _entry(out: BinaryIO, number: int, path: str, mode: int, content: bytes | Path) -> None:
    data = content.read_bytes() if isinstance(content, Path) else content
    name = path.encode() + b"\0"
    # inode, mode, uid, gid, links, time, size, 2 x device, 2 x device of the node, name, checksum
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
    header = (_MAGIC + "".join(f"{value:08X}" for value in fields)).encode()
    out.write(_padded(header + name))
    out.write(_padded(data))


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % _ALIGNMENT)
