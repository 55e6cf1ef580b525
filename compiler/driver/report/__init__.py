"""``axonc report``: one self-contained HTML page about a build. Same build and input, same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import jinja2

from axonc.ir.interpret.run import Data
from axonc.ir.precision import precision

from ..program import Program
from . import activity as run
from . import on_tiles, sections
from .chips import chips
from .facts import Facts, facts_of
from .figure import Section, fixed
from .step import step


def report_page(program: Program, x: Data | None = None, record: Sequence[str] = (), engine: str | None = None) -> str:
    """The page as HTML.

    Args:
        program: the build.
        x: an input to run it over: adds traffic, cycles, rates and rasters (of the first sample).
        record: states whose values over time are drawn.
        engine: what runs it; None: the target's own.
    """
    facts = facts_of(program, x, record, engine)
    title = f"{facts.manifest['target']} build"
    return render_page(title, list(sections.tiles(facts)), sections.summary(facts), list(_sections(facts)))


def render_page(
    title: str, tiles: Sequence[tuple[str, str]], summary: Sequence[tuple[str, str]], parts: Sequence[Section]
) -> str:
    """A page of the report's style: numbers at the top, names and values, sections."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("axonc.compiler.driver.report"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["fixed"] = fixed
    page = environment.get_template("report.html.j2")
    return page.render(title=title, tiles=tiles, summary=summary, sections=parts)


def _sections(facts: Facts) -> Iterator[Section]:
    """Those that there are data for."""
    yield sections.network(facts)
    if connected := sections.connections(facts):
        yield connected
    if precision(facts.graph):
        yield sections.quantisation(facts)
    if facts.mapping is not None and facts.mapping.cores:
        yield from _mapped(facts)
    if facts.laid_out.get("tiles"):
        yield on_tiles.memory(facts)
        yield on_tiles.populations(facts)
    if facts.activity is None:
        return
    if accounts := facts.activity.result.stats.get("accounts"):
        yield on_tiles.supersteps(accounts)
    if facts.activity.result.stats.get("cycles") is not None:
        yield run.load(facts, facts.activity)
    if facts.activity.events:
        yield run.rates(facts, facts.activity)
        yield run.rasters(facts.activity)
    if facts.activity.values:
        yield run.values(facts.activity)


def _mapped(facts: Facts) -> Iterator[Section]:
    """What there is to say of cores."""
    yield sections.memory(facts)
    if facts.fit.get("rows"):
        yield sections.formats(facts)
    if facts.fit.get("step"):
        yield step(facts)
    yield sections.placement(facts)
    if facts.places:
        yield chips(facts)
    yield run.traffic(facts)
