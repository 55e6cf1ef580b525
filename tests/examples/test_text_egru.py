"""The text example: its data, its measures, pruning in rounds, and a quick run of the script."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import axonc
from axonc.compiler.training import mean_loss
from axonc.ir import verify
from axonc.ir.ops import Linear

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def docstrings() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(EXAMPLES))
        return importlib.import_module("docstrings")


@pytest.fixture(scope="module")
def example(docstrings: ModuleType) -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(EXAMPLES))
        return importlib.import_module("text_egru")


@pytest.fixture(scope="module")
def on_cores(example: ModuleType) -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(EXAMPLES))
        return importlib.import_module("text_on_cores")


def test_every_module_has_its_part(docstrings: ModuleType) -> None:
    names = docstrings.MODULES
    assert names == sorted(set(names))
    assert sorted(place for places in docstrings.PARTS.values() for place in places) == list(range(10))
    assert docstrings.text("test", names[:11]) == "\n\n".join(map(docstrings.docstrings, (names[0], names[10])))
    assert docstrings.docstrings("bisect").startswith("Bisection algorithms.\n\nInsert item x in list a")
    assert docstrings.docstrings("json") == docstrings.docstrings("json.__init__"), "a package is its __init__"


def test_symbols_come_back(docstrings: ModuleType) -> None:
    words = "def f(x):\n    return '~ß'"
    numbers = docstrings.encoded(words)
    assert numbers.dtype == np.uint8
    assert docstrings.decoded(numbers) == words.replace("~", docstrings.RARE).replace("ß", docstrings.RARE)
    assert len(set(docstrings.SYMBOLS)) == len(docstrings.SYMBOLS) == 96


def test_segments_follow_each_other(docstrings: ModuleType) -> None:
    numbers = docstrings.encoded("abcdefgh")
    x, following = docstrings.segments(numbers, 3)
    assert x.shape == (2, 3, 96)
    assert x.sum(axis=2).tolist() == [[1, 1, 1]] * 2
    assert docstrings.decoded(x.argmax(axis=2).ravel()) == "abcdef"
    assert docstrings.decoded(following.ravel()) == "bcdefg"


def test_ngrams_are_counted(docstrings: ModuleType) -> None:
    learned, unseen = docstrings.encoded("ababac"), docstrings.encoded("ab")
    assert docstrings.ngram_perplexity(learned, unseen, 1) == pytest.approx((102 / 4 * 102 / 3) ** 0.5)
    assert docstrings.ngram_perplexity(learned, unseen, 2) == pytest.approx((96 + 3) / (1 + 2))
    assert docstrings.ngram_perplexity(learned, docstrings.encoded("aba"), 3) == pytest.approx((96 + 2) / (1 + 2))


def test_costs_are_those_of_single_events(example: ModuleType) -> None:
    """Every weight that an event meets, one by one."""
    graph = axonc.prune(example.model(6, 1), 0.5, "gate")
    numbers = np.random.default_rng(0).integers(0, 96, 600).astype(np.uint8)
    x = example.segments(numbers, example.TEST_STEPS)[0]
    sent = axonc.interpret(graph, x, record=["cell", "late"]).recorded
    count = 0
    for name, signal in (("w", x), ("r", sent["late"]), ("o", sent["cell"])):
        op = graph[name].op
        assert isinstance(op, Linear)
        for _, _, source in np.argwhere(signal != 0):
            count += int((op.weight != 0).sum(axis=0)[source])
    events, costs = example.activity(graph, numbers, 2)
    assert costs == pytest.approx(count / x.shape[0] / x.shape[1])
    assert events == pytest.approx(np.mean(sent["cell"] != 0))
    assert 0 < events < 1
    assert example.weights(graph) == (6 * (3 * 96 + 3 * 6 + 96), 6 * (3 * 96 + 3 * 6 + 96) // 2)


def test_the_scripts_run(
    example: ModuleType, on_cores: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example.main(["--quick", "--output", str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Python 3.")
    found = {line[:22].strip(): line[22:].split() for line in lines[2:8]}
    assert list(found) == ["unigrams", "bigrams", "trigrams", "EGRU, 32 units", "80% pruned", "95% pruned"]
    assert float(found["EGRU, 32 units"][0]) < float(found["bigrams"][0]) < float(found["unigrams"][0])
    assert [found[name][2] for name in list(found)[3:]] == ["15,360", "3,071", "769"]
    assert lines[8] == "MAC/char of dense steps: 15,360"
    assert lines[10].startswith(example.START[:-1])
    for name, share in (("text-egru", 0.0), ("text-egru-80", 0.8), ("text-egru-95", 0.95)):
        graph = axonc.load(tmp_path / f"{name}.axg")
        assert verify(graph) == []
        total, left = example.weights(graph)
        assert 1 - left / total == pytest.approx(share, abs=1e-3)
    again = axonc.load(tmp_path / "text-egru-80.axg")
    x = example.segments(example.encoded("This is a test of what was saved."), 16)[0]
    assert np.all(np.isfinite(axonc.compile(again, target="reference").run(x).value("out")))

    on_cores.main([str(tmp_path / "text-egru-80.axg"), "--quick"])
    stated, _, sample = capsys.readouterr().out.splitlines()[:3]
    assert stated.startswith("text-egru-80: int8 perplexity ")
    assert stated.endswith(" 1 core")
    assert sample.startswith(example.START[:-1])
    numbers = example.encoded(on_cores.text("test", on_cores.MODULES[:30]))[: 4 * example.TEST_STEPS + 1]
    real = mean_loss(again, example.segments(numbers, example.TEST_STEPS), example.LOSS)
    assert float(stated.split()[3].rstrip(",")) == pytest.approx(np.exp(real), rel=0.02)
