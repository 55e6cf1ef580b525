"""What enters a machine from outside in the course of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..schema import PARITY_BIT

Keys = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Inputs:
    """``packets`` [count, words] (uint32: a key without parity, and payload), each in its slot of ``slots`` [count],
    ascending, and on its chip of ``chips`` [count] (None: that of the host)."""

    slots: npt.NDArray[np.integer]
    packets: Keys
    chips: Keys | None = None

    @classmethod
    def listed(cls, lists: Sequence[Keys]) -> Inputs:
        """``lists[s]`` are the keys [count] or packets [count, words] that enter in slot s."""
        slots = np.repeat(np.arange(len(lists)), [len(keys) for keys in lists])
        words = lists[0].shape[1] if lists and lists[0].ndim > 1 else 1
        return cls(slots, np.concatenate([np.zeros(0, np.uint32), *lists], axis=None).reshape(-1, words))

    def starts(self, slots: int) -> Keys:
        """Where the packets of each of ``slots`` slots begin, and the end of all."""
        if len(self.slots) and self.slots[-1] >= slots:
            raise ValueError(f"inputs for slot {self.slots[-1]}, but only {slots} slots are run")
        return np.searchsorted(self.slots, np.arange(slots + 1)).astype(np.uint32)

    def marked(self, words: int) -> Keys:
        """The packets, [count, words], with the parity of their slots in their keys."""
        packets = self.packets.reshape(-1, words).astype(np.uint32)
        if packets[:, 0].max(initial=0) >> PARITY_BIT:
            raise ValueError("input keys come without the parity bit")
        packets[:, 0] |= (self.slots << PARITY_BIT).astype(np.uint32)  # of a slot's number, the lowest bit is left
        return packets

    def entered(self, host: int) -> Keys:
        """The chip where each packet enters, [count]."""
        return np.full(len(self.packets), host, np.uint32) if self.chips is None else self.chips


NOTHING = Inputs.listed(())
