"""The progress of a walk on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from riskkit.collectors import Progress

REDRAW_S, TELL_S = 0.2, 10.0


class Bar:
    """One line on a terminal, drawn again and again; else a line every ten seconds."""

    WIDTH = 30

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._next = REDRAW_S if self._terminal else TELL_S

    def show(self, progress: Progress) -> None:
        """Draw or tell, when it is time to."""
        if progress.seconds < self._next:
            return
        self._next = progress.seconds + (REDRAW_S if self._terminal else TELL_S)
        if self._terminal:
            share = min(1.0, progress.files / progress.total) if progress.total else 0.0
            bar = "#" * round(share * self.WIDTH)
            click.echo(f"\r[{bar:<{self.WIDTH}}] {progress}\x1b[K", err=True, nl=False)
        else:
            click.echo(str(progress), err=True)

    def end(self, summary: str) -> None:
        """Say how it ended, on a line of its own."""
        if self._terminal:
            click.echo(err=True)
        click.echo(summary, err=True)
