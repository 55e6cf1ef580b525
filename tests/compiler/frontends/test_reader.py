"""Files that are no models, or hostile ones, are refused with one `ModelError` and never anything else."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import models
import nir
import numpy as np
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st
from recorded import files

from axonc import ModelError
from axonc.compiler.frontends import read_nir

Edit = Callable[[h5py.File], None]


def written(path: Path, edit: Edit | None = None) -> Path:
    """A sound file, then edited."""
    nir.write(str(path), models.single(models.neuron("LIF", 1)))
    if edit is not None:
        with h5py.File(path, "a") as file:
            edit(file)
    return path


def codes(path: Path) -> list[str]:
    """The codes of what is wrong with a file."""
    with pytest.raises(ModelError) as caught:
        read_nir(path)
    assert all("\n" not in str(problem) for problem in caught.value.diagnostics)
    return [problem.code for problem in caught.value.diagnostics]


def replace(name: str, value: Any) -> Edit:
    """Another value of a field."""

    def edit(file: h5py.File) -> None:
        del file["node/nodes/" + name]
        file["node/nodes/" + name] = value

    return edit


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    graph = read_nir(written(tmp_path / "m.nir"))
    assert [node.name for node in graph] == ["input", "fc", "cell", "output"]
    assert len(graph.properties["source_sha256"]) == 64
    assert graph.properties["nir_version"] == nir.version


@pytest.mark.parametrize("content", [b"", b"not HDF5", b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n" + b"\xff" * 4096])
def test_what_is_not_hdf5_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.nir"
    path.write_bytes(content)
    assert codes(path) == ["AX101"]


def test_a_torch_archive_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.nir", "w") as archive:
        archive.writestr("archive/data.pkl", b"x")
    assert codes(tmp_path / "m.nir") == ["AX101"]


def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert codes(tmp_path) == ["AX703"]


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    assert codes(tmp_path / "absent.nir") == ["AX703"]


def test_hdf5_without_a_model_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.nir", "w") as file:
        file["something"] = np.arange(3)
    assert codes(tmp_path / "m.nir") == ["AX101"]


@pytest.mark.parametrize(
    "link", [h5py.SoftLink("/node"), h5py.ExternalLink("/etc/hostname", "/"), h5py.SoftLink("/nowhere")]
)
def test_links_are_refused(tmp_path: Path, link: Any) -> None:
    def edit(file: h5py.File) -> None:
        file["node/nodes/fc/link"] = link

    assert codes(written(tmp_path / "m.nir", edit)) == ["AX105"]


def test_a_group_that_contains_itself_is_refused(tmp_path: Path) -> None:
    def edit(file: h5py.File) -> None:
        file["node/nodes/loop"] = file["node"]

    assert codes(written(tmp_path / "m.nir", edit)) == ["AX105"]


def test_data_in_another_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(8))

    def edit(file: h5py.File) -> None:
        del file["node/nodes/fc/weight"]
        external = [(str(tmp_path / "secret"), 0, 8)]
        file.create_dataset("node/nodes/fc/weight", (1, 1), np.float64, external=external)

    assert codes(written(tmp_path / "m.nir", edit)) == ["AX105"]


def test_virtual_data_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["data"] = np.ones((1, 1))
    layout = h5py.VirtualLayout((1, 1), np.float64)
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "data", (1, 1))

    def edit(file: h5py.File) -> None:
        del file["node/nodes/fc/weight"]
        file.create_virtual_dataset("node/nodes/fc/weight", layout)

    assert codes(written(tmp_path / "m.nir", edit)) == ["AX105"]


def test_absurd_sizes_are_refused_before_memory_is_taken(tmp_path: Path) -> None:
    def edit(file: h5py.File) -> None:
        del file["node/nodes/fc/weight"]
        file.create_dataset("node/nodes/fc/weight", (1 << 20, 1 << 20), np.float64, chunks=(1024, 1024))

    path = written(tmp_path / "m.nir", edit)
    assert path.stat().st_size < 100_000
    assert codes(path) == ["AX105"]


def test_a_slash_in_a_name_is_refused(tmp_path: Path) -> None:
    def edit(file: h5py.File) -> None:
        file.move("node/nodes/fc", "node/nodes/a/fc")

    assert codes(written(tmp_path / "m.nir", edit)) == ["AX101"]


@pytest.mark.parametrize("depth", [40, 1000])
def test_deep_nesting_is_refused(tmp_path: Path, depth: int) -> None:
    def edit(file: h5py.File) -> None:
        group = file["node"]
        for _ in range(depth):
            group = group.create_group("nodes/deep")
            group["type"] = "NIRGraph"

    assert codes(written(tmp_path / "m.nir", edit)) == ["AX105"]


@pytest.mark.parametrize("name", [b"a\xff", b"a\nb", "a\u202eb".encode()])
def test_a_name_that_cannot_be_shown_is_refused(tmp_path: Path, name: bytes) -> None:
    assert codes(written(tmp_path / "m.nir", lambda file: file["node/nodes"].create_group(name))) == ["AX108"]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("fc/weight", np.full((1, 1), np.nan), "AX302"),
        ("fc/weight", np.full((1, 1), np.inf), "AX302"),
        ("fc/weight", np.full((1, 1), 1e300), "AX302"),
        ("fc/weight", np.ones((1, 1), np.complex64), "AX103"),
        ("fc/weight", "a text", "AX103"),
        ("fc/weight", np.ones((1, 2)), "AX301"),
        ("fc/weight", np.ones(1), "AX103"),
        ("fc/weight", np.ones((0, 1)), "AX103"),
        ("fc/weight", h5py.Empty("f"), "AX103"),
        ("cell/tau", np.zeros(1), "AX204"),
        ("cell/tau", -np.ones(1), "AX204"),
        ("cell/tau", np.full(1, np.nan), "AX302"),
        ("cell/tau", np.ones(3), "AX103"),
        ("cell/tau", h5py.Empty("f"), "AX103"),
        ("cell/tau", "text", "AX103"),
        ("cell/v_threshold", np.full(1, -np.inf), "AX302"),
        ("cell/type", "LIFE", "AX102"),
        ("cell/type", "Identity2", "AX102"),
        ("cell/type", "*/ #include <x>\n", "AX102"),
        ("cell/type", 7, "AX102"),
        ("cell/type", np.zeros(3), "AX102"),
        ("input/shape", np.array([2]), "AX301"),
        ("input/shape", np.array([-1]), "AX103"),
        ("input/shape", np.array([1.5]), "AX103"),
        ("input/shape", 1, "AX103"),
        ("input/shape", "one", "AX103"),
        ("input/shape", np.array([1 << 40]), "AX103"),
        ("input/shape", np.array([1 << 62, 1 << 62]), "AX103"),
        ("output/shape", np.array([0]), "AX103"),
    ],
)
def test_a_bad_field_has_its_own_code(tmp_path: Path, name: str, value: Any, code: str) -> None:
    assert codes(written(tmp_path / "m.nir", replace(name, value))) == [code]


@pytest.mark.parametrize("edges", [np.zeros((0, 2)), np.zeros(3), np.array([["a", "b", "c"]], "S1"), "text", 1.0])
def test_bad_edges_are_refused(tmp_path: Path, edges: Any) -> None:
    def edit(file: h5py.File) -> None:
        del file["node/edges"]
        file["node/edges"] = edges

    assert set(codes(written(tmp_path / "m.nir", edit))) <= {"AX101", "AX104", "AX304"}


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    def edit(file: h5py.File) -> None:
        replace("fc/weight", "text")(file)
        replace("cell/type", "LIFE")(file)
        replace("input/shape", np.array([0]))(file)

    assert sorted(codes(written(tmp_path / "m.nir", edit))) == ["AX102", "AX103", "AX103"]


@pytest.mark.parametrize("value", [7, "text", np.zeros((3, 3)), h5py.Empty("f")])
@pytest.mark.parametrize("name", ["metadata", "nodes/fc/metadata", "nodes/fc/metadata/deep/deeper"])
def test_odd_metadata_do_no_harm(tmp_path: Path, name: str, value: Any) -> None:
    def edit(file: h5py.File) -> None:
        file["node/" + name] = value

    assert read_nir(written(tmp_path / "m.nir", edit)).nodes


@pytest.mark.parametrize("version", [7, np.zeros(3), b"\xff", "x\ny", h5py.Empty("f")])
def test_an_odd_version_is_shown_on_one_line(tmp_path: Path, version: Any) -> None:
    def edit(file: h5py.File) -> None:
        del file["version"]
        file["version"] = version

    assert read_nir(written(tmp_path / "m.nir", edit)).properties["nir_version"].isprintable()


@pytest.mark.parametrize("name", ["lif1.lif", "a b", "import", "\u00e9", "1", "lif1."])
def test_names_are_kept(tmp_path: Path, name: str) -> None:
    def edit(file: h5py.File) -> None:
        file["node/nodes"].move("cell", name)
        edges = [("input", "fc"), ("fc", name), (name, "output")]
        del file["node/edges"]
        file["node"].create_dataset("edges", data=edges, dtype=h5py.string_dtype())

    assert name in read_nir(written(tmp_path / "m.nir", edit))


@strategies.examples(60)
@given(data=st.data())
def test_damaged_bytes_never_crash_the_reader(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("damaged") / "m.nir"
    content = bytearray(written(path).read_bytes())
    for _ in range(data.draw(st.integers(1, 20))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.sampled_from([len(content), len(content), len(content) // 2]))])
    with suppress(ModelError):
        read_nir(path)


@pytest.mark.parametrize("path", files("history", "malformed", "paper/01_lif", "paper/03_rnn"), ids=lambda p: p.name)
def test_files_of_the_wild_load_or_are_refused(path: Path) -> None:
    with suppress(ModelError):
        assert read_nir(path).nodes
