"""Jupyter's packages, imported in a third of the time.

`jsonschema` imports `rfc3987_syntax` where it is installed, only to check the format "iri", which no
notebook uses. That package compiles a grammar as it is imported, which takes longer than all the rest.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _absent(package: str) -> Iterator[None]:
    """Let a package look as if it were not installed, unless it is imported already."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # the import system reads None as "not there"
    try:
        yield
    finally:
        del sys.modules[package]


with _absent("rfc3987_syntax"):
    import nbclient.exceptions
    import nbconvert
    import nbformat
    import papermill
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

__all__ = ["AsyncKernelManager", "KernelSpec", "nbclient", "nbconvert", "nbformat", "papermill"]
