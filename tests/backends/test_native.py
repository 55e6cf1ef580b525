"""What the native target adds: few large cores, and programs in two forms; and spikes counted where cores record."""

from __future__ import annotations

from pathlib import Path

import gated_graphs
import models
import numpy as np
import pytest
from benchmarks.networks import events, recurrent

import axonc
from axonc.backends.spinnaker2.description import load_machine
from axonc.backends.spinnaker2.engine.bindings import host_level
from axonc.backends.spinnaker2.engine.native import _best
from axonc.backends.spinnaker2.toolchain import HOST_FORMS, library_form
from axonc.ir import Fixed, ModelError, Signal
from axonc.ir.ops import Input, Output, ToFixed

SMALL = "[grid]\npes = 4\n[cores]\nusable = 148\n[memory]\nsram = 131072\n"


def test_network_fits_one_core_unless_the_machine_is_small(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(SMALL)
    graph, x = recurrent(40, 600, 5), events(20, 40)
    large = axonc.compile(graph, target="native")
    small = axonc.compile(graph, target="native", machine=tmp_path / "small.toml")
    assert large.manifest["cores"] == 1
    assert small.manifest["cores"] > 1
    np.testing.assert_array_equal(large.run(x).outputs["out"], small.run(x).outputs["out"])


@pytest.mark.parametrize("window", [256, 700, 65536])
def test_sparse_rows_beyond_sixteen_bits(window: int, tmp_path: Path) -> None:
    """91 000 synapses reach a window of 256 targets: it is cut until a row's start fits its number. Wider windows have
    larger numbers, and of 1024 targets there are two, or one."""
    (tmp_path / "machine.toml").write_text(f"[synapses]\nwindow = {window}\n")
    graph = recurrent(30, 1024, 5, density=0.35)
    program = axonc.compile(graph, target="native", machine=tmp_path / "machine.toml")
    assert program.verify(events(12, 30, 0.3)).equal


def test_a_window_is_what_the_runtime_can_address(tmp_path: Path) -> None:
    (tmp_path / "machine.toml").write_text("[synapses]\nwindow = 300\n")
    with pytest.raises(ModelError, match=r"AX403 .*synapses\.window = 300; a whole number up to 256"):
        load_machine(tmp_path / "machine.toml")


def test_all_forms_of_a_program_agree(tmp_path: Path) -> None:
    """Populations of 200: whole tiles of columns, and some left over."""
    graph, x = recurrent(40, 200, 5), events(30, 40, 0.2)
    program = axonc.compile(graph, target="native", state="float32")
    library = next(path for path in (program.directory / "images").glob("*.so") if ".v" not in path.name)
    expected = program.run(x, ["h:v"], engine="reference").recorded["h:v"]
    for level in HOST_FORMS:
        shown = program.save(tmp_path / f"build{level}")
        np.testing.assert_array_equal(shown.run(x, ["h:v"]).recorded["h:v"], expected)
        library_form(library, level).unlink(missing_ok=True)


def test_all_forms_of_gated_units_agree(tmp_path: Path) -> None:
    """Populations of more units than a tile, dense rows whose targets are no multiple of a vector, events that are no
    multiple of the rows taken together; sparse rows."""
    random = np.random.default_rng(3)
    made = gated_graphs.Network(random)
    made.add("in", Input(Signal((45,))))
    source = (made.add("in.fixed", ToFixed(Fixed(16, 10)), "in"), 45)
    for kind, units, density in (("egru", 270, 1.0), ("lstm", 75, 0.1), ("gru_before", 33, 1.0), ("gru", 40, 0.2)):
        made.density = density
        source = (made.gated(kind, kind, source, units), units)
    made.add("out", Output(), made.neurons("readout", source, 3, 38, False))
    x = gated_graphs.values(random, True, (8, 45))
    program = axonc.compile(made.graph, target="native")
    library = next(path for path in (program.directory / "images").glob("*.so") if ".v" not in path.name)
    names = ["egru", "egru:c", "lstm", "gru_before", "gru", "readout:v"]
    expected = program.run(x, names, engine="reference").recorded
    for level in HOST_FORMS:
        shown = program.save(tmp_path / f"build{level}").run(x, names).recorded
        for name in names:
            np.testing.assert_array_equal(shown[name], expected[name])
        library_form(library, level).unlink(missing_ok=True)


def test_the_form_with_the_widest_vectors_is_loaded(tmp_path: Path) -> None:
    library = tmp_path / "program.so"
    there = [library_form(library, level) for level in HOST_FORMS if level <= host_level()]
    for form in reversed(there):
        form.touch()
        assert _best(library) == form


@pytest.mark.parametrize("target", ["native", "spinnaker2"])
def test_several_spikes_a_step_are_recorded_by_the_cores(target: str) -> None:
    graph = axonc.load(models.single(models.neuron("IF", 3), np.eye(3) * 4), semantics="sinabs,dt=1e-3")
    x = models.events((20, 3), 0.5, seed=2)
    program = axonc.compile(graph, target=target, record=["cell"], record_steps=20)
    recorded = program.run(x, ["cell"]).recorded["cell"]
    assert recorded.max() > 1
    np.testing.assert_array_equal(recorded, program.run(x, ["cell"], engine="reference").recorded["cell"])
