"""C++17 compilers, and a cache of what they made.

The compiler of the ``ziglang`` wheel is the default; ``compiler="c++"`` (or a path) takes that of the system.
Everything that is built lies in the user's cache under a name that says what is in it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ...spinnaker2.cache import built_once
from ...spinnaker2.toolchain import ToolchainError, cache_folder, find_zig

HERE = Path(__file__).parent
INCLUDE = HERE / "include"
SOURCE = HERE / "src"
ZIG = "zig"


@dataclass(frozen=True)
class Compiler:
    """A C++17 compiler: its command, and bytes that change when it does."""

    command: tuple[str, ...]
    identity: str


@cache
def find_compiler(name: str = ZIG) -> Compiler:
    """The compiler ``name``: "zig" for that of the wheel, else a command of the system.

    Raises:
        ToolchainError: there is no such compiler.
    """
    found = str(find_zig()) if name == ZIG else shutil.which(name)
    if found is None:
        raise ToolchainError(f'there is no compiler {name!r}; name another, or pip install "axonc[native]"')
    status = Path(found).stat()
    extra = ("c++", "-mcpu=baseline", "-fno-sanitize=all") if name == ZIG else ()
    return Compiler((found, *extra), f"{name} {status.st_size} {status.st_mtime_ns}")


def run_compiler(command: Sequence[str], folder: Path | None = None) -> str:
    """The output of a compiler; what it says on failure becomes the error."""
    zig = str(cache_folder() / "zig")
    environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": zig, "ZIG_LOCAL_CACHE_DIR": zig}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolchainError(f"{Path(command[0]).name} failed:\n{done.stderr.strip()}")
    return done.stdout


def kept(kind: str, suffix: str, key: Sequence[str | bytes], make: Callable[[Path], object]) -> Path:
    """The file in the cache that ``key`` describes; ``make`` writes it if it is not there."""
    digest = hashlib.sha256()
    for part in key:
        digest.update(part if isinstance(part, bytes) else part.encode())
        digest.update(b"\0")
    return built_once(cache_folder() / "ipu" / f"{kind}-{digest.hexdigest()[:32]}{suffix}", make)


@cache
def simulator_digest() -> str:
    """Changes with every header and source file of the simulator."""
    digest = hashlib.sha256()
    for path in sorted([*INCLUDE.rglob("*.h*"), *SOURCE.iterdir()]):
        digest.update(str(path.relative_to(HERE)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
