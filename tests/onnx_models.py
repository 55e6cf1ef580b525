"""Small ONNX models made by script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from onnx import FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

Array = NDArray[np.float32]
F = TensorProto.FLOAT
N, H, B, T = 3, 4, 2, 6
"""Inputs, units, samples, steps."""

RNG = np.random.default_rng(5)
WEIGHTS = {
    "W": RNG.normal(0, 0.6, (N, 3 * H)).astype(np.float32),
    "R": RNG.normal(0, 0.6, (H, 3 * H)).astype(np.float32),
    "b": RNG.normal(0, 0.4, 3 * H).astype(np.float32),
    "b2": RNG.normal(0, 0.4, 3 * H).astype(np.float32),
    "thr": RNG.uniform(0, 0.1, H).astype(np.float32),
    "one": np.float32(1),
    "zero": np.float32(0),
}
node = helper.make_node


def info(name: str, *shape: int | str, kind: int = F) -> object:
    return helper.make_tensor_value_info(name, kind, shape)


def graph(
    nodes: Sequence[NodeProto], inputs: Sequence[object], outputs: Sequence[object], stored: Mapping[str, object] = {}
) -> GraphProto:
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in stored.items()]
    return helper.make_graph(list(nodes), "g", list(inputs), list(outputs), tensors)


def model(
    nodes: Sequence[NodeProto],
    inputs: Sequence[object],
    outputs: Sequence[object],
    stored: Mapping[str, object] = {},
    functions: Sequence[FunctionProto] = (),
    opset: int = 20,
) -> ModelProto:
    made = graph(nodes, inputs, outputs, stored)
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in {f.domain for f in functions})]
    return helper.make_model(made, opset_imports=opsets, functions=list(functions), ir_version=10)


OVERS = {
    "m > thr": [node("Greater", ["m", "thr"], ["over"])],
    "m - thr > 0": [node("Sub", ["m", "thr"], ["d"]), node("Greater", ["d", "zero"], ["over"])],
    "thr < m": [node("Less", ["thr", "m"], ["over"])],
}
EVENTS = {"cast": [node("Cast", ["over"], ["o"], to=F)], "where": [node("Where", ["over", "one", "zero"], ["o"])]}
GRADED = {"o m": node("Mul", ["o", "m"], ["y1"]), "where": node("Where", ["over", "m", "zero"], ["y1"])}
RESETS = {
    "m - o thr": [node("Mul", ["o", "thr"], ["ot"]), node("Sub", ["m", "ot"], ["c1"])],
    "where": [node("Sub", ["m", "thr"], ["less"]), node("Where", ["over", "less", "m"], ["c1"])],
}


def egru_nodes(
    split: str = "split", over: str = "m > thr", events: str = "cast", graded: str = "o m", reset: str = "m - o thr"
) -> list[NodeProto]:
    """The nodes of an EGRU cell from x, y, c to y1, c1, in the chosen spelling."""
    return [
        node("MatMul", ["x", "W"], ["xw"]),
        node("Add", ["xw", "b"], ["ax"]),
        node("MatMul", ["y", "R"], ["yr"]),
        node("Add", ["b2", "yr"], ["ah"]),
        *parts(split),
        node("Add", ["hu", "au"], ["su"]),
        node("Sigmoid", ["su"], ["u"]),
        node("Add", ["ar", "hr"], ["sr"]),
        node("Sigmoid", ["sr"], ["r"]),
        node("Mul", ["r", "hg"], ["rh"]),
        node("Add", ["rh", "ag"], ["sg"]),
        node("Tanh", ["sg"], ["g"]),
        node("Sub", ["one", "u"], ["v"]),
        node("Mul", ["c", "u"], ["uc"]),
        node("Mul", ["v", "g"], ["vg"]),
        node("Add", ["uc", "vg"], ["m"]),
        *OVERS[over],
        *EVENTS[events],
        GRADED[graded],
        *RESETS[reset],
    ]


def parts(split: str) -> list[NodeProto]:
    """How the gates are told apart."""
    if split == "split":
        return [
            node("Split", ["ax"], ["au", "ar", "ag"], axis=1, num_outputs=3),
            node("Split", ["ah"], ["hu", "hr", "hg"], axis=-1, num_outputs=3),
        ]
    return [
        node("Slice", [side, f"at{k}", f"at{k + 1}", "at_axis"], [f"{kind}{gate}"])
        for side, kind in (("ax", "a"), ("ah", "h"))
        for k, gate in enumerate("urg")
    ]


PLACES = {**{f"at{k}": np.array([k * H]) for k in range(4)}, "at_axis": np.array([1])}


def egru_step(**spelling: str) -> ModelProto:
    """A step model: x, y, c -> y1, c1."""
    nodes = egru_nodes(**spelling)
    inputs = [info("x", B, N), info("y", B, H), info("c", B, H)]
    used = {name for n in nodes for name in n.input}
    stored = {name: value for name, value in {**WEIGHTS, **PLACES}.items() if name in used}
    return model(nodes, inputs, [info("y1", B, H), info("c1", B, H)], stored)


def egru_scan(steps: int | str = "T") -> ModelProto:
    """The same in a Scan over time."""
    body = graph(
        [*egru_nodes(), node("Identity", ["y1"], ["ys"])],
        [info("y", B, H), info("c", B, H), info("x", B, N)],
        [info("y1", B, H), info("c1", B, H), info("ys", B, H)],
    )
    scan = node("Scan", ["z", "z", "seq"], ["yT", "cT", "out"], body=body, num_scan_inputs=1)
    stored = {**WEIGHTS, "z": np.zeros((B, H), np.float32)}
    outputs = [info("out", steps, B, H), info("yT", B, H)]
    return model([scan], [info("seq", steps, B, N)], outputs, stored)


def egru_reference(x: Array) -> tuple[Array, Array]:
    """y and c of every step, by the equations, in float64; x: [T, B, N]."""
    w = {name: np.asarray(value, np.float64) for name, value in WEIGHTS.items()}
    y, c = np.zeros((x.shape[1], H)), np.zeros((x.shape[1], H))
    seen = []
    for step in x.astype(np.float64):
        (au, ar, ag), (hu, hr, hg) = np.split(step @ w["W"] + w["b"], 3, 1), np.split(y @ w["R"] + w["b2"], 3, 1)
        u, r = 1 / (1 + np.exp(-au - hu)), 1 / (1 + np.exp(-ar - hr))
        m = u * c + (1 - u) * np.tanh(ag + r * hg)
        o = (m > w["thr"]) * 1.0
        y, c = o * m, m - o * w["thr"]
        seen.append((y, c))
    ys, cs = zip(*seen, strict=True)
    return np.array(ys), np.array(cs)
