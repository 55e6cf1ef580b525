"""Stages of a compilation: who listens hears of all of them; a terminal shows them, a pipe does not."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

import axonc
from axonc import Graph
from axonc.ir.progress import advance, listening, stage


def small() -> Graph:
    builder = Graph.builder()
    builder.input("in", 4)
    builder.population("h", "lif", 3, tau=20e-3)
    builder.connect("in", "h", np.ones((3, 4)))
    builder.output("out", "h")
    return axonc.load(builder.graph(), dt=1e-3)


class Heard:
    """What a listener was told."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.done: dict[str, tuple[int | None, int]] = {}

    def begin(self, stage: str, total: int | None) -> None:
        self.open.append(stage)
        self.done[stage] = total, 0

    def advance(self, units: int) -> None:
        total, done = self.done[self.open[-1]]
        self.done[self.open[-1]] = total, done + units

    def end(self) -> None:
        self.open.pop()


def test_a_listener_hears_of_every_stage_and_all_of_its_units() -> None:
    heard = Heard()
    with listening(heard):
        axonc.compile(small(), "native")
    assert heard.open == []
    assert {"populations", "quantize", "cut", "pack", "place", "route", "plan", "data", "write"} <= set(heard.done)
    assert all(done == total for total, done in heard.done.values() if total is not None)


def test_a_stage_ends_where_it_fails() -> None:
    heard = Heard()
    with suppress(ArithmeticError), listening(heard), stage("one", 2):
        advance()
        raise ArithmeticError
    assert heard.open == []
    assert heard.done == {"one": (2, 1)}


def test_a_terminal_shows_stages_on_standard_error_and_a_pipe_does_not(tmp_path: Path) -> None:
    small().save(tmp_path / "model.axg")
    command = [sys.executable, "-m", "axonc", "compile", "model.axg", "--target", "native", "-o"]
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        watched = subprocess.Popen([*command, "a"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        seen = b""
        with suppress(OSError):  # the other end is closed
            while part := screen.read(1 << 16):
                seen += part
        watched.communicate()
    piped = subprocess.run([*command, "b"], cwd=tmp_path, capture_output=True, check=True)
    assert watched.returncode == 0
    assert b"build" in seen
    assert piped.stderr == b""
