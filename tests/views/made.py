"""Assessments made in a test: rows in the real engine, judged by the real checks, without files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from riskkit import __version__
from riskkit.assess import all_checks
from riskkit.assess.expected import read_inventory
from riskkit.assess.history import History
from riskkit.assess.judge import Court, judge
from riskkit.assess.registry import base_tables
from riskkit.catalog import load_catalog
from riskkit.model import Assessment, Counts, Source, TableState
from riskkit.pseudonyms import PUBLIC_SAMPLE_KEY, fingerprint, surrogate
from riskkit.scoring import score
from riskkit.settings import Settings
from riskkit.tables import TABLES
from tests.evidence import AT, FILE, ZONE, engine_of, event, instant, person, us

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e$x^2$ \\(y\\) =HYPERLINK(1)"
"""What an attacker may have put into any field of the evidence."""

CANARY = "zzcanary"
"""Begins every name, account and record number of the rows below."""


def assessment(
    folder: Path,
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    history: Sequence[Mapping[str, Any]] = (),
    settings: Settings | None = None,
    collected: str = "2026-10-31 20:00",
    **view: str,
) -> Assessment:
    """Judge these rows; tables that are not named are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = engine_of(folder, tables)
    counts = {name: Counts(len(rows), len(rows), len(rows)) for name, rows in tables.items() if rows}
    sources = (Source(FILE, "0" * 64, 1, "made", 1, counts, instant(collected)),) if counts else ()
    states = {
        name: TableState(name, state.state, state.reason or "", state.rows, 0, (FILE,) if state.rows else ())
        if state.rows
        else TableState(name, "missing", f"no evidence of {name} ({TABLES[name].place})")
        for name, state in engine._evidence.states.items()
    }
    evidence = replace(engine._evidence, sources=sources, states=states)
    engine._evidence = evidence
    settings = settings or Settings(organisation="Made", synthetic=True, timezone=ZONE, stated_zone=True)
    court = Court(
        settings=settings,
        moment=AT,
        evidence=evidence,
        engine=engine,
        history=History(),
        inventory=read_inventory(engine, AT),
        reviewed={},
        fingerprint=lambda text: fingerprint(PUBLIC_SAMPLE_KEY, text),
    )
    outcomes = tuple(judge(check, court) for check in all_checks())
    there = frozenset(name for name, state in states.items() if state.state == "present")
    kinds = {
        check.id: there.intersection(frozenset().union(*map(base_tables, check.needs)))
        for check in all_checks()
    }
    catalog = load_catalog()
    controls, risks, portfolio = score(outcomes, catalog, settings, kinds=kinds)
    return Assessment(
        settings=settings,
        moment=AT,
        evidence=evidence,
        outcomes=outcomes,
        controls=controls,
        risks=risks,
        catalog=catalog,
        history=tuple(history),
        version=__version__,
        fingerprints=lambda text: fingerprint(PUBLIC_SAMPLE_KEY, text),
        surrogates=lambda kind, value: surrogate(PUBLIC_SAMPLE_KEY, AT.period.name, kind, value),
        engine=engine,
        site=view.get("site"),
        department=view.get("department"),
        portfolio=portfolio,
    )


def rows(bad: str = "") -> dict[str, list[dict[str, Any]]]:
    """Rows for every table; `bad` is added to every text that is free."""
    users = [f"{CANARY}-u{number}{bad}" for number in range(30)]
    patients = [f"{CANARY}-p{number}{bad}" for number in range(20)]
    departments = ["radiology", f"emergency{bad}"]
    day = date(2026, 10, 31)
    return {
        "systems": [
            _system("PACS", f"Archive{bad}", "archive", aliases="pacs.example;PACSAE"),
            _system("VIEW", "Viewer", "viewer"),
            _system("OLD", f"Old archive{bad}", "archive", covered=False),
            _system("MAIL", "Mail", "other", holds_ephi=False),
        ],
        "roster": [
            person(
                user,
                family_name=f"{CANARY}-name{bad}",
                department=departments[number > 24],
                employed_to=date(2026, 8, 1) if number == 29 else None,
            )
            for number, user in enumerate(users)
        ],
        "configurations": [
            {"system_id": "PACS", "part": f"realm{bad}", "key": key, "value": value}
            for key, value in (
                ("second_factor.required", f"enrolled{bad}"),
                ("password.min_length", "6"),
                ("lockout.enabled", "yes"),
                ("lockout.attempts", "30"),
                ("session.idle_seconds", "1810"),
            )
        ],
        "grants": [
            {
                "system_id": "PACS",
                "account": user,
                "permission": f"{('read', 'administer')[number % 4 == 0]}{bad}",
                "approved": (True, False, None)[number % 3],
            }
            for number, user in enumerate(users)
        ],
        "accounts": [
            {
                "system_id": "PACS",
                "account": user,
                "user_id": user,
                "enabled": True,
                "mfa": (True, False, None)[number % 3],
                "privileged": number % 5 == 0,
                "remote": number % 7 == 0,
                "kind": "person",
                "last_login": instant("2026-10-20 08:00"),
            }
            for number, user in enumerate(users)
        ],
        "audit_events": [
            event(
                us(f"2026-10-{1 + number % 20:02d} {number % 24:02d}:00"),
                users[number % 29],
                ("read", "query", "export")[number % 3],
                patient_id=patients[number % 20],
                time_quality="zoned",
                source_system=("PACS", f"stranger{bad}")[number % 11 == 0],
                source_ip="10.0.0.1",
            )
            for number in range(400)
        ],
        "patients": [{"patient_id": name, "family_name": f"{CANARY}-name{bad}"} for name in patients],
        "relationships": [
            {
                "patient_id": name,
                "department": "radiology",
                "valid_from_us": us("2026-10-01 00:00"),
                "valid_to_us": None,
                "kind": "order",
            }
            for name in patients[:12]
        ],
        "endpoints": [
            _endpoint("e1", "PACS", "pacs.example", 443, "https"),
            _endpoint("e2", "VIEW", f"view.example{bad}", 8443, "https"),
            _endpoint("e3", "PACS", "pacs.example", 104, "dicom"),
        ],
        "channel_observations": [
            *(
                _observation("pacs.example", 443, key, value)
                for key, value in (
                    ("connectivity", "tls"),
                    ("protocol.tls1_0", "accepted"),
                    ("protocol.tls1_2", "accepted"),
                    ("protocol.tls1_3", "rejected"),
                )
            ),
            _observation("pacs.example", 104, "connectivity", "plaintext"),
        ],
        "flows": [
            {
                "source_system": f"CT{bad}",
                "target_system": "PACS",
                "protocol": "dicom",
                "port": 104,
                "purpose": f"images{bad}",
                "ephi": True,
                "crosses": "vpn",
                "tunnel": "wg0:a",
            },
            {"source_system": "PACS", "target_system": "OLD", "protocol": "dicom-tls", "ephi": True},
        ],
        "tunnels": [
            {
                "tunnel_id": "wg0:a",
                "type": "wireguard",
                "host": f"gateway{bad}",
                "algorithms": "ChaCha20-Poly1305",
                "authentication": "public key",
                "last_handshake": instant("2026-10-30 08:00"),
                "confidence": "high",
            }
        ],
        "certificates": [
            {
                "host": "pacs.example",
                "port": 443,
                "position": 0,
                "sha256": "ab",
                "issuer": f"CN=CA{bad}",
                "not_before": instant("2026-01-01 00:00"),
                "not_after": instant("2026-11-09 00:00"),
                "observed_at": instant("2026-10-30 00:00"),
                "key_algorithm": "RSA",
                "key_bits": 2048,
            }
        ],
        "storage_assets": [
            _asset("vol1", "yes", 6 * 10**12),
            _asset(f"vol2{bad}", "unknown", 3 * 10**12, reason=f"not stated{bad}"),
            _asset("vol3", "no", 10**12),
            _asset("tape", "yes", None, kind="tape"),
        ],
        "dicom_scans": [
            {
                "scan_id": "s1",
                "system_id": "PACS",
                "root": f"/images{bad}",
                "started_at": instant("2026-10-30 00:00"),
                "finished_at": instant("2026-10-30 01:00"),
                "complete": True,
                "files": 3,
            },
            {
                "scan_id": "s2",
                "system_id": "PACS",
                "root": f"/images{bad}",
                "started_at": instant("2026-10-31 00:00"),
                "complete": False,
            },
        ],
        "dicom_files": [
            {
                "scan_id": "s1",
                "path": f"{CANARY}/a{number}",
                "size_bytes": 1000,
                "file_class": ("dicom", "dicom", "encrypted-cms")[number],
                "readable": ("yes", "yes", "no")[number],
                "direct_identifiers": (2, 0, 0)[number],
                "quasi_identifiers": (1, 1, 0)[number],
                "keywords": ("PatientName|StudyDate", "StudyDate", None)[number],
                "identity_removed": ("YES", "NO", None)[number],
            }
            for number in range(3)
        ],
        "storage_exposures": [
            {"asset_id": f"bucket{bad}", "asked": "acl", "question": "public", "answer": "yes",
             "shared_with": bad, "detail": bad},
        ],
        "sampled_scans": [
            {"sample_id": f"sample{bad}", "system_id": "PACS", "stratum": f"CT{bad}", "files": 900,
             "sampled": 90, "exposed": 9},
        ],
        "recovery_targets": [{"system_id": "PACS", "rpo_hours": 24, "rto_hours": 48, "full_bytes": 10**13}],
        "drills": [
            {"drill_id": f"D{bad}", "system_id": "PACS", "kind": "downtime", "outcome": "partial",
             "performed_at": instant("2026-05-01 08:00"), "findings": bad},
        ],
        "backups": [
            {
                "system_id": "PACS",
                "backup_id": str(number),
                "job": f"nightly{bad}",
                "finished_at": instant(f"2026-10-{20 + number} 03:00"),
                "status": ("success", "failed", "warning")[number % 3],
                "size_bytes": 10**12,
                "encrypted": "yes",
            }
            for number in range(6)
        ],
        "restore_tests": [
            {
                "system_id": "PACS",
                "started_at": instant("2026-06-01 00:00"),
                "finished_at": instant("2026-06-01 04:00"),
                "outcome": "success",
                "performed_by": f"{CANARY}-tester",
            }
        ],
        "training": [
            {
                "user_id": user,
                "course": f"Security{bad}",
                "due_on": day - timedelta(days=30 * (number % 2)),
                "completed_on": day - timedelta(days=60) if number % 4 else None,
            }
            for number, user in enumerate(users[:28])
        ],
        "policies": [
            {"policy_id": "P1", "title": f"Backups{bad}", "owner": "IT", "approved_on": date(2024, 1, 1),
             "next_review_on": date(2026, 1, 1)},
            {"policy_id": "P2", "title": "Access", "owner": "IT"},
        ],
        "reviews": [
            {"review_id": "R1", "kind": "audit_trail", "performed_at": instant("2026-10-05 09:00"),
             "outcome": f"fine{bad}"},
        ],
        "answers": [
            {"control": "45 CFR 164.308(a)(2)", "answer": "yes", "answered_by": f"the officer{bad}",
             "answered_on": date(2026, 9, 1), "valid_until": date(2027, 9, 1)},
        ],
        "custody": [
            {"file": FILE, "exported_by": f"IT{bad}", "exported_at": instant("2026-10-31 20:00")},
        ],
    }  # fmt: skip


def _system(name: str, title: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"system_id": name, "name": title, "kind": kind, "location": "Main", "holds_ephi": True} | more


def _endpoint(name: str, system: str, host: str, port: int, protocol: str) -> dict[str, Any]:
    return {
        "endpoint_id": name, "system_id": system, "host": host, "port": port, "protocol": protocol,
        "ephi": True, "approved_by": "CISO",
    }  # fmt: skip


def _observation(host: str, port: int, key: str, value: str) -> dict[str, Any]:
    return {
        "host": host, "port": port, "key": key, "value": value,
        "observed_at": instant("2026-10-30 00:00"), "tool": "made",
    }  # fmt: skip


def _asset(name: str, encrypted: str, size: int | None, **more: Any) -> dict[str, Any]:
    return {
        "asset_id": name, "system_id": "PACS", "kind": "volume", "holds_phi": True,
        "size_bytes": size, "encrypted": encrypted,
    } | more  # fmt: skip
