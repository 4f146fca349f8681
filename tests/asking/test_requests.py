"""Everything that is missing is asked for, once, of somebody, with how and until when; nobody is named."""

from __future__ import annotations

import json
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from riskkit.asking import Request, requests_of, write_requests
from riskkit.asking.items import UNASSIGNED, unknown_owners
from riskkit.assess import open_pack
from riskkit.catalog import load_catalog
from riskkit.catalog.exports import load_exports
from riskkit.catalog.questions import load_questions
from riskkit.cli import cli
from riskkit.discovery import find
from riskkit.errors import ReportError
from riskkit.model import Assessment, Reader
from riskkit.tables import TABLES
from tests.readers.reading import SAMPLES, read_all

READERS = {reader.id: reader for reader in find("riskkit.readers", Reader)}
CANARY = "zzcanary"
ASKED_ON = date(2026, 11, 2)

SITE = """synthetic: true
period: "2026-10"
organisation: Somewhere <b>
owners:
  programme: Compliance office
  vna: Storage team
  "45 CFR 164.310(b)": Facility management
  acounts: Nobody
"""
SYSTEMS = """system_id,name,kind,owner,holds_ephi,product,version
pacs1,Main archive,archive,Imaging,yes,dcm4chee-arc,5.33
orth1,"Second | <script>alert(1)</script> archive",archive,Imaging,yes,Orthanc,1.12
vna,Third archive,archive,Imaging,yes,Stillwater VNA,5
lost1,Router without owner,router,,yes,,
hr1,Human resources,human resources,Human Resources,no,,
"""
ACCOUNTS = f"""system_id,account,user_id,enabled,mfa
pacs1,{CANARY}account,{CANARY}user,yes,no
"""
ANSWERS = f"""answers:
- control: 45 CFR 164.308(a)(2)
  answer: 'yes'
  answered_by: {CANARY}
  answered_on: 2026-09-01
  valid_until: 2026-11-05
- control: 45 CFR 164.308(a)(1)(ii)(C)
  answer: 'yes'
  answered_by: {CANARY}
  answered_on: 2026-09-01
  valid_until: 2027-11-05
- control: 45 CFR 164.308(a)(5)(ii)(A)
  answer: 'yes'
  answered_by: {CANARY}
  answered_on: 2024-09-01
- control: 45 CFR 164.310(c)
  answer: 'no'
  answered_by: {CANARY}
  answered_on: 2026-09-01
"""
CUSTODY = f"""file,exported_by,exported_at
inventory/systems.csv,{CANARY},2026-10-30
people/accounts/pacs1.csv,{CANARY},2026-08-20
programme/answers.yaml,{CANARY},2026-10-30
"""


@pytest.fixture(scope="module")
def assessment(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    """Three archives, a router, accounts of one of them soon too old, some answers, training undated."""
    pack = tmp_path_factory.mktemp("pack")
    for name, text in {
        "site.yaml": SITE,
        "inventory/systems.csv": SYSTEMS,
        "people/accounts/pacs1.csv": ACCOUNTS,
        "programme/answers.yaml": ANSWERS,
        "programme/training.csv": f"user_id,course\n{CANARY},Security\n",
        "evidence.csv": CUSTODY,
    }.items():
        (pack / name).parent.mkdir(parents=True, exist_ok=True)
        (pack / name).write_text(text, encoding="utf-8")
    return open_pack(pack, work=tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def requests(assessment: Assessment) -> tuple[Request, ...]:
    return requests_of(assessment, asked_on=ASKED_ON)


@pytest.fixture(scope="module")
def pages(
    assessment: Assessment, requests: tuple[Request, ...], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("out") / "requests"
    write_requests(assessment, requests, out)
    return out


def of(requests: tuple[Request, ...], kind: str) -> list[Request]:
    return [request for request in requests if request.kind == kind]


def test_every_question_that_was_not_assessed_is_asked_for(
    assessment: Assessment, requests: tuple[Request, ...]
) -> None:
    """No NOT_ASSESSED check whose question does not stand in a request, unless people must answer it."""
    asked = {question for request in requests for question in request.questions}
    for outcome in assessment.outcomes:
        if outcome.condition == "NOT_ASSESSED":
            assert outcome.check.question in asked, outcome.check.id


def test_every_kind_that_a_control_lacks_is_asked_for(
    assessment: Assessment, requests: tuple[Request, ...]
) -> None:
    """What sufficiency wants and the pack does not hold, with the control as the reason."""
    why = {(request.kind, citation) for request in requests for citation, _ in request.controls}
    for status in assessment.controls:
        for kind in (name for lacking in status.lacking for name in lacking.split("|")):
            if kind in TABLES and kind != "answers" and assessment.state(kind).state != "present":
                assert (kind, status.control.citation) in why


def test_each_system_is_asked_of_its_owner(requests: tuple[Request, ...]) -> None:
    """The inventory names the owner, site.yaml goes before it, and what nobody owns is unassigned."""
    owners = {ask.system.id: ask.owner for request in of(requests, "audit_events") for ask in request.asks
              if ask.system}  # fmt: skip
    assert owners == {"pacs1": "Imaging", "orth1": "Imaging", "vna": "Storage team", "lost1": UNASSIGNED}
    assert {request.owner for request in of(requests, "contracts")} == {"Compliance office"}


def test_the_command_fits_the_product(requests: tuple[Request, ...]) -> None:
    """dcm4chee logs in by Keycloak, Orthanc by its configuration; an unknown product has no command."""
    ways = {ask.system.id: ask.ways for request in of(requests, "grants") + of(requests, "configurations")
            for ask in request.asks if ask.system}  # fmt: skip
    (keycloak,), (orthanc,) = ways["pacs1"], ways["orth1"]
    assert "kc.sh export" in keycloak.command
    assert orthanc.product == "Orthanc"
    assert ways["vna"] == ()


def test_the_organisation_is_told_every_way(requests: tuple[Request, ...], pages: Path) -> None:
    """Nobody lists the door system as one that holds ePHI: its owner reads each way and takes the own one."""
    (request,) = of(requests, "facility_access")
    (ask,) = request.asks
    assert [way.product for way in ask.ways] == ["Genetec Security Center"]
    assert any("Door activities" in page.read_text(encoding="utf-8") for page in pages.glob("*.html"))


def test_the_target_names_the_system(requests: tuple[Request, ...]) -> None:
    """No placeholder and no wildcard is left in it."""
    for request in requests:
        for ask in request.asks:
            assert not {"*", "SYSTEM", "PERIOD"} & set(
                ask.target.replace("-", "/").replace(".", "/").split("/")
            )
            assert "*" not in ask.target


def test_a_system_of_which_nothing_is_said_is_asked_for(requests: tuple[Request, ...]) -> None:
    """Accounts of one archive are there; the other two are asked for theirs."""
    systems = {ask.system.id for request in of(requests, "accounts") for ask in request.asks if ask.system}
    assert {"orth1", "vna"} <= systems


def test_what_is_soon_too_old_is_asked_for_before_it_is(requests: tuple[Request, ...]) -> None:
    """Exported on 20 August, it counts for 90 days: until 18 November, but two weeks are over before."""
    (ask,) = [
        ask for request in of(requests, "accounts") for ask in request.asks
        if ask.system and ask.system.id == "pacs1"
    ]  # fmt: skip
    assert "counts until 2026-11-18" in ask.reason
    assert ask.due == date(2026, 11, 16)
    assert ask.target == "people/accounts/pacs1.csv"


def test_undated_evidence_is_asked_to_be_dated(requests: tuple[Request, ...]) -> None:
    """The training file has no row in evidence.csv, so it shows nothing."""
    (request,) = of(requests, "custody")
    assert "programme/training.csv" in request.asks[0].reason


def test_questions_without_an_answer_that_holds(requests: tuple[Request, ...]) -> None:
    """Unanswered, expired and soon expiring are asked; a good answer and a plain no are not."""
    asked = {citation for request in of(requests, "answers") for citation, _ in request.controls}
    assert {"45 CFR 164.308(a)(2)", "45 CFR 164.308(a)(5)(ii)(A)", "45 CFR 164.310(b)"} <= asked
    assert not {"45 CFR 164.308(a)(1)(ii)(C)", "45 CFR 164.310(c)"} & asked
    assert asked <= set(load_questions())
    (facility,) = [one for one in of(requests, "answers") if one.controls[0][0] == "45 CFR 164.310(b)"]
    assert facility.owner == "Facility management"


def test_all_is_due_in_time(assessment: Assessment, requests: tuple[Request, ...]) -> None:
    """Nothing is due later than `request_days` after it was asked for."""
    assert max(ask.due for request in requests for ask in request.asks) == date(2026, 11, 16)
    assert assessment.settings.request_days == 14


def test_an_owner_that_means_nothing_is_told(assessment: Assessment) -> None:
    """A misspelt key in site.yaml would leave work unassigned."""
    assert unknown_owners(assessment) == ("acounts",)


def test_nobody_is_named(pages: Path) -> None:
    """No value of an identifying column, and no name of who exported or answered, reaches any file."""
    for path in pages.iterdir():
        assert CANARY not in path.read_text(encoding="utf-8"), path.name


def test_one_page_per_owner_in_both_formats(pages: Path, requests: tuple[Request, ...]) -> None:
    """The index links to all of them, and what nobody owns comes last."""
    owners = {request.owner for request in requests}
    html = sorted(path.stem for path in pages.glob("[0-9]*.html"))
    assert html == sorted(path.stem for path in pages.glob("[0-9]*.md"))
    assert len(html) == len(owners)
    assert html[-1].endswith("unassigned")
    index = (pages / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{stem}.html"' in index for stem in html)
    content = json.loads((pages / "requests.json").read_text(encoding="utf-8"))
    assert {path.name for path in pages.iterdir()} == set(content["files"])


def test_the_inventory_writes_no_markup(pages: Path) -> None:
    """A system's name with markup is text in both formats; pages hold no script, nothing from outside."""
    for path in pages.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "<b>" not in text
        assert "default-src 'none'" in text
        parser = HTMLParser()
        parser.feed(text)
        parser.close()
    imaging = next(pages.glob("*imaging.md")).read_text(encoding="utf-8")
    assert "<script" not in imaging
    assert "Second \\| &lt;script>" in imaging


def test_a_command_that_was_not_checked_says_so(pages: Path) -> None:
    """The reader is told where it is documented, or that it was not compared."""
    imaging = next(pages.glob("*imaging.html")).read_text(encoding="utf-8")
    assert "docs.redhat.com" in imaging
    assert all(way.source for export in load_exports().values() for way in export.ways if way.verified)


def test_a_second_run_replaces_the_first(
    assessment: Assessment, requests: tuple[Request, ...], tmp_path: Path
) -> None:
    """Owners who are asked for nothing any more lose their page; a foreign file stops the run."""
    out = tmp_path / "requests"
    write_requests(assessment, requests, out)
    first = requests[:1]
    write_requests(assessment, first, out)
    assert len(list(out.glob("[0-9]*.html"))) == 1
    write_requests(assessment, (), out)
    assert "nothing to ask for" in (out / "index.html").read_text(encoding="utf-8")
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ReportError, match="did not write"):
        write_requests(assessment, requests, out)
    assert (out / "notes.txt").exists()


def test_the_same_evidence_gives_the_same_pages(assessment: Assessment, pages: Path, tmp_path: Path) -> None:
    """Byte for byte."""
    again = tmp_path / "again"
    write_requests(assessment, requests_of(assessment, asked_on=ASKED_ON), again)
    for path in pages.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes()


def test_the_verb(assessment: Assessment, tmp_path: Path) -> None:
    """It prints the index page, and tells an owner's key that means nothing."""
    out = tmp_path / "out"
    pack = assessment.evidence.pack
    arguments = [
        "request",
        str(pack),
        "--out",
        str(out),
        "--asked-on",
        "2026-11-02",
        "--work",
        str(tmp_path / "w"),
    ]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    assert str(out / "index.html") in result.output
    assert "'acounts'" in result.output


def test_every_kind_of_evidence_has_an_export() -> None:
    """Each file is named as a table; every kind that a control needs has one."""
    assert set(load_exports()) <= set(TABLES)
    kinds = {
        kind for row in load_catalog().sufficiency.values() for name in row.kinds for kind in name.split("|")
    }
    assert sorted((kinds & set(TABLES) | {"software"}) - set(load_exports())) == []
    assert [name for name, table in TABLES.items() if name not in load_exports() and not table.ask] == []


def test_exports_go_where_the_table_is_looked_for() -> None:
    """A way's file lies in the folder of its table, or the owner would put it where nobody reads it."""
    wrong = [
        (kind, way.file)
        for kind, export in load_exports().items()
        for way in export.ways
        if way.file and way.file.split("/")[0] != TABLES[kind].place.split("/")[0]
    ]
    assert wrong == []


def test_no_command_holds_a_secret_or_writes_into_a_system() -> None:
    """Exports read; what they ask for has no option that takes a password on the command line."""
    for export in load_exports().values():
        for way in export.ways:
            assert not any(
                word in way.command.casefold() for word in ("--password", " -p ", "delete", " rm ")
            )


@pytest.mark.parametrize(
    ("kind", "product", "sample"),
    [
        ("accounts", "Keycloak", "keycloak_realm/pacs1.json"),
        ("accounts", "Orthanc", "orthanc_json/credentials.json"),
        ("accounts", "Active Directory", "directory_csv/directory.csv"),
        ("accounts", "OpenLDAP", "ldif/*"),
        ("accounts", "AWS IAM", "aws_credential_report/credential_report.csv"),
        ("configurations", "Keycloak", "keycloak_realm/pacs1.json"),
        ("configurations", "Orthanc", "orthanc_json/pacs1.json"),
        ("grants", "Keycloak", "keycloak_realm/pacs1.json"),
        ("software", "Linux", "cyclonedx_json/*"),
        ("vulnerabilities", "Linux, with Trivy", "trivy_json/*"),
        ("vulnerabilities", "a bill of materials", "grype_json/*"),
    ],
)
def test_a_file_named_as_it_is_asked_for_is_of_the_system(kind: str, product: str, sample: str) -> None:
    """The target of a request says of which system the file is; its reader reads it so."""
    exports = load_exports()[kind]
    way = next(way for way in exports.ways if way.product.startswith(product))
    path = min(SAMPLES.glob(sample))
    reader = READERS[path.parent.name]
    found = read_all(reader, path.read_bytes(), way.file.replace("SYSTEM", "ct-7")).table(kind)
    assert {row["system_id"] for row in found} == {"ct-7"}


def test_the_directory_is_asked_for_all_that_its_reader_judges_by() -> None:
    """Its columns tell whose an account is, its powers, its second factor and its last log-in."""
    (way,) = (way for way in load_exports()["accounts"].ways if way.product == "Active Directory")
    wanted = re.search(r"-Properties (\S+)", way.command)
    chosen = re.search(r"Select-Object (.+?) *(?:\||$)", way.command, re.MULTILINE)
    assert wanted
    assert chosen
    columns = [re.sub(r"^@\{n='(\w+)'.*", r"\1", one) for one in re.split(r",(?![^{]*\})", chosen[1])]
    extended = {"LastLogonDate", "PasswordLastSet", "PasswordNeverExpires", "Created", "MemberOf",
                "AdminCount", "SmartcardLogonRequired"}  # fmt: skip
    assert extended <= {*wanted[1].split(",")}
    values = {"SamAccountName": "ada", "GivenName": "Ada", "Surname": "Wu", "Enabled": "True",
              "AdminCount": "1", "SmartcardLogonRequired": "True", "LastLogonDate": "2026-10-30 08:00",
              "PasswordLastSet": "2026-10-01 08:00", "PasswordNeverExpires": "False",
              "Created": "2020-01-15 08:00", "MemberOf": "CN=Doctors,DC=x"}  # fmt: skip
    lines = [",".join(f'"{cell}"' for cell in row) for row in (columns, [values[name] for name in columns])]
    reader = READERS["directory_csv"]
    (row,) = read_all(reader, "\r\n".join(lines).encode(), way.file.replace("SYSTEM", "ad1")).table(
        "accounts"
    )
    told = {name: row[name] for name in ("system_id", "user_id", "kind", "mfa", "privileged", "enabled")}
    assert told == {"system_id": "ad1", "user_id": "ada", "kind": "person", "mfa": True, "privileged": True,
                    "enabled": True}  # fmt: skip
    assert None not in (row["last_login"], row["created_on"], row["password_changed_on"])
    assert row["password_never_expires"] is False
