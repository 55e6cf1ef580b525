"""``python -m axonc.backends.ipu.simulator`` is popc."""

import sys

from .popc import main

sys.exit(main())
