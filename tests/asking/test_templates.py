"""Every template is one that a person can fill in and that reads back whole; its example is no evidence."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
import yaml
from click.testing import CliRunner

from riskkit.asking.templates import (
    csv_template,
    example_of,
    is_filled_in,
    template_texts,
    workbook,
    yaml_template,
)
from riskkit.catalog import ATTESTATION, load_catalog
from riskkit.cli import cli
from riskkit.collectors.tls.endpoint import EndpointsFile
from riskkit.ingest import ingest
from riskkit.model import Evidence, Moment, Period
from riskkit.readers.canonical.lines import EXAMPLE_ROW
from riskkit.settings import read_settings
from riskkit.store import Store
from riskkit.tables import TABLES, Table

FILLED = [table for table in TABLES.values() if is_filled_in(table)]
CANONICAL = [table for table in FILLED if table.canonical]
LISTS = [table for table in FILLED if table.place.endswith(".yaml")]


def read(pack: Path) -> Evidence:
    settings = read_settings(pack)
    moment = Moment.closing(Period.parse("2026-10"), settings.timezone)
    return ingest(pack, settings, moment, Store(pack.parent / "work"))


def path_of(pack: Path, table: Table, suffix: str) -> Path:
    return (pack / table.place.replace("*", table.name)).with_suffix(suffix)


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All templates, as they are written."""
    out = tmp_path_factory.mktemp("templates") / "pack"
    assert CliRunner().invoke(cli, ["templates", str(out)]).exit_code == 0
    return out


@pytest.fixture(scope="module")
def untouched(templates: Path) -> Evidence:
    return read(templates)


@pytest.fixture(scope="module", params=[".csv", ".xlsx", ".yaml"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Evidence]:
    """A pack of the templates of one format, each with its example copied as a person would."""
    suffix: str = request.param
    pack = tmp_path_factory.mktemp("filled") / "pack"
    for name, content in template_texts():
        if not name.endswith(suffix) or name == "site.yaml":
            continue
        path = pack / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(fill(content, suffix))
    return suffix, read(pack)


def fill(content: bytes, suffix: str) -> bytes:
    if suffix == ".yaml":
        return "\n".join(uncommented(content.decode())).encode()
    if suffix == ".csv":
        example = content.decode("utf-8-sig").splitlines()[-1]
        return content + f"{example.removeprefix('#EXAMPLE ')}\n".encode()
    book = openpyxl.load_workbook(io.BytesIO(content))
    (sheet,) = book.worksheets
    last = [cell.value for cell in sheet[sheet.max_row]]
    sheet.append([str(last[0]).removeprefix("#EXAMPLE "), *last[1:]])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def uncommented(text: str) -> Iterator[str]:
    """The lines of entries without their #; a list begins `#  - `."""
    for line in text.splitlines():
        yield line[1:] if line.startswith(("#  - ", "#    ")) else line


def test_every_table_that_a_person_writes_has_one(templates: Path) -> None:
    """CSV and workbook of each canonical table, YAML of each list; tables of tools have none."""
    assert all(path_of(templates, table, ".csv").is_file() for table in CANONICAL)
    assert all(path_of(templates, table, ".xlsx").is_file() for table in CANONICAL)
    assert all(path_of(templates, table, ".yaml").is_file() for table in LISTS)
    assert {"roster", "exceptions", "answers", "endpoints"} <= {table.name for table in FILLED}
    assert not (templates / "audit").exists()


def test_an_untouched_template_is_no_evidence(untouched: Evidence) -> None:
    """Each is recognized, no row of any is read, no record is quarantined, and examples are counted."""
    read_of = {source.name.partition("!")[0]: source for source in untouched.sources}
    for table in FILLED:
        for suffix in ([".csv", ".xlsx"] if table.canonical else []) + [".yaml"] * (table in LISTS):
            source = read_of[path_of(Path(), table, suffix).as_posix()]
            assert not source.problem, source.name
            assert set(source.counts) <= {table.name}, source.name
            assert all(count.rows == count.quarantined == 0 for count in source.counts.values())
            if suffix != ".yaml":
                assert source.counts[table.name].ignored == {EXAMPLE_ROW: 1}, source.name


def test_a_filled_in_template_reads_back(filled: tuple[str, Evidence]) -> None:
    """Of every table: one row, in that table, and nothing quarantined."""
    suffix, evidence = filled
    tables = LISTS if suffix == ".yaml" else CANONICAL
    sources = {source.name.partition("!")[0]: source for source in evidence.sources}
    for table in tables:
        source = sources[path_of(Path(), table, suffix).as_posix()]
        assert source.problem == "", source.name
        assert source.unread == 0, (source.name, source.quarantine)
        assert set(source.counts) == {table.name}, source.name
        expected = len(answered()) if table.name == ATTESTATION else 1
        assert source.counts[table.name].rows == expected, source.name


def answered() -> list[str]:
    from riskkit.catalog.questions import load_questions  # noqa: PLC0415

    return list(load_questions())


def test_a_row_that_only_looks_like_an_example_counts(tmp_path: Path) -> None:
    """Only the mark at the start of the first cell makes an example: no account hides behind a #."""
    table = TABLES["accounts"]
    rows = ["pacs1,#admin,,yes", "pacs1,#EXAMPLE x,,yes", "#pacs,root,,yes", "#EXAMPLE pacs1,a,,yes"]
    header = "# a comment, with commas\nsystem_id,account,user_id,enabled\n"
    pack = tmp_path / "pack"
    pack.mkdir()
    (pack / "accounts.csv").write_text(header + "\n".join(rows) + "\n", encoding="utf-8")
    (source,) = read(pack).sources
    assert source.counts[table.name].rows == 3
    assert source.counts[table.name].ignored == {EXAMPLE_ROW: 1}


@pytest.mark.parametrize("line", ["# a, comment", '"# a, comment"', "# a comment;;;;"])
def test_comments_survive_a_spreadsheet(tmp_path: Path, line: str) -> None:
    """A spreadsheet may quote a comment or fill it up with delimiters."""
    pack = tmp_path / "pack"
    pack.mkdir()
    text = f"{line}\nuser_id;course\nu1;Security\n"
    (pack / "training.csv").write_text(text, encoding="utf-8")
    (source,) = read(pack).sources
    assert source.counts["training"].rows == 1


@pytest.mark.parametrize("table", CANONICAL, ids=lambda table: table.name)
def test_every_column_is_explained(table: Table) -> None:
    """The comments name each column once, whether it is needed, and what is allowed."""
    lines = csv_template(table).splitlines()
    for column in table.columns:
        (told,) = [line for line in lines if line.startswith(f"# {column.name}: ")]
        assert ("needed" in told) == column.required or "may be empty" in told
        assert all(value in told for value in column.values)
    assert next(csv.reader([lines[-2]])) == [column.name for column in table.columns]


def test_allowed_values_are_offered() -> None:
    """The workbook has a list for each closed vocabulary and for yes and no, and no other sheet."""
    book = openpyxl.load_workbook(io.BytesIO(workbook(TABLES["accounts"])))
    assert book.sheetnames == ["accounts"]
    rules = [rule.formula1 for rule in book["accounts"].data_validations.dataValidation]
    assert '"person,shared,service,vendor,emergency"' in rules
    assert rules.count('"yes,no"') == sum(column.dtype == "boolean" for column in TABLES["accounts"].columns)


def test_site_yaml_holds_when_all_of_it_is_taken(templates: Path, tmp_path: Path) -> None:
    """As it is it sets nothing; with every # taken away it is a whole and valid site.yaml."""
    text = (templates / "site.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text) is None
    taken = [line[1:] for line in text.splitlines() if re.match("#(?! [^ ])", line)]
    (tmp_path / "site.yaml").write_text("\n".join(taken), encoding="utf-8")
    settings = read_settings(tmp_path)
    assert settings.owners["programme"] == "Compliance office"
    assert settings.timezone.key == "America/Chicago"


def test_answers_ask_everything_that_only_people_can_say(templates: Path) -> None:
    """Each question with its citation; the entries are commented out."""
    text = (templates / "programme/answers.yaml").read_text(encoding="utf-8")
    attested = {name for name, control in load_catalog().controls.items() if control.mode == "attest"}
    assert all(f"control: {citation}\n" in text for citation in attested)
    assert yaml.safe_load(text) == {"answers": None}


def test_nothing_is_overwritten(templates: Path) -> None:
    """A second run into the same folder is an error, and says which file is there."""
    result = CliRunner().invoke(cli, ["templates", str(templates)])
    assert result.exit_code != 0
    assert "may be filled in" in str(result.exception)


def test_example_rows_hold_no_two_alike(templates: Path) -> None:
    """Who asks and who approves differ in the examples too."""
    assert not [table.name for table in FILLED if table.mixed(example_of(table))]


def test_the_list_of_listeners_says_who_permits_scans() -> None:
    """Its head, filled in, is what the collector asks for: without it no scan would start."""
    text = yaml_template(TABLES["endpoints"])
    permitted = [line[1:] for line in text.splitlines() if re.match(r"#[a-z]", line)]
    one = (
        "endpoints: [{endpoint_id: a, host: pacs1.example, port: 2762, protocol: dicom-tls, approved_by: S}]"
    )
    file = EndpointsFile.model_validate(yaml.safe_load("\n".join([*permitted, one])))
    assert (file.authorization.reference, file.vantage) == ("CHG-2026-1", "internal")
    assert file.window_start
    assert file.window_end
    assert file.allowed_networks
