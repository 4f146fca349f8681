"""Run notebooks through papermill, and say truthfully what became of each.

papermill alone reports a killed kernel and a time-out as completed cells, and `sys.exit(0)` halfway
as success. So a notebook counts as completed only when all of this holds: papermill returned, no cell
failed, every code cell ran, and the last one showed the mark that only its last line makes.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from traitlets import Dict, Unicode
from traitlets.config import Config

from riskkit.pseudonyms import KEY_VARIABLE
from riskkit.report.jupyter import AsyncKernelManager, KernelSpec, nbclient, nbformat, papermill
from riskkit.report.parameters import Notebook

COMPLETED = "application/vnd.riskkit.completed+json"
"""MIME type of the mark that a notebook shows at its end; its value is `{"completed": true}`."""

Status = Literal["completed", "failed", "timed_out", "killed", "exited_early"]


@dataclass(frozen=True, slots=True)
class Run:
    """What became of one notebook.

    `reason` names an exception's class and the code cell, never a value. `executed` is the notebook
    with its outputs, when it completed.
    """

    status: Status
    reason: str = ""
    executed: Any = None


class OwnKernel(AsyncKernelManager):
    """A kernel of this very interpreter, whatever kernels are installed under the name python3."""

    folder = Unicode(config=True)
    environment = Dict(config=True)
    running: ClassVar[dict[str, OwnKernel]] = {}
    """Those of this process, by their folder."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """Start the Python that runs now."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python", language="python")

    async def start_kernel(self, **kwargs: Any) -> None:  # type: ignore[override]  # declared through a wrapper
        """Start it in its own folder and environment; those of this process stay as they are."""
        await super().start_kernel(
            cwd=self.folder,
            env={**os.environ, **self.environment},
            # What a kernel prints past its cells would reach the log of whoever runs us, values and all.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **kwargs,
        )
        self.running[self.folder] = self


def stop_kernels(scratch: Path) -> None:
    """Kill the kernels whose folders lie under `scratch`: their notebooks end as killed."""
    for folder, kernel in list(OwnKernel.running.items()):
        process = getattr(kernel.provisioner, "process", None)
        if process is not None and Path(folder).is_relative_to(scratch):
            process.kill()


def run_notebook(
    notebook: Notebook,
    given: Mapping[str, object],
    *,
    timeout_s: float,
    scratch: Path,
    sockets: Path | None = None,
) -> Run:
    """Run a notebook in a fresh kernel; raises nothing that the notebook causes.

    `timeout_s` holds for the notebook as a whole. `scratch` is a private folder where it works and puts
    its temporary files, `sockets` another with a short name (`scratch` itself unless given). `given` was
    validated. Call it from a thread that is not the main one: there nbclient answers to Ctrl-C and SIGTERM
    itself, ends this one notebook, and the run would go on.
    """
    node = nbformat.reads(notebook.text, as_version=4)
    end = time.monotonic() + timeout_s
    try:
        _here.quiet = True
        executed = papermill.execute_notebook(
            node,
            None,
            parameters=dict(given),
            kernel_name="python3",
            language="python",
            progress_bar=False,
            log_output=False,
            kernel_manager_class=OwnKernel,
            config=_configuration(scratch, sockets or scratch),
            timeout_func=lambda _: max(end - time.monotonic(), 0.001),
        )
    except papermill.PapermillExecutionError as error:
        # One less: papermill put in a cell with the parameters.
        return _stopped(error.ename, _number(node.cells[: error.cell_index]))
    except nbclient.exceptions.CellTimeoutError:
        return Run("timed_out", f"did not end within {timeout_s:g} s")
    except nbclient.exceptions.DeadKernelError:
        return Run("killed", "the kernel died")
    except RuntimeError as error:
        return Run("killed", f"the kernel did not start ({type(error).__name__})")
    finally:
        _here.quiet = False
        OwnKernel.running.pop(str(scratch), None)
    return _judge(executed)


def _judge(node: Any) -> Run:
    """Whether a notebook that papermill returned ran to its end."""
    # papermill's own cell, which holds the parameters, is none of the author's.
    cells = [cell for cell in node.cells if "injected-parameters" not in cell.metadata.get("tags", ())]
    code = [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]
    for number, cell in enumerate(code, 1):
        for output in cell.outputs:
            if output.output_type == "error":
                return _stopped(output.ename, number)
        if cell.metadata.papermill.exception:
            return Run("failed", f"an exception in code cell {number}")
        if cell.execution_count is None:
            return Run("exited_early", f"code cell {number} did not run")
    if node.metadata.papermill.exception:
        return Run("failed", "an exception")
    marks = [output.data[COMPLETED] for output in code[-1].outputs if COMPLETED in output.get("data", {})]
    if marks != [{"completed": True}]:
        return Run("exited_early", "the last cell does not show that it came to its end")
    node.cells = cells
    return Run("completed", executed=node)


def _stopped(exception: str, number: int) -> Run:
    status: Status = "exited_early" if exception == "SystemExit" else "failed"
    return Run(status, f"{exception} in code cell {number}")


def _number(cells: Sequence[Any]) -> int:
    """How many code cells there are, as an author counts them."""
    return sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in cells)


def _configuration(scratch: Path, sockets: Path) -> Config:
    environment = {
        "RISKKIT_RENDERING": "1",
        # A person's own profile and start-up files do not belong in a report.
        "IPYTHONDIR": str(scratch / "ipython"),
        # What a library puts down for a while is made from evidence, and goes with the rest.
        "TMPDIR": str(scratch),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        # Sets of text keep one order, so that the same evidence gives the same bytes.
        "PYTHONHASHSEED": "0",
    }
    if key := os.environ.get(KEY_VARIABLE):
        environment[KEY_VARIABLE] = str(Path(key).absolute())
    return Config(
        {
            "OwnKernel": {
                "folder": str(scratch),
                "environment": environment,
                "connection_file": str(sockets / "kernel.json"),
                # Sockets in a private folder, where nobody else on the machine can listen.
                "transport": "ipc" if os.name == "posix" else "tcp",
                "shutdown_wait_time": 2.0,
            }
        }
    )


_here = threading.local()


def _is_heard(record: logging.LogRecord) -> bool:
    """Keep papermill from logging what the status says anyway, and values from the notebook with it.

    Only in the threads that run notebooks here; papermill logs in the thread that calls it.
    """
    return not getattr(_here, "quiet", False)


logging.getLogger("papermill").addFilter(_is_heard)
