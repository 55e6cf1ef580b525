"""The generated pages are up to date, and the site builds without a warning and loads nothing from elsewhere."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import nir
import pytest

from axonc.compiler.passes.host import GATED
from axonc.ir import CODES
from axonc.ir.advice import ADVICE

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    sys.path.insert(0, str(DOCS))  # as `python docs/generate.py` has it
    spec = importlib.util.spec_from_file_location("generate_docs", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date(generate: ModuleType) -> None:
    assert not generate.stale(), "run: python docs/generate.py"


def test_every_gated_op_is_tried(generate: ModuleType) -> None:
    """Of all that becomes a population of gated units, in float, and of their events."""
    graphs = [make() for make in generate.ledger_gated.CASES.values()]
    assert {type(node.op) for graph in graphs for node in graph} >= set(GATED)
    rows = dict((row[0], row[1:]) for row in generate.ledger_gated.gated_rows())
    assert all(cell.startswith("yes") for cell in rows["EGRU"])
    assert set(rows["LSTM with peepholes"]) == {"AX601"}


def test_every_node_type_of_nir_is_tried(generate: ModuleType) -> None:
    types = {name for name, kind in vars(nir).items() if isinstance(kind, type) and issubclass(kind, nir.NIRNode)}
    assert types - {"Input", "NIRGraph", "NIRNode", "Output"} == set(generate.ledger.SAMPLES)


def test_every_code_has_a_chapter(generate: ModuleType) -> None:
    assert all(re.fullmatch(r"AX[1-9]\d\d", code) and code[2] in generate.CHAPTERS for code in CODES)


def test_every_code_has_an_example_or_a_reason_and_advice(generate: ModuleType) -> None:
    shown, reasons = set(generate.provoke.EXAMPLES), set(generate.provoke.NOT_SHOWN)
    assert shown | reasons == set(CODES) == set(ADVICE)
    assert not shown & reasons
    assert all(generate.provoke.NOT_SHOWN.values())


def test_every_code_in_the_pages_exists() -> None:
    text = "".join(path.read_text() for path in DOCS.glob("*.md"))
    assert set(re.findall(r"\bAX\d{3}\b", text)) <= set(CODES)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs")
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def test_the_site_has_a_page_for_every_source(site: Path) -> None:
    assert {path.stem for path in DOCS.glob("*.md")} <= {path.stem for path in site.glob("*.html")}
    assert not list(site.rglob("*.py"))


def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    loaded = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=["'](?:https?:)?//[^"']+""")
    assert not [match[0] for path in site.glob("*.html") for match in loaded.finditer(path.read_text())]


def test_links_in_the_repository_name_files() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (ROOT / target).is_file(), f"{page.name} links to {target}"


def test_make_builds_the_site() -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not here")
    done = subprocess.run([make, "--dry-run", "docs"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "mkdocs build --strict" in done.stdout
