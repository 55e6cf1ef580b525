"""Where does a sound come from? A network built in Python, with a delay for each synapse, tells by its two ears.

A sound from the left reaches the left ear up to 0.6 ms before the right one. Jeffress (1948): a row of detectors hears
both ears over delay lines of different lengths; a detector fires when both arrive together. The detector that fires
most tells how much earlier one ear heard the sound, and so where it came from.

    python examples/built_in_python.py            sounds from seven directions, heard on emulated cores

Every frequency channel has a row of its own: sparse weights, with a delay for each of them.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

import axonc
from axonc.compiler.driver.reported import reported

DT = 50e-6
CHANNELS, MOST = 8, 12
"""Frequency channels; the largest difference between the ears, in steps (0.6 ms)."""

ROW = 2 * MOST + 1
"""Detectors of a channel: detector d hears the left ear d steps late, the right one always MOST steps."""

EARS_M, SOUND_M_S = 0.21, 343.0
ANGLES = (-60, -40, -20, 0, 20, 40, 60)


def localiser() -> axonc.Graph:
    """The network: inputs ``left`` and ``right``; output ``row``, the detectors of every channel."""
    weight = sparse.csr_array(np.kron(np.eye(CHANNELS), np.full((ROW, 1), 0.6)))
    late = sparse.csr_array(np.kron(np.eye(CHANNELS), np.arange(ROW)[:, None] * DT))
    net = axonc.Graph.builder()
    net.input("left", CHANNELS)
    net.input("right", CHANNELS)
    net.population("detectors", "lif", CHANNELS * ROW, tau=2 * DT, r=2.0)  # v[k] = v[k-1] / 2 + x[k], threshold 1
    net.connect("left", "detectors", weight, delay=late)
    net.connect("right", "detectors", weight, delay=MOST * DT)
    net.output("row", "detectors")
    return net.graph()


def sound(angle: float, steps: int = 400, seed: int = 0) -> dict[str, np.ndarray]:
    """Spikes of both ears [T, channel] for a sound from ``angle`` degrees (right is positive), with spikes of noise."""
    rng = np.random.default_rng(seed)
    lead = round(EARS_M * np.sin(np.radians(angle)) / SOUND_M_S / DT)  # steps by which the right ear is earlier
    source = rng.random((steps + 2 * MOST, CHANNELS)) < 0.05
    ears = {"left": source[MOST:][:steps], "right": source[MOST + lead :][:steps]}
    return {ear: (spikes | (rng.random(spikes.shape) < 0.01)).astype(np.uint8) for ear, spikes in ears.items()}


def direction(row: np.ndarray) -> float:
    """The angle, in degrees, that the detectors tell: that of the one that fired most, over all channels."""
    detector = int(np.argmax(row.reshape(-1, CHANNELS, ROW).sum(axis=(0, 1))))
    lead = (MOST - detector) * DT
    return float(np.degrees(np.arcsin(lead * SOUND_M_S / EARS_M)))


def main() -> None:
    """Compile, listen, compare with the reference."""
    graph = axonc.load(localiser(), semantics=f"nir,dt={DT}")
    program = axonc.compile(graph, target="spinnaker2", state="q16", slice_size=100, strategy="spread")
    print(f"{program.manifest['cores']} cores")
    for angle in ANGLES:
        checked = program.verify(sound(angle))
        heard = direction(checked.result.outputs["row"])
        print(f"sound from {angle:3} degrees, heard from {heard:5.1f}; equal to the reference: {checked.equal}")


if __name__ == "__main__":
    with reported():
        main()
