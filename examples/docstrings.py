"""Text that is on every machine with Python: the docstrings of its standard library, as symbols for a language model.

The sources are parsed, nothing of them is executed. A docstring may differ from one version of Python to the next, so
figures belong to the version that they were measured with; the modules here are in all versions from 3.11 to 3.13.
"""

from __future__ import annotations

import ast
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

MODULES = """
    _collections_abc _pydecimal _pyio _strptime abc argparse ast asyncio.base_events asyncio.events asyncio.futures
    asyncio.locks asyncio.protocols asyncio.queues asyncio.runners asyncio.sslproto asyncio.streams asyncio.subprocess
    asyncio.tasks asyncio.transports asyncio.unix_events base64 bdb bisect bz2 calendar cmd code codecs codeop
    collections colorsys compileall concurrent.futures._base concurrent.futures.process concurrent.futures.thread
    configparser contextlib copy csv ctypes.util dataclasses datetime difflib dis doctest email._header_value_parser
    email._parseaddr email._policybase email.base64mime email.charset email.encoders email.feedparser email.generator
    email.header email.headerregistry email.message email.mime.application email.mime.audio email.mime.text email.parser
    email.policy email.quoprimime email.utils enum filecmp fileinput fnmatch fractions ftplib functools genericpath
    getopt getpass gettext glob graphlib gzip hashlib heapq hmac html html.parser http http.client http.cookiejar
    http.cookies http.server imaplib importlib importlib._bootstrap importlib._bootstrap_external importlib.abc
    importlib.machinery importlib.util inspect io ipaddress json json.decoder json.encoder keyword linecache locale
    logging logging.config logging.handlers lzma mailbox mimetypes modulefinder multiprocessing.connection
    multiprocessing.context multiprocessing.managers multiprocessing.pool multiprocessing.process multiprocessing.queues
    multiprocessing.shared_memory multiprocessing.util netrc ntpath numbers opcode operator optparse os pdb pickle
    pickletools pkgutil platform plistlib poplib posixpath pprint profile pstats pty py_compile pyclbr pydoc queue
    quopri random re re._parser reprlib rlcompleter runpy sched secrets selectors shelve shlex shutil signal site
    smtplib socket socketserver sqlite3.dbapi2 sqlite3.dump ssl stat statistics string struct subprocess symtable
    sysconfig tabnanny tarfile tempfile textwrap threading timeit token tokenize trace traceback tracemalloc types
    typing unittest unittest.async_case unittest.case unittest.loader unittest.main unittest.mock unittest.result
    unittest.runner unittest.signals unittest.suite urllib.error urllib.parse urllib.request urllib.response
    urllib.robotparser uuid venv warnings wave weakref webbrowser wsgiref.handlers wsgiref.headers wsgiref.simple_server
    wsgiref.util wsgiref.validate xml.dom xml.dom.expatbuilder xml.dom.minidom xml.dom.pulldom xml.etree.ElementTree
    xml.sax xml.sax.expatreader xml.sax.handler xml.sax.saxutils xml.sax.xmlreader xmlrpc.client xmlrpc.server zipapp
    zipfile zipimport
""".split()  # noqa: SIM905
"""The modules, in alphabetical order. Of every ten the first is for tests, the sixth for validation."""

RARE = "\N{REPLACEMENT CHARACTER}"
"""What every other character is read as."""

SYMBOLS = "\n" + "".join(map(chr, range(ord(" "), ord("~")))) + RARE

PARTS = {"test": (0,), "validation": (5,), "training": (1, 2, 3, 4, 6, 7, 8, 9)}
"""Which modules of every ten."""


def text(part: str, modules: Iterable[str] = MODULES) -> str:
    """The docstrings of a part of the modules, a blank line between them."""
    return "\n\n".join(docstrings(name) for index, name in enumerate(modules) if index % 10 in PARTS[part])


def docstrings(module: str) -> str:
    """The docstrings of a module, its classes and its functions, outer ones first."""
    tree = ast.parse(_source(module).read_bytes())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = (ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, documented))
    return "\n\n".join(filter(None, found))


def _source(module: str) -> Path:
    path = Path(sysconfig.get_path("stdlib"), *module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def encoded(words: str) -> Array:
    """The number of each character's symbol, uint8."""
    numbers = {symbol: number for number, symbol in enumerate(SYMBOLS)}
    return np.array([numbers.get(character, numbers[RARE]) for character in words], np.uint8)


def decoded(numbers: Iterable[int]) -> str:
    """The text of symbols."""
    return "".join(SYMBOLS[number] for number in numbers)


def segments(numbers: Array, steps: int) -> tuple[Array, Array]:
    """Inputs [N, steps, symbols] and the symbols [N, steps] that follow them; a short rest is left out."""
    count = (len(numbers) - 1) // steps
    now, following = (numbers[shift : shift + count * steps].reshape(count, steps) for shift in (0, 1))
    return one_hot(now), following


def one_hot(numbers: Array) -> Array:
    """Events [..., symbols]: one, of the symbol's own channel."""
    return np.eye(len(SYMBOLS), dtype=np.uint8)[numbers]


def ngram_perplexity(learned: Array, unseen: Array, order: int) -> float:
    """The perplexity of ``unseen`` if each symbol follows from the ``order`` - 1 before it as often as in ``learned``,
    every pair of context and symbol counted once more (Laplace's rule)."""
    counts = np.ones((len(SYMBOLS) ** (order - 1), len(SYMBOLS)))
    np.add.at(counts, _contexts(learned, order), 1)
    chances = counts / counts.sum(axis=1, keepdims=True)
    return float(np.exp(-np.mean(np.log(chances[_contexts(unseen, order)]))))


def _contexts(numbers: Array, order: int) -> tuple[Array, Array]:
    """The number of the context of each symbol that has one, and the symbol."""
    wide, count = numbers.astype(np.int64), len(numbers) - order + 1
    context = np.zeros(count, np.int64)
    for place in range(order - 1):
        context = context * len(SYMBOLS) + wide[place : place + count]
    return context, wide[order - 1 :]
