"""Templates of what targets emit: they loop and substitute, and a name without a value is an error."""

from __future__ import annotations

from functools import cache

import jinja2


@cache
def environment(*packages: str) -> jinja2.Environment:
    """The templates of these packages; where two have one of the same name, that of the first."""
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(package) for package in packages]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
