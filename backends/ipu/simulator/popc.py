"""popc: makes a codelet file into a library that the simulator loads.

C++ cannot find a class and its fields by name. clang can: its syntax tree, as JSON, lists the vertex classes, their
fields and the instances of templates. From these a registration unit is generated that includes the codelet file and
says, for each field, its name, its place and (by its C++ type) its kind.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...spinnaker2.toolchain import ToolchainError, find_zig
from .toolchain import INCLUDE, find_compiler, kept, run_compiler, simulator_digest

Node = dict[str, Any]

BASES = {f"{scope}{name}" for scope in ("poplar::", "") for name in ("Vertex", "MultiVertex", "SupervisorVertex")}
"""clang prints the name of a plain class as it was written: with its scope, or without behind ``using namespace``."""
NAMELESS = "a field has a name: anonymous unions, structs and bit-fields have none"
FLAGS = ("-std=c++17", "-ffp-contract=off", "-fno-access-control", "-Wno-unknown-attributes", "-D__POPC__")
_SCALARS = {
    "bool", "char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned int", "long",
    "unsigned long", "long long", "unsigned long long", "float", "axonc_ipu::Half", "half",
}  # fmt: skip
_LONG = {"long", "unsigned long"}
_EDGE = re.compile(r"^poplar::(Input|Output|InOut)<(.*)>$")
_VECTOR = re.compile(r"^poplar::(Vector|VectorList)<(.*)>$")


class CodeletError(Exception):
    """Codelets that cannot run on a tile. One message, all reasons at once."""


@dataclass(frozen=True)
class VertexClass:
    """A class or an instance of a template: qualified name, fields (name and type), names of its bases."""

    name: str
    fields: tuple[tuple[str, str], ...]
    bases: tuple[str, ...]
    computes: bool
    explicit: bool


def compile_codelet(source: Path, flags: Sequence[str] = ()) -> Path:
    """The library of a codelet file, from the cache if it is there.

    Raises:
        CodeletError: the file does not compile, has no vertices, or has fields of unsupported types.
        ToolchainError: there is no compiler.
    """
    compiler = find_compiler()
    own = [flag for flag in flags if flag not in ("-g",)]
    command = [*compiler.command, *FLAGS, *own, f"-I{INCLUDE}"]
    text = _compile([*command, "-E", "-P", str(source)])  # says what is in it, wherever it lies

    def make(new: Path) -> None:
        unit = registration(source, vertices(_compile([*command, "-E", str(source)]), source))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "registration.cpp"
            path.write_text(unit)
            library = ["-fPIC", "-shared", f"-I{source.resolve().parent}", "-Wno-invalid-offsetof"]
            _compile([*command, *_optimised(own), *library, str(path), "-o", str(new)])

    return kept("codelets", ".gp", [compiler.identity, *command[1:], simulator_digest(), text], make)


def _optimised(flags: Sequence[str]) -> list[str]:
    return [] if any(flag.startswith("-O") for flag in flags) else ["-O2"]


def _compile(command: Sequence[str]) -> str:
    try:
        return run_compiler(command)
    except ToolchainError as error:
        raise CodeletError(str(error)) from error


def vertices(text: str, source: Path) -> list[VertexClass]:
    """The vertex classes of a codelet file, given as preprocessed text, with the fields of their bases.

    Raises:
        CodeletError: there are none, or fields of types that no vertex can have.
    """
    reader = _Reader()
    reader.read(json.loads(_syntax_tree(text)), "")
    known = {one.name: one for one in reader.classes}
    chosen = {one.name: one for one in reader.classes if one.explicit and _is_vertex(one, known)}
    whole = [replace(one, fields=tuple(_all_fields(one, known))) for one in chosen.values() if _computes(one, known)]
    refused = ((one, name, reader.refusal(kind) if name else NAMELESS) for one in whole for name, kind in one.fields)
    if problems := [f"{one.name}.{name}: {reason}" for one, name, reason in refused if reason]:
        raise CodeletError(f"{source}: fields that cannot be on a tile:\n" + "\n".join(problems))
    if not whole:
        raise CodeletError(f"{source}: no class is derived from poplar::Vertex and has compute()")
    return whole


def _syntax_tree(text: str) -> str:
    """clang's tree as JSON. ``zig c++`` expects an object from every run; the clang inside it does not."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "codelets.ii"
        path.write_text(text)
        dump = ["-fsyntax-only", "-w", "-Xclang", "-ast-dump=json"]
        return _compile([str(find_zig()), "clang", "-std=c++17", "-fno-access-control", *dump, str(path)])


def _known_bases(one: VertexClass, known: Mapping[str, VertexClass]) -> Iterator[VertexClass]:
    """The bases that the file defines, looked up from the innermost scope outwards."""
    scopes = one.name.partition("<")[0].split("::")[:-1]
    for base in one.bases:
        names = ["::".join([*scopes[:depth], base]) for depth in range(len(scopes), -1, -1)]
        yield from [known[name] for name in names if name in known][:1]


def _is_vertex(one: VertexClass, known: Mapping[str, VertexClass]) -> bool:
    return not BASES.isdisjoint(one.bases) or any(_is_vertex(base, known) for base in _known_bases(one, known))


def _computes(one: VertexClass, known: Mapping[str, VertexClass]) -> bool:
    return one.computes or any(_computes(base, known) for base in _known_bases(one, known))


def _all_fields(one: VertexClass, known: Mapping[str, VertexClass]) -> Iterator[tuple[str, str]]:
    for base in _known_bases(one, known):
        yield from _all_fields(base, known)
    yield from one.fields


class _Reader:
    """Collects classes and enumerations from clang's syntax tree. In headers of the language nodes may lack a name
    (anonymous unions), or be an id alone, without a kind."""

    def __init__(self) -> None:
        self.classes: list[VertexClass] = []
        self._enums: set[str] = set()
        self._booleans: dict[str, list[bool]] = {}

    def read(self, node: Node, scope: str) -> None:
        """Everything below a node; ``scope`` is the qualified name before its members."""
        for child in node.get("inner", ()):
            kind, name = child.get("kind"), child.get("name", "")
            if kind == "NamespaceDecl" or kind == "LinkageSpecDecl":
                self.read(child, f"{scope}{name}::" if name and not child.get("isInline") else scope)
            elif kind == "EnumDecl":
                self._enums.add(name)
            elif kind == "ClassTemplateDecl":
                self._template(child, scope)
            elif kind == "ClassTemplateSpecializationDecl":
                self._class(child, self._instance(child, scope), explicit=True)
            elif kind == "CXXRecordDecl":
                self._class(child, scope + name, explicit=True)
                self.read(child, f"{scope}{name}::")

    def _template(self, node: Node, scope: str) -> None:
        parameters = [child for child in node["inner"] if child.get("kind", "").endswith("ParmDecl")]
        kinds = [child.get("type", {}).get("qualType") == "bool" for child in parameters]
        self._booleans[scope + node["name"]] = kinds
        for child in node["inner"]:
            if child.get("kind") == "ClassTemplateSpecializationDecl":
                self._class(child, self._instance(child, scope), explicit=False)

    def _instance(self, node: Node, scope: str) -> str:
        name = scope + node["name"]
        arguments = [child for child in node.get("inner", ()) if child.get("kind") == "TemplateArgument"]
        kinds = self._booleans.get(name, [])
        boolean = [i < len(kinds) and kinds[i] for i in range(len(arguments))]
        return f"{name}<{', '.join(map(_argument, arguments, boolean))}>"

    def _class(self, node: Node, name: str, *, explicit: bool) -> None:
        if not node.get("completeDefinition"):
            return
        inner = node.get("inner", ())
        fields = tuple((child.get("name", ""), _type(child)) for child in inner if child.get("kind") == "FieldDecl")
        bases = tuple(_spelled(base["type"]) for base in node.get("bases", ()))
        computes = any(child.get("kind") == "CXXMethodDecl" and child.get("name") == "compute" for child in inner)
        self.classes.append(VertexClass(name, fields, bases, computes, explicit))

    def refusal(self, kind: str) -> str | None:
        """Why a field of this type cannot be on a tile, or None if it can."""
        bare = kind.removeprefix("const ").removeprefix("volatile ")
        if bare in _SCALARS or bare.rpartition("::")[2] in self._enums:
            return None
        if edge := _EDGE.match(bare):
            return self._edge_refusal(edge[2])
        if vector := _VECTOR.match(bare):
            element = _first(vector[2])
            if element in _SCALARS:
                return None
            inner = _EDGE.match(element)
            if inner and _VECTOR.match(inner[2]):
                return self._edge_refusal(inner[2])
            return f"{kind}: a vector holds numbers, or Input, Output or InOut of vectors of numbers"
        return f"{kind}: a field is a number, an Input, Output or InOut, or a Vector"

    def _edge_refusal(self, kind: str) -> str | None:
        vector = _VECTOR.match(kind)
        element = _first(vector[2]) if vector else kind
        if element in _LONG:
            return f"elements of type {element} have another size on a tile"
        if element in _SCALARS:
            return None
        return f"elements of type {element}: no tensor has them, or more than two dimensions"


def _argument(node: Node, boolean: bool) -> str:
    if "type" in node:
        return _spelled(node["type"])
    value = node.get("value", "?")
    return ("true" if value else "false") if boolean else str(value)


def _type(node: Node) -> str:
    return _spelled(node["type"])


def _spelled(kind: Node) -> str:
    return str(kind.get("desugaredQualType", kind["qualType"]))


def _first(arguments: str) -> str:
    """The first of the arguments of a template."""
    depth = 0
    for place, letter in enumerate(arguments):
        depth += (letter in "<(") - (letter in ">)")
        if letter == "," and depth == 0:
            return arguments[:place].strip()
    return arguments.strip()


def registration(source: Path, found: Sequence[VertexClass]) -> str:
    """The C++ unit that includes a codelet file and describes its vertices."""
    lines = [f'#include "{source.name}"', "#include <axonc_ipu/vertex_table.hpp>", "#include <cstddef>", "namespace {"]
    rows = []
    for number, one in enumerate(found):
        vertex, fields = f"vertex_{number}", f"fields_{number}"
        lines.append(f"using {vertex} = ::{one.name};")
        if one.fields:
            entries = ", ".join(
                f'axonc_ipu::describe<decltype({vertex}::{name})>("{name}", offsetof({vertex}, {name}))'
                for name, _ in one.fields
            )
            lines.append(f"const axonc_ipu::FieldEntry {fields}[] = {{{entries}}};")
        rows.append(
            f'{{"{one.name}", sizeof({vertex}), axonc_ipu::workers<{vertex}>(), {fields if one.fields else "nullptr"}, '
            f"{len(one.fields)}, &axonc_ipu::compute<{vertex}>}}"
        )
    lines += [
        f"const axonc_ipu::VertexEntry entries[] = {{{', '.join(rows)}}};",
        "}",
        'extern "C" __attribute__((visibility("default"))) const axonc_ipu::VertexTable axonc_ipu_vertices',
        f"{{axonc_ipu::TABLE_VERSION, {len(found)}, entries}};",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command ``python -m axonc.backends.ipu.simulator [-o OUT.gp] [--print] SOURCE [-- FLAGS...]``."""
    parser = argparse.ArgumentParser(prog="popc", description="compile codelets for the simulator")
    parser.add_argument("source", type=Path)
    parser.add_argument("-o", dest="output", type=Path, help="where to write the library")
    parser.add_argument("--print", action="store_true", help="print where the library is kept")
    parser.add_argument("flags", nargs="*", help="flags for the compiler, behind --")
    given = parser.parse_args(arguments)
    try:
        library = compile_codelet(given.source, given.flags)
    except (CodeletError, ToolchainError) as error:
        print(error, file=sys.stderr)
        return 1
    if given.output:
        shutil.copy2(library, given.output)
    if given.print:
        print(library)
    return 0
