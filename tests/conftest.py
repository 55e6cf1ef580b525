"""How hypothesis runs: the same examples every time. AXONC_EXAMPLES multiplies their number for a long search of new
ones, which are then also shrunk."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

SEARCH = "AXONC_EXAMPLES" in os.environ

settings.register_profile(
    "axonc",
    deadline=None,
    database=None,
    derandomize=not SEARCH,
    phases=(Phase.explicit, Phase.generate, *((Phase.shrink,) if SEARCH else ())),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("axonc")
