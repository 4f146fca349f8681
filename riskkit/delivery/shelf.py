"""A report is put into a folder that others read: whole or not at all, in place of an earlier one."""

from __future__ import annotations

from pathlib import Path

from riskkit.delivery.published import PAPER, Published, beside
from riskkit.errors import DeliveryError, ReportError
from riskkit.report import verify
from riskkit.report.folder import exclusive, new_folder, replace, write
from riskkit.report.record import record_path


def put_into(report: Published, place: Path, *, pdf: bytes | None = None) -> Path:
    """Copy a report to `place`/NAME, its run record and its PDF beside it; returns the new folder.

    Whoever may read `place` may read the copies. Raises DeliveryError when `place` is not there: it may
    be a share that is not mounted, and a folder made in its stead would hide that.
    """
    if not place.is_dir():
        raise DeliveryError("there is no such folder", file=place, do="Mount or make it first")
    target = place.resolve() / report.name
    if target == report.folder.resolve() or target.is_relative_to(report.folder.resolve()):
        raise DeliveryError("is where the report lies already", file=place, do="Name another folder")
    readable = place.stat().st_mode & 0o777
    try:
        with exclusive(target), new_folder(target) as draft:
            for name, content in report.files.items():
                write(draft / name, content)
                (draft / name).chmod(readable & 0o666)
            draft.chmod(readable)
        record = report.record.read_bytes() if report.record else None
        for path, companion in ((record_path(target), record), (beside(target, PAPER), pdf)):
            if companion is None:
                path.unlink(missing_ok=True)  # an earlier delivery's, of another report
            else:
                replace(path, companion)
                path.chmod(readable & 0o666)
    except OSError as error:
        raise DeliveryError(
            f"cannot be written ({error.strerror}); the report is kept", file=target, do="Try again"
        ) from error
    if problems := verify(target):
        raise ReportError(f"arrived altered: {problems[0]}", file=target, do="Try again")
    return target
