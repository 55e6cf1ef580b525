"""What becomes of every NIR file of the paper and of its history: it loads, it loads repaired, or it is refused."""

from __future__ import annotations

import pytest
from recorded import ROOT, recorded

from axonc import ModelError
from axonc.compiler.frontends import read_nir

VERDICTS = {
    "history/braille.a7c67c3a.nir": "repaired AX110 AX112 AX113 AX114 AX116",
    "history/braille_flattened.19004303.nir": "repaired AX113 AX114",
    "history/braille_subgraph.77b4a802.nir": "repaired AX114 AX115",
    "history/lif_norse.2b0feb3d.nir": "repaired AX113",
    "history/lif_norse.3a3afb6f.nir": "repaired AX113",
    "history/scnn_mnist.669fbfad.nir": "repaired AX115 AX116 AX117",
    "history/scnn_mnist.e5ac8325.nir": "repaired AX116",
    "malformed/Braille_snntorch.3049cfa1.nir": "refused AX101",
    "malformed/braille_noDelay_bias_zero_subgraph.nir": "refused AX104",
    "malformed/braille_noDelay_noBias_subtract_subgraph.nir": "refused AX104",
    "paper/01_lif/lif_norse.nir": "loads",
    "paper/01_lif/lif_rockpool.nir": "repaired AX115",
    "paper/01_lif/two_lif_neurons.nir": "loads",
    "paper/02_cnn/cnn_sinabs.nir": "loads",
    "paper/03_rnn/braille_noDelay_bias_zero.nir": "loads",
    "paper/03_rnn/braille_noDelay_noBias_subtract.nir": "loads",
}


def verdict(name: str) -> str:
    """``loads``, or ``repaired`` or ``refused`` with the codes."""
    try:
        graph = read_nir(recorded(name))
    except ModelError as error:
        return " ".join(["refused", *sorted({problem.code for problem in error.diagnostics})])
    repairs = graph.properties.get("repairs", "").splitlines()
    return " ".join(["repaired", *sorted({line.split()[0] for line in repairs})]) if repairs else "loads"


@pytest.mark.parametrize("name", VERDICTS)
def test_verdict(name: str) -> None:
    assert verdict(name) == VERDICTS[name]


def test_every_file_has_a_verdict() -> None:
    found = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("**/*.nir")}
    assert found <= set(VERDICTS)


@pytest.mark.parametrize(
    ("older", "later"),
    [
        ("history/scnn_mnist.669fbfad.nir", "paper/02_cnn/cnn_sinabs.nir"),
        ("history/scnn_mnist.e5ac8325.nir", "paper/02_cnn/cnn_sinabs.nir"),
        ("history/braille.a7c67c3a.nir", "history/braille_flattened.19004303.nir"),
    ],
)
def test_a_repaired_file_has_the_shapes_of_the_sound_one(older: str, later: str) -> None:
    repaired, sound = read_nir(recorded(older)), read_nir(recorded(later))
    assert [signal.shape for signal in repaired.signals.values()] == [signal.shape for signal in sound.signals.values()]
