"""The Python blocks of README and of the guide run, and print what the page shows below them.

The blocks of a page share one namespace and one folder, in which ``examples`` is the folder of the
project. If the next block is ``text``, it is the expected output: word by word, numbers within one
unit of their last digit or a millionth, and a line ``...`` stands for any lines.
``tests/documents.rs`` runs the other languages by the same rules.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT

PAGES = sorted(
    page
    for page in [ROOT / "README.md", *(ROOT / "docs" / "guide").glob("*.md")]
    if "```python\n" in page.read_text(encoding="utf-8")
)
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def words_are_same(expected: str, found: str) -> bool:
    """Equal, or numbers that differ by one unit in the last digit of the expected one."""
    if expected == found:
        return True
    try:
        wanted, got = (word.strip("()[],;:%") for word in (expected, found))
        unit = 10.0 ** -len(wanted.partition(".")[2])
        return abs(float(wanted) - float(got)) <= max(1.001 * unit, 1e-6 * abs(float(wanted)))
    except ValueError:
        return False


def lines_are_same(expected: list[str], found: list[str]) -> bool:
    if not expected:
        return not found
    if expected[0] == "...":
        return any(lines_are_same(expected[1:], found[n:]) for n in range(len(found) + 1))
    if not found:
        return False
    pairs = expected[0].split(), found[0].split()
    same = len(pairs[0]) == len(pairs[1]) and all(map(words_are_same, *pairs))
    return same and lines_are_same(expected[1:], found[1:])


def lines_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_every_block_runs_and_prints_what_the_page_shows(
    page: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    for framework in ("torch", "jax", "matplotlib"):
        is_imported = re.search(rf"^(import|from) {framework}", text, re.MULTILINE)
        if is_imported and importlib.util.find_spec(framework) is None:
            pytest.skip(f"{framework} is not installed")
    blocks = BLOCK.findall(text)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for (language, code), (following, output) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language != "python":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(page), "exec"), namespace)
        if following == "text":
            found = printed.getvalue()
            assert lines_are_same(lines_of(output), lines_of(found)), f"{code}\nprinted\n{found}"


def test_the_picture_of_readme_is_what_its_example_draws(tmp_path: Path, monkeypatch: Any) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(sys, "argv", ["picture.py", str(tmp_path)])
    runpy.run_path(str(ROOT / "bindings" / "python" / "examples" / "picture.py"))
    drawn, kept = (
        re.findall(r"<text[^>]*>([^<]*[a-z][^<]*)<", (folder / "breast-cancer.svg").read_text())
        for folder in (tmp_path, ROOT / "docs" / "pictures")
    )
    # Titles, axes, classes and the threshold, and not the ticks, fonts and colours.
    assert drawn == kept and any("threshold" in text for text in drawn)
