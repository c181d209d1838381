"""Where files are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """A folder, a path in it, and how LIST writes the folder's name."""

    root: Path
    path: str
    label: str

    @property
    def target(self) -> Path:
        return self.root / self.path if self.path else self.root

    def files(self) -> list[Path]:
        """The files at the path: one, all below it as a folder, or all that start with it."""
        every = sorted(f for f in self.root.rglob("*") if f.is_file())
        return [f for f in every if f.relative_to(self.root).as_posix().startswith(self.path)]
