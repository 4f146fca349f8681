"""The command line: one file per verb in `commands/`, the only place that prints or exits."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import traceback
from pathlib import Path
from typing import Any

import click

from riskkit import __version__
from riskkit.cli.exits import UNTRUSTED
from riskkit.errors import RiskkitError


class _Verbs(click.Group):
    """Finds a verb in `commands/` by its file name and imports only that one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every verb, sorted."""
        return sorted(info.name for info in pkgutil.iter_modules([str(Path(__file__).parent / "commands")]))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"riskkit.cli.commands.{cmd_name}")
        command: click.Command = module.command
        return command


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="riskkit")
def cli() -> None:
    """Turn the evidence of a PACS into a HIPAA Security Rule risk report.

    Exit codes: 0 no finding at or above --fail-on; 1 findings at or above it; 2 no trustworthy result.
    """


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line; errors become one clear line and exit code 2."""
    os.umask(0o077)  # whatever is written here may hold ePHI
    try:
        return cli.main(args=arguments, standalone_mode=True)
    except RiskkitError as error:
        click.echo(f"riskkit: {error}", err=True)
        sys.exit(UNTRUSTED)
    except Exception:  # noqa: BLE001 - Python's own code for a defect, 1, means findings here
        traceback.print_exc()
        sys.exit(UNTRUSTED)
