"""A small made-up hospital: rows in every table that a check may need, and canaries in them."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.evidence import event, instant, person, us

CANARY = "zzyzx"
"""Stands in every value that identifies a person."""

USERS = [f"{CANARY}-u{number}" for number in range(6)]
PATIENTS = [f"{CANARY}-p{number}" for number in range(30)]
SCAN, EARLIER_SCAN = "2026-10-20 12:00", "2026-09-20 12:00"
SCANNER = "10.0.0.50"


def hospital() -> dict[str, list[dict[str, Any]]]:
    """Rows by table: something passes, fails and stays unknown for nearly every check."""
    return {
        "audit_events": _trail(),
        "roster": _people(),
        "accounts": [
            _account("ada", USERS[0], mfa=True, last_login=instant("2026-10-30 08:00")),
            _account("bob", USERS[1], mfa=False, privileged=True, last_login=instant("2026-01-30 08:00")),
            _account("gone", USERS[4], remote=True),
            _account("room", None, kind="shared"),
            _account("maker", None, kind="vendor", last_login=instant("2026-06-01 08:00")),
        ],
        **_authority(),
        **_places(),
        "patients": [{"patient_id": PATIENTS[0], "family_name": CANARY, "given_name": CANARY}],
        "relationships": [
            {
                "patient_id": PATIENTS[1],
                "user_id": USERS[1],
                "valid_from_us": us("2026-10-01 00:00"),
                "kind": "order",
            },
            *(
                {
                    "patient_id": name,
                    "department": "radiology",
                    "valid_from_us": us("2026-10-01 00:00"),
                    "kind": "order",
                }
                for name in PATIENTS[:6]
            ),
        ],
        **_network(),
        **_storage(),
        **_backup(),
        **_programme(),
        **_rooms(),
        **_response(),
        **_inventory(),
        "systems": [
            {
                "system_id": "pacs",
                "name": "PACS",
                "kind": "archive",
                "holds_ephi": True,
                "criticality": "high",
                "supported_until": date(2025, 1, 1),
                "aliases": "PACS;10.0.0.9",
            },
            {
                "system_id": "vna",
                "name": "VNA",
                "kind": "archive",
                "holds_ephi": True,
                "operated_by": "Nightreads",
            },
        ],
    }


def _trail() -> list[dict[str, Any]]:
    def opened(time: str, user: str | None, patient: str, **columns: Any) -> dict[str, Any]:
        names = {"user_name": CANARY, "accession": CANARY, "study_uid": CANARY, "source_ip": CANARY}
        return event(time, user, patient_id=patient, **names, **columns)

    return [
        *(
            opened(f"2026-{month:02}-{day:02} 08:10", USERS[0], PATIENTS[day % 6])
            for month in (8, 9, 10)
            for day in range(1, 29)
        ),
        *(opened("2026-10-05 09:00", USERS[1], name) for name in PATIENTS[10:20]),
        opened("2026-10-05 09:30", None, PATIENTS[0], source_system="VNA"),
        opened("2026-10-05 09:30", USERS[5], PATIENTS[0]),
        opened("2026-10-20 09:00", USERS[4], PATIENTS[3]),
        opened("2026-10-20 09:00", USERS[0], PATIENTS[25], break_glass=True),
        *(
            event(f"2026-10-06 07:0{minute}", USERS[2], "authentication", event_outcome="failure")
            for minute in range(6)
        ),
        *(
            opened(f"2026-10-07 22:{minute}", USERS[3], PATIENTS[minute - 10], category="delete")
            for minute in range(10, 22)
        ),
        *(opened(f"2026-10-{day} 10:00", USERS[3], PATIENTS[0], category="import") for day in (12, 15)),
        opened("2026-10-08 10:00", USERS[3], PATIENTS[0], category="update"),
        *(
            event(f"2026-10-08 10:0{number}", USERS[3], source_system="NUMBERED", event_id=str(number))
            for number in (1, 2, 4)
        ),
        event("2026-10-08 10:00", USERS[3], "config", source_system="CLOUD", source_format="cloudtrail"),
        *(
            opened(f"2026-10-21 0{8 + number % 2}:0{number}", USERS[1], PATIENTS[number], source_host=host)
            for number, host in enumerate(("ws-1", "ws-2", "WS-1", "ws-2"))
        ),
        *(
            event(f"2026-10-22 11:0{number}", None, category, source_aet="CT1", dest_aet="PACS1")
            for number, category in enumerate(("query", "transfer", "transfer"))
        ),
        *(
            event(f"2026-10-{day} 03:00", "root", "application", event_code="110100", event_subcode=subcode)
            for day, subcode in ((11, "110133"), (12, "110134"), (13, "110121"))
        ),
        event("2026-10-20 12:01", None, "security_alert", event_outcome="failure", source_ip=SCANNER),
    ]


def _people() -> list[dict[str, Any]]:
    names = {"family_name": CANARY, "given_name": CANARY, "address": CANARY}
    return [
        *(person(user, **names) for user in USERS[:3]),
        person(USERS[3], employed_from=date(2026, 3, 1), **names),
        person(USERS[4], employed_to=date(2026, 9, 30), **names),
    ]


def _places() -> dict[str, list[dict[str, Any]]]:
    """Duties, workstations, exemptions, own record numbers and alerts."""
    return {
        "schedule": [
            {
                "user_id": USERS[0],
                "starts_us": us(f"2026-{month:02}-{day:02} 07:00"),
                "ends_us": us(f"2026-{month:02}-{day:02} 15:00"),
            }
            for month in (8, 9, 10)
            for day in range(1, 29)
        ],
        "workstations": [
            {
                "host": "ws-1",
                "zone": "reading room",
                "department": "radiology",
                "site": "main",
                "public": True,
                "secured": False,
            },
            {"host": "ws-2", "zone": "ward 3", "department": "medicine", "site": "east"},
        ],
        "exemptions": [
            {
                "detector": "*",
                "user_id": USERS[5],
                "patient_id": PATIENTS[0],
                "reason": "health care proxy",
                "approved_by": "privacy office",
            }
        ],
        "self_match": [{"user_id": USERS[0], "patient_id": PATIENTS[29]}],
        "alerts": [
            {
                "alert": f"000000000000000{number}",
                "day": date(2026, 10, number),
                "user_id": USERS[number],
                "family": "targeted",
                "line": "alert",
                "first_surfaced": instant(f"2026-10-0{number + 1} 00:00"),
            }
            for number in (1, 2, 3)
        ],
        "verdicts": [
            {
                "alert": "0000000000000001",
                "verdict": "explained",
                "decided_by": USERS[1],
                "decided_at": instant("2026-10-05 10:00"),
            },
            {
                "alert": "0000000000000002",
                "verdict": "explained",
                "decided_by": "privacy office",
                "decided_at": instant("2026-10-05 10:00"),
            },
        ],
    }


def _account(name: str, user: str | None, **columns: Any) -> dict[str, Any]:
    return {
        "system_id": "pacs",
        "account": f"{CANARY}-{name}",
        "user_id": user,
        "enabled": True,
        "kind": "person",
    } | columns


def _authority() -> dict[str, list[dict[str, Any]]]:
    settings = {
        "authentication.enabled": "no",
        "remote.allowed": "yes",
        "registration.allowed": "yes",
        "ssl.required": "none",
        "lockout.enabled": "no",
        "session.idle_seconds": "7200",
        "password.min_length": "6",
    }
    return {
        "grants": [
            {"system_id": "pacs", "account": f"{CANARY}-ada", "permission": "read", "approved": True},
            {
                "system_id": "pacs",
                "account": f"{CANARY}-bob",
                "permission": "admin",
                "approved_by": f"{CANARY}-bob",
            },
        ],
        "role_rights": [{"role": "radiologist", "system_id": "pacs", "permission": "read"}],
        "configurations": [
            *({"system_id": "pacs", "key": key, "value": value} for key, value in settings.items()),
            {"system_id": "vna", "part": "realm", "key": "session.idle_seconds", "value": "900"},
        ],
    }


def _network() -> dict[str, list[dict[str, Any]]]:
    def facts(port: int, **seen: str) -> list[dict[str, Any]]:
        return [
            {
                "host": "pacs",
                "port": port,
                "key": key.replace("__", "."),
                "value": value,
                "observed_at": instant(SCAN),
                "tool": "t",
            }
            for key, value in seen.items()
        ]

    def listener(name: str, port: int, protocol: str) -> dict[str, Any]:
        return {
            "endpoint_id": name,
            "system_id": "pacs",
            "host": "pacs",
            "port": port,
            "protocol": protocol,
            "ephi": True,
            "approved_by": "Security official",
        }

    versions = {f"protocol__{name}": "rejected" for name in ("ssl2_0", "ssl3_0", "tls1_0", "tls1_1")}
    good = {
        "connectivity": "tls",
        **versions,
        "protocol__tls1_2": "accepted",
        "mtls__client_auth": "required",
    }
    return {
        "probe_windows": [
            {
                "probe_started_at": instant(SCAN),
                "probe_ended_at": instant("2026-10-20 12:02"),
                "source_address": SCANNER,
                "endpoint_id": "dicom",
                "system_id": "pacs",
            }
        ],
        "flows": [
            {
                "source_system": "ct",
                "target_system": "pacs",
                "protocol": "dicom-tls",
                "port": 2762,
                "ephi": True,
            },
            {
                "source_system": "ct",
                "target_system": "pacs",
                "protocol": "dicom",
                "ephi": True,
                "tunnel": "wg0:a",
            },
            {"source_system": "pacs", "target_system": "vna", "protocol": "dicom", "crosses": "internet"},
        ],
        "tunnels": [
            {
                "tunnel_id": "wg0:a",
                "type": "wireguard",
                "host": "gateway",
                "algorithms": "ChaCha20-Poly1305",
                "authentication": "public key",
                "last_handshake": instant("2026-10-30 08:00"),
                "confidence": "high",
            },
            {
                "tunnel_id": "old",
                "type": "ipsec",
                "host": "gateway",
                "algorithms": "3des-sha1-modp1024",
                "key_exchange": "ikev1",
                "confidence": "medium",
            },
        ],
        "endpoints": [
            listener("a", 104, "dicom"),
            listener("b", 2762, "dicom-tls"),
            listener("c", 443, "https"),
        ],
        "channel_observations": [
            *facts(104, connectivity="plaintext"),
            *facts(2762, **good),
            *facts(8443, **good | {"protocol__tls1_0": "accepted"}),
        ],
        "certificates": [
            {
                "host": "pacs",
                "port": port,
                "position": 0,
                "sha256": str(port),
                "not_before": instant("2025-01-01 00:00"),
                "not_after": instant(end),
                "key_algorithm": "RSA",
                "key_bits": bits,
                "signature_hash": "sha256",
                "observed_at": instant(SCAN),
            }
            for port, end, bits in ((2762, "2027-10-01 00:00", 2048), (8443, "2026-10-02 00:00", 1024))
        ],
    }


def _storage() -> dict[str, list[dict[str, Any]]]:
    return {
        "storage_assets": [
            {
                "asset_id": "pacs:/data",
                "system_id": "pacs",
                "kind": "volume",
                "mountpoint": "/data",
                "encrypted": "no",
                "holds_phi": True,
            },
            {"asset_id": "pacs:swap", "system_id": "pacs", "kind": "swap", "encrypted": "unknown"},
            {
                "asset_id": "vna:/data",
                "system_id": "vna",
                "kind": "volume",
                "encrypted": "yes",
                "method": "LUKS1 aes-cbc-plain",
                "key_location": "vna:/root/key",
                "key_id": "k1",
            },
            {"asset_id": "vault", "kind": "vault", "encrypted": "unknown", "immutable": "no"},
            {"asset_id": "tape", "kind": "tape", "encrypted": "no", "holds_phi": True, "size_bytes": 9},
            {
                "asset_id": "bucket",
                "kind": "bucket",
                "encrypted": "yes",
                "method": "aws:kms",
                "provider": "Amazon Web Services",
            },
        ],
        "storage_exposures": [
            {"asset_id": "bucket", "asked": "acl", "question": question, "answer": answer}
            for question, answer in (("public", "yes"), ("shared_outside", "yes"), ("object_logging", "no"))
        ],
        "sampled_scans": [
            {
                "sample_id": "S",
                "system_id": "pacs",
                "stratum": "CT",
                "files": 900,
                "sampled": 90,
                "exposed": 9,
            }
        ],
        "encryption_keys": [
            {"key_id": "k1", "key_manager": "customer", "rotation_enabled": "no"},
            {"key_id": "k2", "key_manager": "unknown", "rotation_enabled": "yes"},
        ],
        "dicom_scans": [
            {
                "scan_id": "s",
                "system_id": "pacs",
                "root": "/data",
                "started_at": instant(SCAN),
                "finished_at": instant(SCAN),
                "complete": True,
                "digest_key": "0123456789abcdef",
            },
            {
                "scan_id": "before",
                "system_id": "pacs",
                "root": "/data",
                "started_at": instant(EARLIER_SCAN),
                "finished_at": instant(EARLIER_SCAN),
                "complete": True,
                "digest_key": "0123456789abcdef",
            },
            {
                "scan_id": "copy",
                "system_id": "pacs",
                "root": "/restored",
                "started_at": instant(SCAN),
                "finished_at": instant(SCAN),
                "complete": True,
                "digest_key": "0123456789abcdef",
                "restored_copy": True,
            },
        ],
        "dicom_files": [
            {
                "scan_id": scan,
                "path": f"{CANARY}/{number}",
                "file_class": "dicom",
                "readable": "yes",
                "instance_digest": f"{number:032x}",
                "header_digest": f"{number:032x}",
                "pixel_digest": "0" * 32 if number else scan,
            }
            for scan in ("before", "copy")
            for number in range(3)
        ]
        + [
            {
                "scan_id": "s",
                "path": f"{CANARY}/{number}",
                "file_class": "dicom",
                "readable": "yes",
                "modality": "CT",
                "direct_identifiers": number % 3,
                "identity_removed": "YES" if number % 2 else None,
                "instance_digest": f"{number:032x}",
                "header_digest": f"{number:032x}",
                "pixel_digest": "0" * 32,
            }
            for number in range(12)
        ]
        + [
            {
                "scan_id": "s",
                "path": f"{CANARY}/export.p7m",
                "file_class": "encrypted-cms",
                "readable": "no",
                "cipher": "3DES-CBC",
            }
        ],
    }


def _backup() -> dict[str, list[dict[str, Any]]]:
    return {
        "recovery_targets": [{"system_id": "pacs", "rpo_hours": 4, "rto_hours": 8, "full_bytes": 1 << 40}],
        "drills": [
            {
                "drill_id": "D",
                "system_id": "pacs",
                "kind": "downtime",
                "performed_at": instant("2025-05-01 02:00"),
                "outcome": "success",
            }
        ],
        "backups": [
            {
                "system_id": "pacs",
                "backup_id": f"b{day}",
                "finished_at": instant(f"2026-10-{day} 02:00"),
                "status": "success",
                "encrypted": encrypted,
                "location": "Vault",
            }
            for day, encrypted in ((28, "yes"), (29, "no"))
        ],
        "restore_tests": [
            {
                "system_id": "pacs",
                "finished_at": instant("2025-05-01 02:00"),
                "outcome": "success",
                "performed_by": CANARY,
            },
            {
                "system_id": "pacs",
                "finished_at": instant("2026-05-01 02:00"),
                "outcome": "failed",
                "performed_by": CANARY,
            },
            {
                "system_id": "vna",
                "finished_at": instant("2026-05-01 02:00"),
                "outcome": "success",
                "performed_by": CANARY,
            },
        ],
    }


def _inventory() -> dict[str, list[dict[str, Any]]]:
    """What runs on the systems, how weak it is, and what is done about it."""
    scan = {"scanner": "nessus", "observed_at": instant(SCAN)}
    weakness = {"system_id": "pacs", "package": "smb", "severity": "critical", **scan}
    return {
        "software": [{"system_id": "pacs", "name": "Windows Server 2012 R2", "observed_at": instant(SCAN)}],
        "vulnerabilities": [
            {**weakness, "vulnerability": "CVE-2017-0144", "observed_at": instant("2026-08-01 12:00")},
            {**weakness, "vulnerability": "CVE-2017-0144", "fix_available": True},
            {**weakness, "vulnerability": "nessus 51192", "system_id": "vna", "severity": None},
        ],
        "vulnerability_scans": [{"system_id": name, "kind": "network", **scan} for name in ("pacs", "vna")],
        "known_exploited": [
            {"cve": "CVE-2017-0144", "due_on": date(2022, 8, 10), "ransomware": True},
        ],
        "updates": [
            {
                "system_id": "pacs",
                "update_id": "KB1",
                "severity": "critical",
                "released_on": date(2026, 8, 1),
            },
            {"system_id": "vna", "update_id": "KB1"},
        ],
        "malware_protection": [{"host": "pacs", "product": "a", "active": False}],
        "compensating_controls": [
            {
                "system_id": "pacs",
                "covers": "unsupported",
                "measure": "own segment",
                "approved_by": "CISO",
                "approved_on": date(2025, 3, 1),
                "valid_until": date(2026, 3, 1),
            }
        ],
        "network_segments": [{"network": "10.0.0.0/24", "zone": "guest"}],
    }


def _programme() -> dict[str, list[dict[str, Any]]]:
    return {
        "contracts": [
            {"vendor": "AWS", "kind": "BAA", "expires_on": date(2026, 3, 1)},
            {
                "vendor": "Nightreads",
                "system_id": "pacs",
                "kind": "BAA",
                "touches_ephi": True,
                "signed_on": date(2025, 1, 1),
                "covers_safeguards": True,
                "covers_subcontractors": False,
                "notice_days": 10,
            },
            {"vendor": "Shred", "kind": "none", "touches_ephi": True},
        ],
        "actions": [
            {
                "action_id": "A-1",
                "title": "Encrypt",
                "owner": "IT",
                "due_on": date(2027, 1, 1),
                "state": "planned",
            },
            {"action_id": "A-2", "title": "Wall off", "due_on": date(2026, 3, 1), "state": "in_progress"},
            {"action_id": "A-3", "title": "Train", "state": "done"},
        ],
        "exceptions": [
            {
                "exception_id": f"X-{month}",
                "subject": f"risk-{month}",
                "kind": "acceptance",
                "reason": "Until the move",
                "requested_by": "IT",
                "approved_by": "CISO",
                "approved_on": date(2026, 1, 1),
                "expires_on": date(2026, month, 1),
            }
            for month in (3, 12)
        ],
        "decisions": [
            {
                "specification": "45 CFR 164.312(a)(2)(iii)",
                "decision": "alternative",
                "rationale": "Mid-procedure",
                "equivalent_measure": measure,
                "approved_by": "CISO",
                "decided_on": date(2026, month, 1),
                "review_on": date(2027, 1, 1),
            }
            for month, measure in ((1, None), (2, "Badge lock"))
        ],
        "training": [
            {"user_id": USERS[0], "course": "security", "completed_on": date(2026, 3, 1)},
            {"user_id": USERS[1], "course": "security", "due_on": date(2026, 3, 1)},
        ],
        "policies": [
            {
                "policy_id": "P1",
                "citation": "45 CFR 164.308(a)(7)(i)",
                "approved_on": date(2026, 3, 1),
                "title": "Access",
                "owner": "IT",
                "approved_by": "CISO",
                "reviewed_on": date(2026, 3, 1),
            },
            {"policy_id": "P2", "title": "Backup", "owner": "IT", "approved_by": "pending"},
        ],
        "reviews": [
            {
                "review_id": f"R-{kind}",
                "kind": kind,
                "system_id": "pacs",
                "performed_at": instant("2026-08-01 08:00"),
            }
            for kind in ("audit_trail", "access")
        ],
        "answers": [
            {
                "control": "45 CFR 164.308(a)(2)",
                "answer": "yes",
                "answered_by": "CISO",
                "answered_on": date(2026, 3, 1),
            },
            {
                "control": "45 CFR 164.310(c)",
                "answer": "no",
                "answered_by": "CISO",
                "answered_on": date(2026, 3, 1),
            },
        ],
        "custody": [
            {"file": "*", "exported_by": CANARY, "exported_at": instant("2026-10-31 08:00")},
        ],
    }


def _rooms() -> dict[str, list[dict[str, Any]]]:
    """Badges, doors, visitors, repairs and media."""

    def badge(number: int, user: str | None, **columns: Any) -> dict[str, Any]:
        return {
            "area": "server room",
            "badge": f"{CANARY}-b{number}",
            "user_id": user,
            "active": True,
            "approved_by": "IT",
            "reviewed_on": date(2026, 3, 1),
        } | columns

    def passed(time: str, number: int, area: str = "server room") -> dict[str, Any]:
        return {"passed_us": us(time), "area": area, "badge": f"{CANARY}-b{number}", "passage": "granted"}

    return {
        "facility_lists": [
            badge(0, USERS[0]),
            badge(4, USERS[4]),
            badge(5, None, area="reading room", reviewed_on=date(2024, 3, 1)),
        ],
        "facility_access": [
            passed("2026-10-05 08:00", 0),
            passed("2026-10-05 09:00", 9),
            passed("2026-10-06 09:00", 9),
            passed("2026-10-06 09:00", 9, "vault"),
        ],
        "visitors": [
            {"visit_id": "V1", "area": "server room", "arrived_at": instant("2026-10-05 08:00"), **end}
            for end in ({"left_at": instant("2026-10-05 09:00"), "escort": CANARY, "visitor": CANARY},)
        ]
        + [{"visit_id": "V2", "area": "vault", "arrived_at": instant("2026-10-05 08:00"), "visitor": CANARY}],
        "facility_repairs": [
            {
                "repair_id": "F1",
                "component": "door",
                "repaired_on": date(2026, 5, 1),
                "work": "New lock",
                "performed_by": "Locks Inc.",
                "approved_by": "Facilities",
            },
            {"repair_id": "F2", "component": "reader", "repaired_on": date(2026, 5, 1)},
        ],
        "media": [
            {"media_id": name, "event": event, "occurred_on": date(2026, 10, 29), "holds_ephi": True} | more
            for name, event, more in (
                ("M1", "disposed", {"certificate": "C1"}),
                ("M2", "disposed", {}),
                ("M3", "reused", {"certificate": "C3", "verified_by": "IT", "responsible": "IT"}),
                ("M4", "reused", {}),
                ("M5", "moved", {"system_id": "pacs", "responsible": "IT"}),
                ("M6", "moved", {"system_id": "vna"}),
                ("M7", "lost", {"holds_ephi": None}),
            )
        ],
    }


def _response() -> dict[str, list[dict[str, Any]]]:
    """Incidents, sanctions, changes and threats."""
    factors = {f"factor_{name}": "low" for name in ("information", "recipient", "acquired", "mitigation")}
    signed = {"decided_by": "Privacy office", "decided_on": date(2026, 3, 1)}

    def found(number: int, month: int, more: Any) -> dict[str, Any]:
        return {"incident_id": f"I{number}", "discovered_at": instant(f"2026-{month:02}-01 08:00"), **more}

    return {
        "incidents": [
            found(number, month, more)
            for number, (month, more) in enumerate(
                [
                    (2, {"impermissible": True, "by_workforce": True, "affected": 600}),
                    (
                        2,
                        {
                            "impermissible": True,
                            **factors,
                            **signed,
                            "decision": "low_probability",
                            "alerts": "0000000000000001",
                            "by_workforce": True,
                            "closed_at": instant("2026-02-03 08:00"),
                            "outcome": "Rights were taken back",
                        },
                    ),
                    (
                        10,
                        {
                            "impermissible": True,
                            **signed,
                            "decision": "breach",
                            "affected": 700,
                            "affected_by_state": "TX=600;OK=100",
                            "associate": "Nightreads",
                            "associate_discovered_at": instant("2026-09-01 08:00"),
                            "associate_told_on": date(2026, 10, 1),
                            "delay_asked_on": date(2026, 10, 5),
                            "delay_form": "oral",
                        },
                    ),
                    (10, {}),
                ]
            )
        ],
        "sanctions": [{"incident_id": "I1", "sanctioned_on": date(2026, 2, 5), "measure": "warning"}],
        "changes": [
            {"change_id": f"C{month}", "changed_on": date(2026, month, 1), "affects_ephi": True}
            for month in (1, 10)
        ],
        "threats": [
            {
                "threat_id": "T1",
                "known_on": date(2026, 6, 1),
                "policy_ids": "P1;P2",
                "courses": "security",
            }
        ],
    }
