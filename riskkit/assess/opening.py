"""`riskkit.open`: a pack becomes an Assessment, computed once and recalled afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from riskkit import __version__
from riskkit.assess.engine import Engine
from riskkit.assess.expected import read_inventory
from riskkit.assess.history import read_history
from riskkit.assess.judge import Court, check_overrides
from riskkit.assess.memo import memo_key, recall, remember
from riskkit.assess.programme import read_programme
from riskkit.assess.registry import all_checks, base_tables
from riskkit.assess.rounds import judge_all
from riskkit.catalog import load_catalog
from riskkit.errors import EvidenceError, SettingsError
from riskkit.ingest import ingest, is_known, remember_files, since_last
from riskkit.model import Assessment, Moment, Period
from riskkit.pseudonyms import fingerprint, site_key, surrogate
from riskkit.scoring import score, treated
from riskkit.settings import ENGINES, EngineName, Settings, read_settings
from riskkit.store import Store, draft_name, private_folder
from riskkit.tables import records

WORK = ".riskkit"


def open_pack(
    pack: str | Path,
    *,
    period: str | None = None,
    as_of: date | str | None = None,
    work: str | Path | None = None,
    site: str | None = None,
    department: str | None = None,
    engine: EngineName | None = None,
) -> Assessment:
    """Read an evidence pack and assess it.

    pack: the folder. period: `2026-10`, `2026-Q3`; the site's default without it. as_of: the last day
    that counts, for a period still running. work: where rows that were read are kept (default
    `PACK/.riskkit`). site, department: what views show; a location of the inventory, a department of
    the roster. engine: `duckdb` or `spark`, where big tables are asked (default: the site's).
    Raises EvidenceError, SettingsError or CatalogError; the text says what to do.
    """
    folder = find_pack(pack)
    settings = _on(read_settings(folder), engine)
    moment = resolve_moment(settings, period=period, as_of=as_of)
    check_overrides(all_checks(), settings)
    secret = site_key(folder, synthetic=settings.synthetic)
    work_folder = private_folder(Path(work) if work is not None else folder / WORK)
    evidence = ingest(folder, settings, moment, Store(work_folder))
    history = read_history(folder, settings, moment)
    sources = (*evidence.sources, *history.sources)
    if not is_known(work_folder, folder):
        remember_files(work_folder, folder, sources)
    tables = Engine(
        evidence,
        moment,
        work_folder / draft_name(),
        engine=settings.engine,
        memory_limit=settings.memory_limit,
    )
    key = memo_key(evidence, history.sources, settings, moment, secret)
    outcomes = recall(work_folder, key)
    if outcomes is None:
        court = Court(
            settings=settings,
            moment=moment,
            evidence=evidence,
            engine=tables,
            history=history,
            inventory=read_inventory(tables, moment),
            reviewed=_reviewed(tables, moment),
            fingerprint=lambda text: fingerprint(secret, text),
        )
        outcomes = judge_all(all_checks(), court)
        remember(work_folder, key, outcomes)
    catalog = load_catalog()
    # A kind of evidence that is not there supports nothing, even where a join could do without it.
    there = frozenset(name for name, state in evidence.states.items() if state.state == "present")
    kinds = {
        check.id: there.intersection(frozenset().union(*map(base_tables, check.needs)))
        for check in all_checks()
    }
    programme = read_programme(tables, moment)
    controls, risks, portfolio = score(outcomes, catalog, settings, kinds=kinds, programme=programme)
    name = moment.period.name
    assessment = Assessment(
        settings=settings,
        moment=moment,
        evidence=replace(evidence, sources=sources, since_last=since_last(work_folder, folder, sources)),
        outcomes=outcomes,
        controls=controls,
        risks=treated(risks, programme),
        catalog=catalog,
        history=history.findings,
        version=__version__,
        surrogates=lambda kind, value: surrogate(secret, name, kind, value),
        engine=tables,
        site=site,
        department=department,
        fingerprints=lambda text: fingerprint(secret, text),
        programme=programme,
        portfolio=portfolio,
    )
    _known(assessment, "systems", "location", site)
    _known(assessment, "roster", "department", department)
    return assessment


def find_pack(pack: str | Path) -> Path:
    """The pack's folder; a relative path is tried from here and from the folder above (notebooks/).

    Raises EvidenceError when there is none.
    """
    path = Path(pack)
    for candidate in (path, Path("..") / path):
        if candidate.is_dir():
            return candidate
    raise EvidenceError(
        "there is no such folder", file=path, do="Name the folder that holds the evidence files"
    )


def resolve_moment(settings: Settings, *, period: str | None, as_of: date | str | None) -> Moment:
    """The moment to judge at: the given period or day, else the site's; raises SettingsError."""
    try:
        day = date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    except ValueError as error:
        raise SettingsError(f"as-of {as_of!r} is no date", do="Write it as 2026-10-31") from error
    name = period or (f"{day:%Y-%m}" if day else settings.period)
    if name is None:
        raise SettingsError("no period is given", do="Give --period 2026-10, or `period:` in site.yaml")
    chosen = Period.parse(name)
    if day is None:
        return Moment.closing(chosen, settings.timezone)
    return Moment.ending(day, chosen, settings.timezone)


def _on(settings: Settings, engine: EngineName | None) -> Settings:
    if engine is None:
        return settings
    if engine not in ENGINES:
        raise SettingsError(f"engine {engine!r} is not known", do=f"Known: {', '.join(ENGINES)}")
    return settings.model_copy(update={"engine": engine})


def _reviewed(engine: Engine, moment: Moment) -> dict[str, str]:
    """Findings that somebody decided on, by fingerprint; the latest decision counts."""
    if engine.state("verdicts").state != "present":
        return {}
    rows = sorted(records(engine.frame("verdicts")), key=lambda row: (row.decided_at, row.decided_by))
    return {
        row.alert: row.verdict for row in rows if row.verdict != "undecided" and row.decided_at < moment.as_of
    }


def _known(assessment: Assessment, table: str, column: str, wanted: str | None) -> None:
    if wanted is None or assessment.state(table).state != "present":
        return
    known = sorted({str(value) for value in assessment.table(table)[column].dropna()})
    if wanted not in known:
        raise SettingsError(f"{column} {wanted!r} does not occur in {table}", do=f"Known: {', '.join(known)}")
