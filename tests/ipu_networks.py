"""Networks on the simulator of IPUs, many in one executable: one call of the compiler instead of one for each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from axonc import Graph, Program
from axonc.backends.ipu.build import build_codelets
from axonc.backends.ipu.lower.base import Form
from axonc.backends.ipu.lower.forms import FORMS
from axonc.backends.ipu.simulator import build_program
from axonc.backends.ipu.simulator.programs import WARNINGS
from axonc.compiler.driver.directory import write_files
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import compile_graph
from axonc.compiler.driver.verify import Verification
from axonc.ir.interpret.run import Data

Choice = Form[Any] | tuple[Form[Any], ...] | None
"""A form, forms to choose from, or all."""

FAST = ("-O0", *WARNINGS)
"""Flags of programs that run once."""


@contextmanager
def programs(
    graphs: Sequence[Graph], options: Sequence[Options], forms: Sequence[Choice] = ()
) -> Iterator[list[Program]]:
    """The programs of the graphs for the target ipu; ``forms``: those that the projections of each may have."""
    with TemporaryDirectory() as made:
        folders = [Path(made) / str(index) for index in range(len(graphs))]
        for graph, chosen, folder, form in zip(graphs, options, folders, forms or [None] * len(folders), strict=True):
            folder.mkdir()
            able = FORMS if form is None else form if isinstance(form, tuple) else (form,)
            with patch("axonc.backends.ipu.plan.FORMS", able):
                write_files(folder, compile_graph(graph, "ipu", chosen).program.files)
        build_together(folders, Path(made) / "all")
        yield [Program(folder) for folder in folders]


def build_together(folders: Sequence[Path], executable: Path) -> None:
    """One executable for all, and in each folder a script that names its number."""
    texts = [(folder / "src" / "program.cpp").read_text() for folder in folders]
    includes = dict.fromkeys(line for text in texts for line in text.splitlines() if line.startswith("#include"))
    bodies = [
        f"namespace network{index} {{\n{re.sub('^#include.*$', '', text, flags=re.M)}\n}}"
        for index, text in enumerate(texts)
    ]
    cases = [f"case {index}: return network{index}::main(count - 1, values + 1);" for index in range(len(texts))]
    switch = f"int main(int count, char **values) {{ switch (std::stoi(values[1])) {{ {' '.join(cases)} }} return 2; }}"
    joined = folders[0] / "src" / "joined.cpp"
    joined.write_text("\n".join([*includes, *bodies, switch]))
    hosted = [path for path in sorted((folders[0] / "src").glob("*.cpp")) if path.name != "program.cpp"]
    build_program(hosted, [], executable, flags=FAST)
    for index, folder in enumerate(folders):
        build_codelets(folder)
        script = folder / "images" / "program"
        script.write_text(f'#!/bin/sh\nexec {executable} {index} "$@"\n')
        script.chmod(0o755)


def predicted(program: Program) -> dict[int, int]:
    """The bytes of every tile in use, as the compiler's report says."""
    tiles = json.loads((program.directory / "report.json").read_text())["tiles"]
    return {tile["tile"]: sum(tile["bytes"].values()) for tile in tiles}


def verified(program: Program, x: Data) -> Verification:
    """A run that equals the interpreter's, in exactly the bytes that the compiler predicted; what it leaves is what
    another run goes on from, over the same data."""
    verification = program.verify(x)
    assert verification.equal, str(verification.divergence)
    again = program.verify(x, state=verification.result.state)
    assert again.equal, f"going on: {again.divergence}"
    accounts = verification.result.stats["accounts"]
    if accounts is not None:
        assert accounts["undefined_reads"] == {}, accounts["undefined_reads"]
        observed = {tile: size for tile, size in enumerate(accounts["memory"]["tiles"]["total"]) if size}
        said = predicted(program)
        differing = {t: (said.get(t), b) for t, b in observed.items() if said.get(t) != b}
        assert differing == {}, differing
    return verification
