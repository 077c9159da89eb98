"""ctypes knows of the C ABI what C knows: every function, and every field where it is."""

from __future__ import annotations

import ctypes
import re
import subprocess
from shutil import which
from typing import Any

import pytest

from conftest import ROOT
from gmm import _abi

LAYOUT = (ROOT / "tests/c/layout.c").read_text()
HEADER = (ROOT / "include/gmm.h").read_text()


def struct(c_name: str) -> Any:
    words = re.sub(r"_f(32|64)$", "", c_name.removeprefix("gmm_")).split("_")
    return getattr(_abi, "".join(map(str.capitalize, words)))


def test_there_is_a_prototype_for_every_function_of_the_header() -> None:
    declared = set(re.findall(r"^[a-z].*?\b(gmm_\w+)\(", HEADER, re.M)) - {"gmm_progress_callback"}
    declared = {name for name in declared if not name.endswith("_callback")}
    listed = set((ROOT / "tests/c/symbols.txt").read_text().split())
    assert declared == listed
    assert set(_abi.PROTOTYPES) == listed


def test_a_prototype_takes_as_many_arguments_as_the_header_says() -> None:
    text = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.S)
    for name, (result, arguments) in _abi.PROTOTYPES.items():
        found = re.search(rf"([\w \*]+?)\b{name}\(([^;]*)\);", text)
        assert found, name
        declared = [] if found[2].strip() == "void" else found[2].split(",")
        assert len(declared) == len(arguments), name
        assert (found[1].strip() == "void") == (result is None), name
        for declaration, given in zip(declared, arguments, strict=True):
            is_pointer = (
                given is ctypes.c_void_p or given is ctypes.c_char_p or hasattr(given, "contents")
            )
            assert ("*" in declaration) == is_pointer, (name, declaration)
            if not is_pointer:
                kinds = {
                    "double": "d",
                    "float": "f",
                    "size_t": "L",
                    "uint64_t": "L",
                    "int32_t": "i",
                }
                if ctypes.sizeof(ctypes.c_void_p) == 8 and declaration.split()[-2] in kinds:
                    size = {"double": 8, "float": 4, "size_t": 8, "uint64_t": 8, "int32_t": 4}
                    assert ctypes.sizeof(given) == size[declaration.split()[-2]], (
                        name,
                        declaration,
                    )


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="layout.c speaks of 64 bits")
def test_structs_are_where_layout_c_says() -> None:
    sizes = dict(re.findall(r"^SIZE\((\w+), (\d+)\);", LAYOUT, re.M))
    offsets = re.findall(r"^AT\((\w+), (\w+), (\d+)\);", LAYOUT, re.M)
    assert len(sizes) > 10 and len(offsets) > 100
    for name, size in sizes.items():
        if "loss" not in name:
            assert ctypes.sizeof(struct(name)) == int(size), name
    for name, field, offset in offsets:
        if "loss" not in name:
            assert getattr(struct(name), field).offset == int(offset), f"{name}.{field}"
    known = {type_ for type_ in vars(_abi).values() if isinstance(type_, type)}
    structs = {type_ for type_ in known if issubclass(type_, ctypes.Structure)} - {ctypes.Structure}
    assert structs == {struct(name) for name in sizes if "loss" not in name}


@pytest.mark.skipif(which("cc") is None, reason="there is no C compiler")
def test_the_compiler_agrees(tmp_path: Any) -> None:
    """Of structs that ctypes has, C prints size and offsets itself."""
    lines = []
    for name in set(re.findall(r"^SIZE\((\w+)", LAYOUT, re.M)):
        if "loss" in name:
            continue
        lines.append(f'printf("{name} - %zu\\n", sizeof({name}));')
        for field, *_ in struct(name)._fields_:
            lines.append(f'printf("{name} {field} %zu\\n", offsetof({name}, {field}));')
    source = tmp_path / "probe.c"
    source.write_text(
        f"#include <gmm.h>\n#include <stdio.h>\nint main(void) {{ {' '.join(lines)} }}\n"
    )
    subprocess.run(["cc", "-I", ROOT / "include", source, "-o", tmp_path / "probe"], check=True)
    output = subprocess.run([tmp_path / "probe"], capture_output=True, text=True, check=True).stdout
    assert len(output.splitlines()) == len(lines)
    for line in output.splitlines():
        name, field, number = line.split()
        type_ = struct(name)
        ours = ctypes.sizeof(type_) if field == "-" else getattr(type_, field).offset
        assert ours == int(number), line


def test_codes_are_those_of_the_header() -> None:
    codes = {
        name: int(code) for name, code in re.findall(r"^#define GMM_(\w+) (-?\d+)$", HEADER, re.M)
    }
    names = "OK NULL_POINTER INVALID_SHAPE SIZE_OVERFLOW NOT_FINITE NEGATIVE EMPTY_COMPONENT IO "
    names += "BAD_FILE NOT_POSITIVE_DEFINITE OUT_OF_RANGE INVALID_ARGUMENT INTERNAL SOURCE"
    for name in names.split():
        assert getattr(_abi, name) == codes[name]
    for prefix, ours in (
        ("COVARIANCE", _abi.COVARIANCES),
        ("CONVERGENCE", _abi.CONVERGENCES),
        ("CRITERION", _abi.CRITERIA),
        ("REPAIR", _abi.REPAIRS),
    ):
        assert [codes[f"{prefix}_{name.upper()}"] for name in ours] == list(range(len(ours)))
    theirs = ["KMEANS", "KMEANS_PLUS_PLUS", "RANDOM_FROM_DATA", "RANDOM"]
    assert [codes[f"INIT_{name}"] for name in theirs] == [0, 1, 2, 3]
    assert _abi.INITS == ("kmeans", "k-means++", "random_from_data", "random")
    theirs = ["CONVERGED", "MAX_ITERATIONS", "CANCELLED", "OUT_OF_TIME", "REFUSED"]
    assert [codes[f"STOP_{name}"] for name in theirs] == list(range(len(_abi.STOPS)))
