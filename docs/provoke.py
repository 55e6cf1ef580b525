"""An example of every diagnostic: code that provokes it, and the line that it gives."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import h5py
import ledger
import nir
import numpy as np
import onnx
from ledger import ONE, chain, dense, graph, last, lif, loop, sink, source
from scipy import sparse

import axonc
from axonc import AxoncError, Graph
from axonc.backends.spinnaker2.backend import SpiNNaker2
from axonc.compiler.driver import golden
from axonc.compiler.driver.check import check_model
from axonc.compiler.driver.loading import read_model
from axonc.compiler.driver.options import Options
from axonc.compiler.driver.pipeline import prepare, stages
from axonc.compiler.driver.quantisation import Quantisation
from axonc.compiler.driver.targets import missing_extra
from axonc.compiler.exports import export_nir
from axonc.compiler.number_formats import FormatChoice
from axonc.ir import Fixed, Kind, Node, Signal, require_valid
from axonc.ir.ops import Input, Linear, MatMul, Output, ToFixed
from axonc.ir.signal import Element
from axonc.ir.target import HostInterface

Lines = Iterable[object]
DT = "nir,dt=1e-3"


def example(code: str) -> str:
    """The first line with this code that its example gives."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        try:
            given = list(EXAMPLES[code]() or ())
        except AxoncError as error:
            given = list(error.diagnostics)
    return next(str(line) for line in given if str(line).startswith(code))


def checked(model: Any, semantics: str = DT, inputs: str | None = None, **options: Any) -> Lines:
    """What `check` finds for spinnaker2."""
    found = check_model(model, "spinnaker2", Options(**options), semantics, inputs=inputs)
    return (*found.problems, *found.repairs, *found.notes)


def file(model: nir.NIRGraph, edit: Callable[[h5py.File], None]) -> Path:
    """A file of the model, edited."""
    path = Path("model.nir")
    nir.write(path, model)
    with h5py.File(path, "a") as content:
        edit(content)
    return path


def without(name: str) -> Callable[[h5py.File], None]:
    """An edit that removes a field."""
    return lambda content: content.__delitem__(f"node/nodes/{name}")


def machine(text: str, model: nir.NIRGraph | None = None, **options: Any) -> Lines:
    """What `check` finds on a machine with other figures."""
    Path("machine.toml").write_text(text)
    return checked(model or loop(lif), machine=Path("machine.toml"), **options)


def quantised(model: nir.NIRGraph | None = None, **options: Any) -> Lines:
    """The notes of a network, a recurrent one if none is given, of which the reference makes integers."""
    final, _, _ = prepare(axonc.load(model or loop(lif), dt=1e-3), "reference", Options("int8", **options))
    return final.properties["notes"].splitlines()


def observed(x: np.ndarray[Any, Any], **fields: Any) -> Lines:
    """The notes of formats that follow from data."""
    return quantised(
        last(nir.LI(5e-3 * ONE, ONE, 0 * ONE)), state="q16", calibrate=x, quantize=Quantisation(ranges="data", **fields)
    )


def config(text: str) -> Lines:
    """What a configuration file gives."""
    Path("axonc.toml").write_text(text)
    axonc.load(loop(lif), dt=1e-3, config="axonc.toml")
    return ()


def built(*nodes: Node, stage: str = "steps") -> Graph:
    """A graph of nodes."""
    return require_valid(Graph("example", nodes, stage, 1e-3))


def _pruned(how: str) -> Lines:
    """The notes of a pruning by data in which nothing happens."""
    model = chain((3,), dense(2, 3), lif(2), dense(2, 2), lif(2))
    pruned = axonc.prune(axonc.load(model, "nir,dt=2e-3"), how, calibrate=np.zeros((50, 3)))
    return pruned.properties["notes"].splitlines()


PAIRS = chain((2,), dense(2, 2), lif(2), nir.Linear(np.eye(2)), lif(2))
"""Neurons that each send to one other."""

NARROW = "[cores]\nusable = 1\n[board]\nchips = [[0, 0], [1, 0]]\n[link]\nbits_per_s = 1\n"
"""Two chips with hardly a link between them."""

INPUT = Node("input", Input(Signal((2,), Kind.EVENT)))


def neurons(**changes: Any) -> nir.NIRGraph:
    """input -> weights -> LIF with other parameters -> output."""
    one = np.ones(4)
    usual = {"tau": 5e-3 * one, "r": one, "v_leak": 0 * one, "v_threshold": one, "v_reset": 0 * one}
    return last(nir.LIF(**{**usual, **{name: value * one for name, value in changes.items()}}))


def steps_inside() -> nir.NIRGraph:
    """Time constants and gains that agree in a time step, as some exporters write them."""
    tau = np.array([5e-3, 4e-3, 8e-3, 2e-3])
    return neurons(tau=tau, r=tau / 1e-3)


def inlined() -> nir.NIRGraph:
    """A nested graph that an exporter inlined, leaving an edge to it."""
    nodes = {"input": source(2), "fc": dense(2, 2), "lif1.lif": lif(2), "output": sink(2)}
    model = graph(nodes, "input fc", "lif1.lif output")
    model.edges.append(("fc", "lif1"))
    return model


def same_name() -> nir.NIRGraph:
    """Two nodes that get one name when nested graphs are flattened."""
    inner = graph({"input": source(2), "b": dense(2, 2), "output": sink(2)}, "input b output")
    nodes = {"input": source(2), "a": inner, "a.b": dense(2, 2), "output": sink(2)}
    return graph(nodes, "input a a.b output")


def wrapped() -> nir.NIRGraph:
    """The Input of a nested graph left inside when an exporter inlined it."""
    nodes = {"input": source(2), "a.input": source(2), "a.lif": lif(2), "output": sink(2)}
    return graph(nodes, "input a.input a.lif output")


def wrong_shape() -> nir.NIRGraph:
    """A convolution that states another input_shape than what feeds it has."""
    return ledger.between((ledger.conv(size=(5, 5))[0], *ledger.conv()[1:]))


def exported(edit: Callable[[h5py.File], None]) -> Lines:
    """What reading an export gives, when it was edited."""
    graph = stages(axonc.load(loop(lif), dt=1e-3), "spinnaker2", Options())[-1][1]
    axonc.export(graph, "model.nir")
    with h5py.File("model.nir", "a") as content:
        edit(content)
    return read_model("model.nir").properties["repairs"].splitlines()


def _edit_weight(content: h5py.File) -> None:
    content["node/nodes/fc/weight"][0, 0] = 7.0


def _edit_metadata(content: h5py.File) -> None:
    del content["node/metadata/axonc/version"]


def _another_top(content: h5py.File) -> None:
    content["node/type"][()] = "LIF"


def _link(content: h5py.File) -> None:
    content["node/elsewhere"] = h5py.ExternalLink("other.h5", "/")


def _renamed(content: h5py.File) -> None:
    content["node/nodes"].move("node0", "node\n0")


def differing() -> Lines:
    """A golden of one program, and another program."""
    one, other = (axonc.compile(axonc.load(neurons(v_threshold=th), dt=1e-3), target="reference") for th in (0.5, 0.1))
    x = np.ones((20, 4), np.int64)
    golden.require_equal(golden.compare_with(other, golden.capture(one, {"input": x}), None))
    return ()


def large() -> Lines:
    """A sparse matrix that is too large where no zero is left out."""
    shape = (1 << 14, 1 << 14)
    source = Node("input", Input(Signal(shape[1:], Kind.EVENT)))
    nodes = (source, Node("fc", Linear(sparse.csr_array(shape)), ("input",)), Node("output", Output(), ("fc",)))
    return export_nir(Graph("large", nodes, "steps", 1e-3)).notes


def _into_integers() -> Graph:
    """An input that becomes integers."""
    nodes = (Node("input", Input(Signal((3,)))), Node("fixed", ToFixed(Fixed(16, 8)), ("input",)))
    return Graph("rounded", (*nodes, Node("output", Output(), ("fixed",))), "steps", 1e-3)


def _interpreted(**changes: Any) -> Lines:
    axonc.interpret(axonc.load(neurons(), dt=1e-3), **{"x": np.ones((5, 4)), **changes})
    return ()


def _halves() -> Lines:
    """A product of numbers of 16 bits."""
    half = Signal((2, 2), format=Element("float16"))
    nodes = [Node("input", Input(half)), Node("product", MatMul((half, half)), ("input",), reads=("input",))]
    graph = built(*nodes, Node("output", Output(), ("product",)))
    return check_model(graph, "native", Options(weights="float32")).problems


def _emulated() -> Lines:
    """An emulator for a program without cores."""
    axonc.compile(axonc.load(neurons(), dt=1e-3), "reference").run(np.ones((5, 4)), engine="emulator")
    return ()


def _evaluated(**changes: Any) -> Lines:
    graph = axonc.load(neurons(), dt=1e-3)
    axonc.evaluate(axonc.compile(graph, "reference"), np.ones((1, 5, 4)), jobs=1, **changes)
    return ()


def _trained(semantics: str = DT, model: nir.NIRGraph | None = None, **changes: Any) -> Lines:
    graph = axonc.load(neurons() if model is None else model, semantics)
    axonc.train(graph, (np.ones((2, 5, 4)), np.array([0, 1])), **{"epochs": 1, **changes})
    return ()


def _continued() -> Lines:
    for seed in (0, 1):
        _trained(checkpoint="training.npz", seed=seed)
    return ()


def _operator(kind: str, *operands: str, option: str | None = None, extent: int | str = 4, **fields: Any) -> Lines:
    """An ONNX model of one operator from x to y."""
    x, y = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, extent]) for name in "xy")
    more = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.INT64, [2]) for name in operands]
    node = onnx.helper.make_node(kind, ["x", *operands], ["y"], name="node", **fields)
    made = onnx.helper.make_graph([node], "model", [x, *more], [y])
    axonc.load(
        onnx.helper.make_model(made, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=8), onnx=option
    )
    return ()


def _unrolled() -> Lines:
    """An ONNX model that adds three elements of x, times 2 or 3 from step to step."""
    nodes = [onnx.helper.make_node("Split", ["x"], ["a", "b", "c"], axis=0, num_outputs=3)]
    for k, (before, element, after) in enumerate((("a", "b", "s"), ("s", "c", "y"))):
        nodes.append(onnx.helper.make_node("Mul", [before, f"w{k}"], [f"p{k}"]))
        nodes.append(onnx.helper.make_node("Add", [f"p{k}", element], [after]))
    stored = [onnx.numpy_helper.from_array(np.float32(k + 2), f"w{k}") for k in range(2)]
    x, y = (
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [n, 4]) for name, n in (("x", 3), ("y", 1))
    )
    made = onnx.helper.make_graph(nodes, "model", [x], [y], stored)
    opsets = [onnx.helper.make_opsetid("", 18)]
    axonc.load(onnx.helper.make_model(made, opset_imports=opsets, ir_version=8), onnx="time=sequence")
    return ()


def _odd(*names: str) -> Graph:
    nodes = [Node(name, Linear(np.eye(2)), ("input",)) for name in names]
    return Graph("names", (INPUT, *nodes, Node("output", Output(), names)), "steps", 1e-3)


def _rounded(bits: int) -> Graph:
    nodes = (Node("input", Input(Signal((2,)))), Node("rounded", ToFixed(Fixed(bits)), ("input",)))
    return Graph("rounded", (*nodes, Node("output", Output(), ("rounded",))), "steps", 1e-3)


EXAMPLES: dict[str, Callable[[], Lines | None]] = {
    "AX101": lambda: checked(file(neurons(), _another_top)),
    "AX102": lambda: checked(ledger.unknown()),
    "AX103": lambda: checked(file(neurons(), without("node/tau"))),
    "AX104": lambda: checked(ledger.doubled()),
    "AX105": lambda: checked(file(neurons(), _link)),
    "AX106": lambda: checked(same_name()),
    "AX107": lambda: [built(INPUT)],
    "AX108": lambda: checked(file(chain((2,), lif(2)), _renamed)),
    "AX110": lambda: checked(inlined()),
    "AX111": lambda: checked(graph({"fc": dense(2, 2), "lif": lif(2)}, "fc lif")),
    "AX112": lambda: checked(wrapped()),
    "AX113": lambda: checked(chain((2,), dense(2, 2), lif())),
    "AX114": lambda: checked(file(ledger.between(ledger.conv()), without("node/bias"))),
    "AX115": lambda: checked(wrong_shape()),
    "AX116": lambda: checked(chain((1, 2), dense(2, 2), lif(2))),
    "AX117": lambda: checked(ledger.VARIANTS["Conv2d, no input_shape"]().model),
    "AX118": lambda: checked(steps_inside(), "nir"),
    "AX119": lambda: checked(steps_inside(), "nir,dt=1e-4"),
    "AX120": lambda: exported(_edit_weight),
    "AX121": lambda: exported(_edit_metadata),
    "AX130": lambda: _operator("NonZero"),
    "AX131": lambda: _operator("ArgMax", select_last_index=1),
    "AX132": lambda: _operator("Reshape", "shape"),
    "AX133": lambda: _operator("Relu", extent="N"),
    "AX134": lambda: _operator("Relu", option="time=sequence"),
    "AX135": _unrolled,
    "AX136": lambda: _operator("Relu", option="segment=70"),
    "AX201": lambda: checked(neurons(), "nir"),
    "AX202": lambda: [axonc.load(neurons(), "nir,rest=zero")],
    "AX203": lambda: checked(neurons(), "nir,dt=1"),
    "AX204": lambda: checked(neurons(tau=0.0)),
    "AX205": lambda: checked(file(neurons(), without("node/v_reset"))),
    "AX206": lambda: checked(neurons(), "nir,dt=1e-3,spikes=3"),
    "AX207": lambda: config('[nodes."lif*"]\nsemantics = "reset=zero"\n'),
    "AX208": lambda: config('[nodes.cell]\nsemantics = "dt=1e-4"\n'),
    "AX301": lambda: checked(chain((3,), dense(2, 4), lif(2))),
    "AX302": lambda: checked(neurons(r=np.nan)),
    "AX303": lambda: checked(ledger.stateless_loop()),
    "AX304": lambda: [built(INPUT, Node("output", Output(), ("fc",)))],
    "AX305": lambda: [axonc.compile(read_model(neurons()), target="reference")],
    "AX306": lambda: checked(ledger.VARIANTS["Conv2d, padding same, stride 2"]().model),
    "AX401": lambda: checked(neurons(), inputs="events:20000000"),
    "AX402": lambda: checked(last(nir.IF(ONE, ONE)), "nir,dt=1e-3,reset=subtract", state="loihi"),
    "AX403": lambda: checked(neurons(), state="q64"),
    "AX404": lambda: checked(neurons(tau=50.0), state="q16"),
    "AX405": lambda: checked(neurons(), inputs="dense"),
    "AX406": lambda: quantised(formats=(FormatChoice("rec", "weights", "int4"),)),
    "AX407": lambda: quantised(quantize=Quantisation(scales="mse", rounding="truncate")),
    "AX408": lambda: observed(np.eye(50, 4), margin=1.0, percentile=50.0),
    "AX409": lambda: observed(np.zeros((50, 4))),
    "AX410": lambda: quantised(formats=(FormatChoice("lif*", "weights", "int4"),)),
    "AX411": lambda: [axonc.prune(axonc.load(neurons(), DT), "0.5,nodes=head")],
    "AX412": lambda: _pruned("silent"),
    "AX413": lambda: _pruned("thresholds,rate=0.1"),
    "AX415": lambda: [axonc.search(axonc.load(neurons(), DT), np.ones((2, 5, 4)), [0, 1], keep=1.0)],
    "AX501": lambda: machine("", host=HostInterface(("cell:v",), 100_000)),
    "AX502": lambda: machine("[cores]\nusable = 1\n", slice_size=1, strategy="spread"),
    "AX503": lambda: machine("[router]\nentries = 1\n", PAIRS, slice_size=1, strategy="spread"),
    "AX504": lambda: machine("[router]\nkey_bits = 1\n"),
    "AX505": lambda: machine("[clock]\ntick_s = 1e-6\n"),
    "AX506": lambda: machine(NARROW, slice_size=1, strategy="spread"),
    "AX601": lambda: checked(neurons(), "nir,dt=1e-3,reset=subtract,spikes=1000"),
    "AX602": lambda: checked(ledger.between(ledger.SAMPLES["LI"]())),
    "AX603": lambda: check_model(neurons(), "loihi", Options()).problems,
    "AX604": lambda: _halves(),
    "AX605": lambda: _emulated(),
    "AX607": lambda: SpiNNaker2().check(_rounded(32)),
    "AX701": lambda: _interpreted(x=np.ones((5, 3))),
    "AX702": lambda: _interpreted(record=["node:i"]),
    "AX703": lambda: checked("absent.nir"),
    "AX704": lambda: config('colour = "blue"\n'),
    "AX705": lambda: _evaluated(y=[9]),
    "AX706": lambda: _evaluated(graph=axonc.load(chain((3,), dense(2, 3), lif(2)), dt=1e-3)),
    "AX707": _continued,
    "AX708": lambda: _interpreted(state={}),
    "AX711": lambda: export_nir(axonc.load(neurons(), "snntorch,dt=1e-3,reset=subtract")).notes,
    "AX712": lambda: export_nir(_odd("layer/1")).notes,
    "AX713": large,
    "AX714": lambda: export_nir(_into_integers()).notes,
    "AX801": differing,
    "AX810": lambda: _trained(nodes=()),
    "AX811": lambda: _trained("snntorch,dt=1e-3,reset=subtract_guarded"),
    "AX812": lambda: _trained(model=last(nir.LI(ONE, ONE, 0 * ONE)), optimiser="sgd,rate=1e39"),
    "AX820": lambda: _trained(memory=100),
    "AX821": lambda: [axonc.plan(axonc.load(neurons(), DT), steps=0)],
    "AX822": lambda: _trained(checkpoints="triple"),
    "AX823": lambda: _trained(target="ipu", clip=1.0),
    "AX901": lambda: missing_extra("spinnaker2", ModuleNotFoundError(name="unicorn")).diagnostics,
}
"""What provokes each code: raises, or gives lines of which one has it."""

NOT_SHOWN = {
    "AX902": "a program that was compiled from a sound model does not stop",
    "AX903": "it takes workers that die or cannot be reached",
}
"""The codes without an example, and why."""
