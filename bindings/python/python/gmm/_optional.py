"""Packages that only some users have: imported when needed, with the way to get them if missing."""

from __future__ import annotations

import importlib
from typing import Any


def require(module: str, what: str) -> Any:
    """A module of a package that is no dependency, for ``what``."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.split(".")[0]
        raise ImportError(
            f"{what} needs {package}, which cannot be imported; try `pip install {package}`"
        ) from error
