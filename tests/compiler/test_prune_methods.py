"""Blocks, N:M groups, scores by activity, masks: each against a plain loop over all weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import strategies
import tasks
from hypothesis import given
from hypothesis import strategies as st
from pruned import names, one, weight
from scipy import sparse

import axonc
from axonc import Graph, ModelError
from axonc.compiler.driver.config import read_config
from axonc.compiler.driver.pruning.methods import parse_pruning, pruning_text
from axonc.compiler.passes import Masks, Pass, Prune, PruneGroups, PruneMasks
from axonc.compiler.passes.scores import Rates

Array = np.ndarray[Any, Any]


def drawn(seed: int) -> tuple[Array, Rates]:
    """A matrix with many equal weights and some 0; rates of its sources."""
    rng = np.random.default_rng(seed)
    before = rng.integers(-4, 5, (rng.integers(1, 12), rng.integers(1, 9))) / 4
    return before, Rates({"in": rng.integers(1, 5, before.shape[1]) / 8})


def scores(before: Array, rates: Rates, score: str) -> Array:
    of = {"magnitude": abs(before), "activity": abs(before) * rates.of["in"], "cost": before**2 / rates.of["in"]}
    return np.asarray(of[score])


def model(before: Array, held_sparse: bool) -> Graph:
    return one(sparse.csr_array(before) if held_sparse else before.copy())


SCORES = st.sampled_from(["magnitude", "activity", "cost"])


@strategies.examples(40)
@given(st.integers(0, 10**6), st.floats(0, 1), st.sampled_from([1, 2, 4, 8]), SCORES, st.booleans())
def test_blocks_of_the_lowest_scores_go(seed: int, sparsity: float, block: int, score: Any, held_sparse: bool) -> None:
    before, rates = drawn(seed)
    starts = [(row, column) for row in range(0, before.shape[0], block) for column in range(before.shape[1])]
    each = scores(before, rates, score)
    worth = [np.mean(each[row : row + block, column]) for row, column in starts]
    expected = before.copy()
    for at in sorted(range(len(starts)), key=lambda at: (worth[at], at))[: round(sparsity * len(starts))]:
        row, column = starts[at]
        expected[row : row + block, column] = 0
    after = axonc.prune(model(before, held_sparse), Prune(sparsity, score=score, block=block, rates=rates))
    np.testing.assert_array_equal(weight(after), expected)


@strategies.examples(40)
@given(st.integers(0, 10**6), st.sampled_from([(0, 2), (1, 2), (2, 4), (3, 3), (1, 20)]), SCORES, st.booleans())
def test_the_best_of_every_group_stay(seed: int, counts: tuple[int, int], score: Any, along_source: bool) -> None:
    before, rates = drawn(seed)
    keep, of = counts
    each, expected = scores(before, rates, score), before.copy()
    lines, line_scores = (expected, each) if along_source else (expected.T, each.T)
    for line, worth in zip(lines, line_scores, strict=True):
        for start in range(0, len(line), of):
            group = range(start, min(start + of, len(line)))
            for at in sorted(group, key=lambda at: (worth[at], at))[: max(len(group) - keep, 0)]:
                line[at] = 0
    how = PruneGroups(keep, of, "source" if along_source else "target", score, rates=rates)
    np.testing.assert_array_equal(weight(axonc.prune(model(before, seed % 2 == 0), how)), expected)


def test_blocks_begin_at_every_gate() -> None:
    """Of an EGRU of six units, blocks of four are rows 0 to 3 and 4 to 5 of each gate."""
    after = weight(axonc.prune(tasks.egru(6), "0.5,block=4"), "r").reshape(3, 6, 6) != 0
    for part in (after[:, :4], after[:, 4:]):
        assert np.array_equal(part.any(axis=1), part.all(axis=1))
    assert after[:, :4].all(axis=1).sum() + after[:, 4:].all(axis=1).sum() == 18


def test_rates_are_those_of_the_data() -> None:
    """The same as counting by hand; what never is active counts as half an event."""
    graph, x = tasks.egru(8), tasks.task(20)[0]
    x[:, :, 3] = 0
    sent = axonc.interpret(graph, x, record=["late", "cell"]).recorded
    rates = {"in": x, "late": sent["late"] != 0, "cell": sent["cell"] != 0}
    mean = {name: np.maximum(trace.sum(axis=(0, 1)), 0.5) / (20 * tasks.STEPS) for name, trace in rates.items()}
    for text in ("0.6,score=activity", "groups,keep=1,of=3,score=cost"):
        (step,) = parse_pruning(text)
        given_rates = type(step)(**{**vars(step), "rates": Rates(mean)})
        by_hand, by_data = axonc.prune(graph, given_rates), axonc.prune(graph, text, calibrate=x)
        for name in names(graph):
            np.testing.assert_array_equal(weight(by_hand, name), weight(by_data, name))


def test_activity_decides_between_equal_weights() -> None:
    x = np.zeros((50, 4))
    x[:, 0], x[:5, 1], x[:, 2] = 1, 1, 3
    graph = one(np.array([[1.0, 1.0, 1.0, 1.0], [2.0, 8.0, 0.5, 8.0]]))
    graph = graph.with_nodes(graph.nodes)
    kept = {score: weight(axonc.prune(graph, f"0.5,score={score}", calibrate=x)) for score in ("activity", "cost")}
    assert kept["activity"].tolist() == [[1, 0, 1, 0], [2, 8, 0, 0]]
    assert kept["cost"].tolist() == [[0, 1, 0, 1], [0, 8, 0, 8]]


@pytest.mark.parametrize("how", ["0", "1", "1,scope=global", "1,block=4", "groups,keep=0,of=4", "groups,keep=4,of=4"])
def test_all_or_nothing(how: str) -> None:
    """A density of 0 leaves a network of biases, one of 1 the same graph; all of it compiles and runs."""
    graph, x = tasks.lif(), tasks.task(4)[0]
    after = axonc.prune(graph, how)
    everything = how in ("0", "groups,keep=4,of=4")
    assert all(np.array_equal(weight(after, name), weight(graph, name) * everything) for name in names(graph))
    program = axonc.compile(graph, target="native", weights="int8", state="q16", prune=how)
    assert program.verify(x).equal


def test_blocks_and_groups_beyond_the_matrix_are_whole_lines() -> None:
    before = np.array([[1.0, 4.0], [3.0, 1.0], [1.0, 2.0]])
    whole = weight(axonc.prune(one(before), Prune(0.5, block=10**30)))
    np.testing.assert_array_equal(whole, before * [0, 1])
    most = weight(axonc.prune(one(before), PruneGroups(1, 10**30, "target")))
    np.testing.assert_array_equal(most, [[0, 4], [3, 0], [0, 0]])


def test_a_layer_of_zeros_stays_one() -> None:
    for how in ("0.3", "0.3,scope=global", "groups,keep=1,of=2", "0.5,block=4"):
        assert not weight(axonc.prune(one(np.zeros((3, 4))), how)).any()


def test_masks_of_a_training(tmp_path: Path) -> None:
    graph, rng = tasks.egru(8), np.random.default_rng(1)
    masks = {name: rng.random(weight(graph, name).shape) < 0.3 for name in ("w", "r")}
    np.savez(tmp_path / "masks.npz", **masks)
    by_array = axonc.prune(graph, PruneMasks(Masks(masks)))
    for after in (by_array, axonc.prune(graph, f"masks,file={tmp_path / 'masks.npz'}")):
        for name in names(graph):
            np.testing.assert_array_equal(weight(after, name), weight(graph, name) * masks.get(name, 1))


def test_some_matrices_alone() -> None:
    graph = tasks.egru(8)
    after = axonc.prune(graph, "0.5,nodes=[w]|r")
    assert [bool(np.all(weight(after, name))) for name in ("w", "r", "o")] == [False, False, True]


def test_the_same_in_every_form(tmp_path: Path) -> None:
    """A text, a table, a file, a pass; in the interface, in a compilation and in a configuration."""
    graph, x = tasks.egru(8), tasks.task(6)[0]
    np.save(tmp_path / "x.npy", x)
    (tmp_path / "axonc.toml").write_text(
        'calibrate = "x.npy"\n[[prune]]\nsparsity = 0.25\n'
        '[[prune]]\nmethod = "groups"\nkeep = 1\nof = 2\nscore = "cost"\nnodes = ["w", "r"]\n'
    )
    text = [0.25, "groups,keep=1,of=2,score=cost,nodes=w|r"]
    passes: list[Pass] = [Prune(0.25), PruneGroups(1, 2, score="cost", nodes=("w", "r"))]
    assert read_config(tmp_path / "axonc.toml").compilation["prune"] == tuple(passes) == parse_pruning(text)
    alone = axonc.prune(graph, text, calibrate=x)
    programs = [
        axonc.compile(graph, target="reference", config=tmp_path / "axonc.toml"),
        axonc.compile(graph, target="reference", prune=passes, calibrate=x),
    ]
    for program in programs:
        assert program.manifest["pipeline"] == alone.properties["pipeline"]
        for name in names(graph):
            np.testing.assert_array_equal(weight(program.graph, name), weight(alone, name))


@pytest.mark.parametrize(
    "text",
    [
        "weights,sparsity=0.5",
        "weights,sparsity=0.9,scope=gate,score=cost,block=4,nodes=w|r*",
        "groups,keep=2,of=4,axis=target",
        "thresholds,rate=0.1,by=unit",
        "silent",
        "silent,rate=0.01",
        "units",
    ],
)
def test_a_text_and_a_pass_say_the_same(text: str) -> None:
    (step,) = parse_pruning(text)
    assert pruning_text(step) == text


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("weigts,sparsity=1", "AX403 prune: the method 'weigts'"),
        ("weights", "AX403 prune weights without sparsity"),
        ("groups,keep=x,of=2", "AX403 prune groups: keep='x'; a whole number"),
        ("0.5,colour=red,scope=u", "AX403 prune weights: the field 'colour'"),
        ("0.5,sparsity=0.4", "AX403 prune weights: sparsity stands twice"),
        ("0.5,block=0", "AX403 block=0"),
        ("0.5,block=1e3", "AX403 prune weights: block='1e3'; a whole number"),
        ("0.5,nodes=w|", "AX403 prune weights: nodes='w|'; names or patterns, with | between them"),
        ("", "AX403 prune: the method ''"),
        ("units,rate=1", "AX403 prune units: the field 'rate'; known: none"),
        ("1.5", "AX403 sparsity=1.5"),
        ("nan", "AX403"),
        ("groups,keep=5,of=4", "AX403 keep=5 of=4"),
        ("0.5,score=activity", "AX407 score=activity without data"),
        ("0.5,nodes=q*", "AX411 q*: no matrix of that name to prune; known: w, r, o"),
        ("masks,file=absent.npz", "AX703"),
        (PruneMasks(Masks({"cell": np.ones((2, 2))})), "AX411 cell: a mask for no matrix"),
        (PruneMasks(Masks({"w": np.ones((2, 2))})), "AX411 w: a mask of shape"),
        (PruneMasks(Masks({"o": np.full((3, 8), 0.5)})), "AX411 o: a mask with other values"),
    ],
)
def test_what_does_not_fit(how: Any, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        axonc.prune(tasks.egru(8), how)
    assert any(str(problem).startswith(said) for problem in caught.value.diagnostics), str(caught.value)


def test_data_and_weights_that_do_not_fit() -> None:
    graph, bad = tasks.egru(8), tasks.egru(8)["w"]
    with pytest.raises(ModelError, match="AX701"):
        axonc.prune(graph, "0.5,score=activity", calibrate=np.ones((5, 3)))
    with pytest.raises(ModelError, match=r"AX701.*no steps"):
        axonc.prune(graph, "0.5,score=activity", calibrate=np.ones((0, 12)))
    bad.op.weight[0, 0] = np.inf  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match="AX302 w: "):
        axonc.prune(graph.with_nodes(bad if node.name == "w" else node for node in graph), 0.5)
    quantised = axonc.compile(tasks.lif(), target="native").graph
    with pytest.raises(ModelError, match=r"AX411.*no matrix in float"):
        axonc.prune(quantised, 0.5)
    with pytest.raises(ModelError, match=r"AX403.*quantised already"):
        axonc.compile(quantised, target="native", prune=0.5)
