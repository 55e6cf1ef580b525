"""Writing a graph as a model file that other tools read."""

from __future__ import annotations

from pathlib import Path

from axonc.ir import Diagnostic, Graph, ModelError
from axonc.ir.files import write_file

from ..exports import export_nir


def export(graph: Graph, path: str | Path) -> tuple[Diagnostic, ...]:
    """Write a graph, at any stage, as a NIR file (``.nir``), whole or not at all.

    Its fields say what NIR can say: weights as the numbers that integers stand for, neurons in steps as the equations
    that they came from. Metadata keep everything exactly: `load` of the file gives this graph again, bit for bit.

    Args:
        graph: the graph: from `load`, a builder, or ``program.graph``.
        path: the file; its name ends in ``.nir``.

    Returns:
        What the fields cannot say, one diagnostic each.

    Raises:
        ModelError: the graph is not valid, too large for NIR's dense weights, or the file cannot be written.
    """
    target = Path(path)
    if target.suffix != ".nir":
        found, limit = f"a model file of type {target.suffix!r}", "graphs are exported as .nir"
        raise ModelError(Diagnostic("AX703", str(target), found, limit, "rename it"))
    exported = export_nir(graph)
    write_file(target, exported.content)
    return exported.notes
