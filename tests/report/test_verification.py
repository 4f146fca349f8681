"""What verify shows: a byte that changed anywhere is named, and what was not shown is said."""

import hashlib
import json
import shutil
from datetime import UTC, datetime

import pytest

from riskkit.assess import open_pack, risk_state, state_of
from riskkit.errors import ReportError
from riskkit.report import attach_stamp, examine, make_report, stamp_request, verify
from riskkit.report.folder import canonical, sealed
from riskkit.report.manifest import NO_OUTPUT
from riskkit.report.record import Record, read_record
from riskkit.report.signing import make_signing_key, read_fingerprint, read_signing_key
from tests.packs import SAMPLES, assess, copy_of_samples, riskkit
from tests.report.conftest import Made
from tests.report.test_timestamp import Authority, needs_openssl


@pytest.fixture(scope="module")
def sealed_report(original, tmp_path_factory):
    """A report that is signed and stamped, with its key's fingerprint; made from kept pages."""
    root = tmp_path_factory.mktemp("sealed") / "made"
    shutil.copytree(original.root, root)
    made = Made(root)
    key = root.parent / "signing.pem"
    fingerprint = make_signing_key(key)
    assert make_report(made.pack, out=made.out, notebooks=made.notebooks, signing_key=key).ok
    if shutil.which("openssl"):
        authority = Authority(root.parent / "tsa")
        answer = root.parent / "answer.tsr"
        answer.write_bytes(authority.answer(stamp_request(made.out).read_bytes()))
        attach_stamp(made.out, answer)
    return made, key, fingerprint


@pytest.fixture
def spoilt(sealed_report, tmp_path):
    """A copy that the test may spoil."""
    shutil.copytree(sealed_report[0].root, tmp_path / "made")
    return Made(tmp_path / "made")


def flipped(content, place):
    changed = bytearray(content)
    changed[place] ^= 1
    return bytes(changed)


def places(content):
    """The first byte, the last, and some between."""
    return sorted({0, len(content) // 3, len(content) // 2, len(content) - 2, len(content) - 1})


@pytest.mark.slow
def test_one_byte_of_each_artefact_in_turn(spoilt):
    """Pages, findings, manifest, signature, key, time stamp, run record, and every file of the pack."""
    assert examine(spoilt.out, spoilt.pack).problems == []
    inputs = json.loads((spoilt.out / "manifest.json").read_text())["inputs"]
    artefacts = [*spoilt.out.iterdir(), spoilt.record, *(spoilt.pack / name for name in inputs)]
    assert len(artefacts) >= 9
    for path in artefacts:
        right = path.read_bytes()
        for place in places(right):
            path.write_bytes(flipped(right, place))
            try:
                problems = verify(spoilt.out, spoilt.pack)
            except ReportError as error:
                problems = [str(error)]  # a manifest that is no JSON any more
                assert path.name == "manifest.json"
            told = path.relative_to(spoilt.pack) if path.is_relative_to(spoilt.pack) else path.name
            assert any(str(told) in problem or "manifest" in problem for problem in problems), (told, place)
            if path.name not in {"manifest.json", *NO_OUTPUT}:
                assert len(problems) == 1, problems
        path.write_bytes(right)
    assert examine(spoilt.out, spoilt.pack).problems == []


@pytest.mark.slow
def test_one_byte_of_a_manifest_alone(spoilt):
    """Also far from its run record and unsigned: it holds its own digest."""
    spoilt.record.unlink()
    path = spoilt.out / "manifest.json"
    stated = json.loads(path.read_text())
    right = sealed(stated | {"signer": None})
    for name in NO_OUTPUT - {"manifest.json"}:
        (spoilt.out / name).unlink(missing_ok=True)
    path.write_bytes(right)
    assert verify(spoilt.out) == []
    missed = []
    for place in range(len(right)):
        path.write_bytes(flipped(right, place))
        try:
            found = verify(spoilt.out)
        except ReportError:
            continue
        if not found:
            missed.append(place)
    assert missed == []


@pytest.mark.slow
def test_what_is_taken_away_is_named(spoilt):
    """Each file of the report in turn."""
    for path in sorted(spoilt.out.iterdir()):
        right = path.read_bytes()
        path.unlink()
        if path.name == "manifest.json":
            with pytest.raises(ReportError, match="is no report"):
                verify(spoilt.out)
        else:
            assert any(problem.startswith(path.name) for problem in verify(spoilt.out)), path.name
        path.write_bytes(right)
    assert verify(spoilt.out) == []


@pytest.mark.slow
def test_a_link_in_place_of_a_page_is_named(spoilt):
    """The same words today, other words tomorrow."""
    page = spoilt.out / "index.html"
    page.rename(spoilt.root / "elsewhere.html")
    page.symlink_to(spoilt.root / "elsewhere.html")
    assert verify(spoilt.out) == ["index.html: the output is a link to somewhere else"]


@pytest.mark.slow
def test_a_report_that_was_forged_whole_is_not_signed_with_the_key(spoilt, sealed_report, tmp_path):
    """Whoever can write can make all digests fit; the key that the reader knows does not fit then."""
    _, _, fingerprint = sealed_report
    shown = examine(spoilt.out, signer=fingerprint)
    assert f"signed with the key that you named, {fingerprint}" in shown.shown
    other = tmp_path / "other.pem"
    make_signing_key(other)
    assert make_report(spoilt.pack, out=spoilt.out, notebooks=spoilt.notebooks, signing_key=other).ok
    assert verify(spoilt.out) == []
    (problem,) = examine(spoilt.out, signer=fingerprint).problems
    assert problem == (f"manifest.json.sig: was made with another key, {read_fingerprint(f'{other}.pub')}")
    assert make_report(spoilt.pack, out=spoilt.out, notebooks=spoilt.notebooks).ok
    assert examine(spoilt.out, signer=fingerprint).problems == ["manifest.json.sig: the report is not signed"]
    assert "who made it: the report is not signed" in examine(spoilt.out).not_shown


def earlier(content):
    """The times of a record, moved to where a forger would like them."""
    return content | {"begun": "2026-11-01T06:00:00+00:00", "ended": "2026-11-01T06:01:00+00:00"}


@pytest.mark.slow
def test_a_run_record_forged_under_a_fitting_digest_is_named(spoilt, sealed_report, tmp_path):
    """Edited alone, without its signature, or signed with a key of the forger's: each is a problem."""
    _, _, fingerprint = sealed_report
    right = json.loads(spoilt.record.read_text())
    assert "the run record is signed with the key of the report" in examine(spoilt.out).shown
    wrong = "2026-10.run.json: the run record is not as it was written (its digest or signature is wrong)"
    spoilt.record.write_bytes(sealed(earlier(right)))
    assert verify(spoilt.out) == [wrong]
    for name in right.keys() - {"digest", "signature", "stamp"}:
        spoilt.record.write_bytes(sealed(right | {name: "another"}))
        assert verify(spoilt.out) == [wrong], name
    bare = {name: value for name, value in right.items() if name not in {"public_key", "signature"}}
    spoilt.record.write_bytes(sealed(earlier(bare)))
    assert verify(spoilt.out) == [
        "2026-10.run.json: the run record is not signed, and the manifest says that it is"
    ]
    make_signing_key(tmp_path / "other.pem")
    other = read_signing_key(tmp_path / "other.pem", outside=[])
    forged = Record(spoilt.record, lambda: datetime(2026, 11, 1, tzinfo=UTC), other)
    forged.note(**{name: value for name, value in bare.items() if name not in {"begun", "ended", "digest"}})
    with forged.kept():
        pass
    (problem,) = examine(spoilt.out, signer=fingerprint).problems
    assert problem.startswith("2026-10.run.json: the run record is signed with another key, ")
    spoilt.record.write_bytes(sealed(right))
    assert examine(spoilt.out, spoilt.pack, signer=fingerprint).problems == []


@pytest.mark.slow
def test_a_report_signed_as_before_is_verified_as_far_as_it_goes(spoilt, sealed_report):
    """Manifests that do not say that the record is signed: they hold, and the record is told as open."""
    _, path, fingerprint = sealed_report
    key = read_signing_key(path, outside=[])
    manifest = spoilt.out / "manifest.json"
    stated = json.loads(manifest.read_text())
    del stated["signed"]
    (spoilt.out / "manifest.json.tsr").unlink(missing_ok=True)
    manifest.write_bytes(sealed(stated))
    (spoilt.out / "manifest.json.sig").write_bytes(key.sign(manifest.read_bytes()))
    record = json.loads(spoilt.record.read_text())
    for name in ("public_key", "signature", "stamp"):
        record.pop(name, None)
    digest = hashlib.sha256(manifest.read_bytes()).hexdigest()
    spoilt.record.write_bytes(sealed(record | {"manifest": digest}))
    found = examine(spoilt.out, spoilt.pack, signer=fingerprint)
    assert found.problems == []
    assert "that the run record is as the run left it: it is not signed" in found.not_shown


@pytest.mark.slow
def test_a_run_without_the_key_that_left_no_report_accuses_nobody(spoilt, sealed_report):
    """The signed report stays as it is, and its record is told as another run's, and not signed."""
    _, _, fingerprint = sealed_report
    with pytest.raises(ReportError, match="holds no notebook"):
        make_report(spoilt.pack, out=spoilt.out, notebooks=spoilt.pack)
    found = examine(spoilt.out, signer=fingerprint)
    assert found.problems == []
    assert any("says no report" in line for line in found.not_shown)
    assert "that the run record is as the run left it: it is not signed" in found.not_shown


@pytest.mark.slow
@needs_openssl
def test_a_rerun_keeps_signature_and_stamp(spoilt, sealed_report):
    """The same evidence and key give the same bytes, so the stamp still holds; other evidence loses it."""
    _, key, _ = sealed_report
    before = {path.name: path.read_bytes() for path in spoilt.out.iterdir()}
    assert "manifest.json.tsr" in before
    options = {"out": spoilt.out, "notebooks": spoilt.notebooks, "signing_key": key}
    assert make_report(spoilt.pack, **options).ok
    # The pack lies elsewhere, so its pages were made anew and are the same.
    assert {path.name: path.read_bytes() for path in spoilt.out.iterdir()} == before
    assert verify(spoilt.out, spoilt.pack) == []
    (spoilt.pack / "late.txt").write_text("more\n")
    told = []
    assert make_report(spoilt.pack, progress=told.append, **options).ok
    assert "the report that was here had a time stamp; this one is another and has none" in told
    assert verify(spoilt.out, spoilt.pack) == []
    with pytest.raises(ReportError, match="is about other bytes"):
        attach_stamp(spoilt.out, sealed_report[0].root.parent / "answer.tsr")


def test_signing_keys_in_pack_work_or_report_are_refused(made):
    """And nothing is made."""
    from riskkit.errors import SettingsError  # noqa: PLC0415

    before = (made.out / "manifest.json").read_bytes()
    for folder in (made.pack, made.out):
        make_signing_key(folder / "signing.pem")
        with pytest.raises(SettingsError, match="lies inside"):
            make_report(made.pack, out=made.out, notebooks=made.notebooks, signing_key=folder / "signing.pem")
    assert (made.out / "manifest.json").read_bytes() == before


@pytest.mark.slow
def test_reports_are_chained_from_period_to_period(pack, write_notebook, tmp_path):
    """Each manifest names the one before, as history holds it; a report made again afterwards breaks it."""
    folder = write_notebook("00_leadership_report", "x = 1").parent
    reports = tmp_path / "reports"
    for period in ("2026-08", "2026-09", "2026-10"):
        made = make_report(pack, out=reports / period, period=period, notebooks=folder)
        history = pack / "history" / period
        history.mkdir(parents=True)
        for path in (made.findings, made.manifest):
            shutil.copy(path, history / path.name)
    previous = json.loads((reports / "2026-10" / "manifest.json").read_text())["previous"]
    assert (previous["period"], len(previous["manifest"])) == ("2026-09", 64)
    found = examine(reports / "2026-10", pack)
    assert found.problems == []
    assert "follows 2 earlier reports, each as its successor names it" in found.shown
    first = reports / "2026-08" / "manifest.json"
    right = first.read_bytes()
    first.write_bytes(sealed(json.loads(right) | {"organisation": "Other"}))
    (problem,) = examine(reports / "2026-10").problems
    assert problem.startswith("2026-08/manifest.json: is not the one that the report after it follows")
    first.write_bytes(right)
    kept = pack / "history" / "2026-09" / "manifest.json"
    kept.write_bytes(flipped(kept.read_bytes(), 9))
    assert verify(reports / "2026-10", pack) == [
        "history/2026-09/manifest.json: the input is not what it was when the report was made"
    ]
    shutil.rmtree(reports / "2026-08")
    left = " ".join(examine(reports / "2026-10").not_shown)
    assert "the chain to 2026-08 and before: its report is not in reports (with --pack" in left
    assert "follows 1 earlier report, as its successor names it" in examine(reports / "2026-10").shown
    kept.write_bytes(flipped(kept.read_bytes(), 9))
    told = "follows 2 earlier reports, each as its successor names it; the pages of 1 are not in reports"
    assert told in examine(reports / "2026-10", pack).shown
    (pack / "history" / "2026-08" / "findings.json").write_bytes(b"{}\n")
    assert "history/2026-08/findings.json: is not what the report of 2026-08 found" in (
        examine(reports / "2026-10", pack).problems
    )
    shutil.rmtree(pack / "history" / "2026-08")
    left = " ".join(examine(reports / "2026-10", pack).not_shown)
    assert "its report is not in reports, nor its manifest in history" in left


@pytest.mark.slow
def test_two_reports_of_the_samples_in_a_row_are_chained(tmp_path, write_notebook):
    """As docs/trust.md has it; of the month that was simulated and never reported there is no chain."""
    pack, reports = copy_of_samples(tmp_path / "pack"), tmp_path / "reports"
    folder = write_notebook("00_leadership_report", "x = 1").parent
    options = ("--notebooks", folder, "--fail-on", "never")
    alone = riskkit("report", pack, "--out", reports / "2026-10", *options)
    assert alone.returncode == 0, alone.stderr
    told = riskkit("verify", reports / "2026-10", "--pack", pack).stdout
    assert "the chain to 2026-09 and before: history/2026-09 held findings without the manifest" in told
    for period in ("2026-09", "2026-10"):
        run = riskkit("report", pack, "--period", period, "--out", reports / period, "--record", *options)
        assert run.returncode == 0, run.stderr
    done = riskkit("verify", reports / "2026-10")
    assert (done.returncode, "shown: follows 1 earlier report, as its successor names it" in done.stdout) == (
        0, True,
    ), done.stdout  # fmt: skip
    assert "the chain" not in done.stdout


def test_a_killed_run_is_told_and_accuses_nobody(made):
    """The record says that the run did not end; the report before it still holds."""
    content = json.loads(made.record.read_text())
    unpublished = content | {
        "outcome": "not ended", "manifest": "0" * 64,
        "earlier": [{**{k: content[k] for k in ("outcome", "manifest")}, "digest": content["digest"]}],
    }  # fmt: skip
    made.record.write_bytes(sealed(unpublished))
    found = examine(made.out)
    assert found.problems == []
    assert any("says not ended" in line for line in found.not_shown)


@pytest.mark.slow
def test_evidence_that_came_later_is_marked(made):
    """First seen by a run after the moment judged: in the run record, with the time, not in the report."""
    clock = lambda: datetime(2027, 3, 1, tzinfo=UTC)  # noqa: E731
    before = {path.name: path.read_bytes() for path in made.out.iterdir()}
    assert make_report(made.pack, out=made.out, notebooks=made.notebooks, clock=clock).ok
    assert {path.name: path.read_bytes() for path in made.out.iterdir()} == before
    (made.pack / "late.txt").write_text("found in a drawer\n")
    assert make_report(made.pack, out=made.out, notebooks=made.notebooks, clock=clock).ok
    record = read_record(made.record)
    assert "late.txt" in record["obtained_later"]
    assert record["first_seen"]["late.txt"]["at"] == "2027-03-01T00:00:00+00:00"
    assert record["first_seen"]["notes.txt"]["at"] < "2027"
    (told,) = [line for line in examine(made.out).shown if line.startswith("obtained later")]
    assert told.endswith("on 2027-03-01T00:00:00+00:00 (late.txt)")


def test_evidence_that_says_itself_that_it_came_later_is_marked_in_the_manifest(pack, tmp_path):
    """A trail exported after the period counts up to its end, and says when it was got."""
    from riskkit.report.manifest import inputs_of  # noqa: PLC0415

    (pack / "audit").mkdir()
    shutil.copy(next((SAMPLES / "audit").glob("*2026-10*")), pack / "audit")
    (name,) = [path.name for path in (pack / "audit").iterdir()]
    (pack / "evidence.csv").write_text(
        "file,exported_by,exported_at,system,command,filters,approved_by\n"
        f"audit/{name},Analyst,2026-11-09T10:00:00Z,pacs1,export,,Officer\n"
    )
    inputs = inputs_of(open_pack(pack, work=tmp_path / "work"), pack)
    assert inputs[f"audit/{name}"]["obtained"] == "later"
    assert "obtained" not in inputs["notes.txt"]


@pytest.mark.slow
def test_the_risk_state_can_be_worked_out_from_the_findings(tmp_path):
    """What somebody signed is what the report says: any change of it shows, also under fitting digests."""
    assessment = open_pack(SAMPLES, work=tmp_path)
    findings = assess(SAMPLES, tmp_path)
    assert state_of(json.loads(json.dumps(findings))) == findings["risk_state"] == risk_state(assessment)
    findings["risks"][0]["level"] = "low" if findings["risks"][0]["level"] != "low" else "high"
    assert state_of(findings) != findings["risk_state"]


def test_findings_that_do_not_fit_their_risk_state_are_named(made):
    """A level lowered by hand, with every digest made to fit."""
    path = made.out / "findings.json"
    findings = json.loads(path.read_text())
    findings["controls"][0]["status"] = "met"
    path.write_bytes(canonical(findings))
    assert "findings.json: what was found is not what its risk state says" in examine(made.out).problems


def test_verify_says_what_it_did_not_show(made):
    """Nothing unsaid: inputs, signature, time stamp, sign-off."""
    left = " ".join(examine(made.out).not_shown)
    for word in ("--pack", "not signed", "no time stamp", "nobody has signed the risk state"):
        assert word in left
    made.record.unlink()
    assert "no run record" in " ".join(examine(made.out).not_shown)


def test_what_was_forged_badly_is_named_too(made):
    """A record and a manifest with fitting digests and senseless content: a sentence, no traceback."""
    right = json.loads(made.record.read_text())
    for content in ({"schema": 1}, right | {"earlier": 3}, right | {"first_seen": {"notes.txt": 1}}):
        made.record.write_bytes(sealed(content))
        assert "2026-10.run.json: is no run record of riskkit" in examine(made.out).problems
    made.record.unlink()
    path = made.out / "manifest.json"
    path.write_bytes(sealed(json.loads(path.read_text()) | {"previous": "2026-09", "signer": 3}))
    assert "manifest.json.sig: is missing" in examine(made.out).problems
