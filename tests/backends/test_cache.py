"""Files of the cache: built by one, waited for by others, and only when what is in them differs."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from axonc.backends.spinnaker2.cache import built_once
from axonc.backends.spinnaker2.memory import MemoryMap
from axonc.backends.spinnaker2.toolchain import runtime_object, write_runtime


def test_one_builds_and_others_wait(tmp_path: Path) -> None:
    built: list[Path] = []

    def make(new: Path) -> None:
        built.append(new)
        time.sleep(0.05)
        new.write_text("whole")

    found = tmp_path / "folder" / "file.o"
    with ThreadPoolExecutor(4) as pool:
        texts = [path.read_text() for path in pool.map(lambda _: built_once(found, make), range(4))]
    assert texts == ["whole"] * 4
    assert len(built) == 1
    assert built[0].suffix == ".o"
    assert [path.name for path in found.parent.iterdir()] == ["file.o"]


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(new: Path) -> None:
        new.write_text("half")
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        built_once(tmp_path / "file", fail)
    assert not list(tmp_path.iterdir())
    assert built_once(tmp_path / "file", lambda new: new.write_text("whole")).read_text() == "whole"


def test_machines_with_other_memories_share_the_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def compiler(command: list[str], folder: Path) -> None:
        made.append(command[-1])
        Path(command[-1]).write_bytes(b"")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("axonc.backends.spinnaker2.toolchain.run_compiler", compiler)
    objects = []
    for name, memory in (("a", MemoryMap()), ("b", MemoryMap(sram_bytes=48 * 1024))):
        write_runtime(tmp_path / name / "runtime", memory)
        objects.append(runtime_object(tmp_path / name, ("runtime.c",), [str(tmp_path / "a" / "runtime" / "runtime.c")]))
    source = tmp_path / "b" / "runtime" / "runtime.c"
    source.write_text(source.read_text() + "\n")
    other = runtime_object(tmp_path / "b", ("runtime.c",), [str(tmp_path / "a" / "runtime" / "runtime.c")])
    assert objects[0] == objects[1] != other
    assert len(made) == 2
