"""Optional packages: imported when needed; an error names the package to install."""

from __future__ import annotations

import importlib
from typing import Any


def require(module: str, what: str) -> Any:
    """Imports a module of an optional package, which ``what`` needs."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.split(".")[0]
        raise ImportError(
            f"{what} needs {package}, which cannot be imported; try `pip install {package}`"
        ) from error
