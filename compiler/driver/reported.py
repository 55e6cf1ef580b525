"""How a program ends that meets an error of ours: with what it says, and its code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from axonc.ir import AxoncError


@contextmanager
def reported(debug: bool = False) -> Iterator[None]:
    """End with the diagnostics on standard error and the code that the command line has for them: 2 model or options, 3
    tools. ``debug``: also show where."""
    try:
        yield
    except AxoncError as error:
        if debug:
            traceback.print_exc()
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
