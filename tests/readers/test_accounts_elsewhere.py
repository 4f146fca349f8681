"""Keycloak, Orthanc, Active Directory, LDIF and AWS IAM: what they say of log-in; secrets stay out."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.errors import EvidenceError
from riskkit.model import Reader
from riskkit.readers.aws_credential_report import read as aws
from riskkit.readers.directory_csv import read as directory
from riskkit.readers.directory_facts import day_first, instant
from riskkit.readers.documents import without_comments
from riskkit.readers.keycloak_realm import read as keycloak
from riskkit.readers.ldif import read as ldif
from riskkit.readers.orthanc_json import read as orthanc
from riskkit.readers.system_names import system_of
from tests.readers.reading import CHICAGO, SAMPLES, Reading, read_all

SECRET = "zzCanarySecret"
READERS: tuple[Reader, ...] = (keycloak, orthanc, directory, ldif, aws)


def accounts(reading: Reading) -> dict[str, dict[str, Any]]:
    return {row["account"]: row for row in reading.table("accounts")}


def settings(reading: Reading) -> dict[str, str | None]:
    return {row["key"]: row["value"] for row in reading.table("configurations")}


def _told(reading: Reading) -> Iterator[str]:
    for rows in reading.rows.values():
        yield from (str(value) for row in rows.to_pylist() for value in row.values())
    yield from reading.notes
    yield from (item.detail for items in reading.quarantined.values() for item in items)
    yield from (reason for ignored in reading.ignored.values() for reason in ignored)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.id)
def test_no_secret_leaves_the_file(reader: Reader) -> None:
    """Whole, cut anywhere or damaged: no password, hash, seed or client secret is told."""
    for path in sorted((SAMPLES / reader.id).iterdir()):
        data = path.read_bytes()
        halves = [data[:cut] for cut in range(0, len(data), max(1, len(data) // 40))]
        for variant in (data, *halves, data.replace(b'"', b"", 1), data.replace(b"}", b"", 1)):
            try:
                told = " ".join(_told(read_all(reader, variant, f"people/accounts/{path.name}")))
            except EvidenceError as error:
                told = str(error)
            assert SECRET not in told
            for secret in re.findall(rf"{SECRET}\w*", data.decode("utf-8", "ignore")):
                assert base64.b64encode(secret.encode()).decode()[:16] not in told


# --- Keycloak

OTP = {"type": "otp", "secretData": '{"value":"zzCanarySecretOtp"}'}
PASSWORD = {"type": "password", "createdDate": 1_767_200_400_000}


def step(name: str, requirement: str = "REQUIRED") -> dict[str, Any]:
    return {"authenticator": name, "requirement": requirement, "authenticatorFlow": False}


def sub(alias: str, requirement: str) -> dict[str, Any]:
    return {"flowAlias": alias, "requirement": requirement, "authenticatorFlow": True}


def realm(*users: dict[str, Any], flows: dict[str, list[Any]] | None = None, **more: Any) -> bytes:
    document: dict[str, Any] = {"realm": "r", "enabled": True, "sslRequired": "none", "users": list(users)}
    if flows is not None:
        document["authenticationFlows"] = [
            {"alias": alias, "authenticationExecutions": steps} for alias, steps in flows.items()
        ]
        document["browserFlow"] = "browser"
    return json.dumps(document | more).encode()


def user(name: str, *credentials: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"username": name, "enabled": True, "credentials": list(credentials), **more}


def built_in(*second: dict[str, Any], requirement: str = "CONDITIONAL") -> dict[str, list[Any]]:
    return {
        "browser": [
            step("auth-cookie", "ALTERNATIVE"),
            step("auth-spnego", "DISABLED"),
            sub("forms", "ALTERNATIVE"),
        ],
        "forms": [step("auth-username-password-form"), sub("second", requirement)],
        "second": list(second),
    }


ENROLLED = step("conditional-user-configured")
FORM = step("auth-otp-form")


@pytest.mark.parametrize(
    ("flows", "asked", "mfa"),
    [
        (built_in(ENROLLED, FORM), "enrolled", (True, False)),
        (built_in(FORM, requirement="REQUIRED"), "all", (True, True)),
        (built_in(ENROLLED, FORM, requirement="DISABLED"), "none", (False, False)),
        (built_in(ENROLLED, step("auth-otp-form", "DISABLED")), "none", (False, False)),
        (built_in(step("conditional-user-role"), FORM), None, (None, None)),
        (built_in(ENROLLED, step("conditional-user-role"), FORM), None, (None, None)),
        (built_in(FORM), None, (None, None)),
        (built_in(ENROLLED, step("auth-conditional-otp-form")), None, (None, None)),
        (built_in(ENROLLED, step("somebody-elses")), None, (None, None)),
        (
            built_in(
                ENROLLED, step("auth-otp-form", "ALTERNATIVE"), step("webauthn-authenticator", "ALTERNATIVE")
            ),
            "enrolled",
            (True, False),
        ),
        ({"browser": [sub("browser", "REQUIRED")]}, None, (None, None)),
        ({"browser": [sub("gone", "REQUIRED")]}, None, (None, None)),
        ({"browser": [step("auth-cookie", "ALTERNATIVE")]}, None, (None, None)),
    ],
)
def test_second_factor_by_the_flow(
    flows: dict[str, list[Any]], asked: str | None, mfa: tuple[bool | None, bool | None]
) -> None:
    """A credential counts where the flow asks for it; a flow that decides by something else is unknown."""
    reading = read_all(keycloak, realm(user("with", PASSWORD, OTP), user("without", PASSWORD), flows=flows))
    assert settings(reading)["second_factor.required"] == asked
    found = accounts(reading)
    assert (found["with"]["mfa"], found["without"]["mfa"]) == mfa


def test_a_client_with_a_flow_of_its_own_makes_it_unknown() -> None:
    """Whoever comes by that client is asked something else."""
    clients = [{"clientId": "viewer", "authenticationFlowBindingOverrides": {"browser": "other"}}]
    flows = built_in(FORM, requirement="REQUIRED")
    reading = read_all(keycloak, realm(user("a", PASSWORD, OTP), flows=flows, clients=clients))
    assert accounts(reading)["a"]["mfa"] is None


def test_log_in_that_happens_elsewhere_is_unknown() -> None:
    """LDAP and other identity providers ask by themselves; a user without any password is unknown too."""
    flows = built_in(ENROLLED, FORM)
    reading = read_all(
        keycloak,
        realm(
            user("ldap", federationLink="x"),
            user("google", PASSWORD, OTP, federatedIdentities=[{"identityProvider": "google"}]),
            user("empty"),
            {"username": "unsaid", "enabled": True},
            flows=flows,
        ),
    )
    assert {name: row["mfa"] for name, row in accounts(reading).items()} == dict.fromkeys(
        ("ldap", "google", "empty", "unsaid")
    )


def test_without_flows_a_second_factor_counts_and_is_noted() -> None:
    """Keycloak's built-in flow asks for it; its absence is unknown, not "no"."""
    reading = read_all(keycloak, realm(user("with", PASSWORD, OTP), user("without", PASSWORD)))
    assert {name: row["mfa"] for name, row in accounts(reading).items()} == {"with": True, "without": None}
    assert len(reading.notes) == 1


def test_roles_through_groups_and_other_roles() -> None:
    """Rights are those held in the end; a group that the file lacks leaves it open who administers."""
    more = {
        "roles": {
            "realm": [{"name": "staff", "composites": {"realm": ["root"]}}, {"name": "root"}],
            "client": {},
        },
        "groups": [{"name": "it", "subGroups": [{"name": "pacs", "realmRoles": ["staff"]}]}],
    }
    reading = read_all(
        keycloak,
        realm(
            user("deep", groups=["/it/pacs"]),
            user("lost", groups=["/gone"]),
            user("plain", realmRoles=["user"]),
            user("managed", clientRoles={"realm-management": ["manage-users"]}),
            **more,  # type: ignore[arg-type]
        ),
    )
    assert {name: row["privileged"] for name, row in accounts(reading).items()} == {
        "deep": True,
        "lost": None,
        "plain": False,
        "managed": True,
    }
    held = {(row["account"], row["permission"]) for row in reading.table("grants")}
    assert ("deep", "root") in held
    assert ("managed", "realm-management/manage-users") in held


@pytest.mark.parametrize(
    ("policy", "whole", "length"),
    [
        ("length(12) and digits(1)", False, "12"),
        ("length(undefined)", False, "8"),
        ("digits(1) and notUsername(undefined)", False, "0"),
        ("regexPattern(^(?=.*[A-Z]).{9,}$) and length(9)", False, "9"),
        (None, True, "0"),
        (None, False, None),
    ],
)
def test_policy_of_passwords(policy: str | None, whole: bool, length: str | None) -> None:
    """A whole export without policy has none; a part of one does not tell."""
    more = {"passwordPolicy": policy} if policy else {}
    flows = built_in(ENROLLED, FORM) if whole else None
    reading = read_all(keycloak, realm(flows=flows, **more, **({"clients": []} if whole else {})))
    assert settings(reading).get("password.min_length") == length


def test_odd_users_cost_themselves_alone() -> None:
    """Users without name or state are put aside; odd numbers and lists are left out."""
    reading = read_all(
        keycloak,
        realm(
            user("good", createdTimestamp=10**30, realmRoles="root", groups=[1]),
            {"username": "x"},
            {"enabled": True},
            {"username": " ", "enabled": True},
            "text",  # type: ignore[arg-type]
        ),
    )
    assert list(accounts(reading)) == ["good"]
    assert reading.reasons("accounts") == {"missing_required": 3, "bad_value": 1}


def test_two_realms_in_one_file_are_two_systems() -> None:
    """The file's name cannot tell them apart."""
    both = b"[" + realm(user("a")) + b"," + realm(user("a"), realm="s") + b"]"
    reading = read_all(keycloak, both, "people/accounts/pacs1.json")
    assert [row["system_id"] for row in reading.table("accounts")] == ["r", "s"]


# --- Orthanc


def test_orthanc_sample() -> None:
    """The documented password is told as a fact, without the password."""
    path = SAMPLES / "orthanc_json" / "pacs1.json"
    reading = read_all(orthanc, path.read_bytes(), "people/accounts/pacs1.json")
    assert {row["system_id"] for row in reading.table("accounts")} == {"pacs1"}
    assert {name: row["default_password"] for name, row in accounts(reading).items()} == {
        "orthanc": True,
        "reading": False,
    }
    assert settings(reading)["authentication.enabled"] == settings(reading)["remote.allowed"] == "yes"


@pytest.mark.parametrize(
    ("text", "name", "system"),
    [
        ('"Name": "Radiology"', "people/accounts/pacs1.json", "Radiology"),
        ('"Name": "MyOrthanc"', "people/accounts/pacs1.json", "pacs1"),
        ('"Name": 3', "people/accounts/vna/orthanc.json", "vna"),
        ('"Name": ""', "x.zip!vna/orthanc.json", "vna"),
        ('"Name": ""', "orthanc-vna.json", "vna"),
        ('"Name": ""', "orthanc.json", "orthanc"),
        ('"Name": "ORTHANC"', "people/configurations/pacs1-orthanc.json", "pacs1"),
        ('"Name": "Radiology"', "people/configurations/pacs1-orthanc.json", "pacs1"),
    ],
)
def test_whose_configuration_it_is(text: str, name: str, system: str) -> None:
    """A file named as it is asked for wins, then a name that somebody gave, file or folder."""
    data = f'{{{text}, "HttpPort": 1, "DicomPort": 2, "RemoteAccessAllowed": true}}'.encode()
    assert {row["system_id"] for row in read_all(orthanc, data, name).table("configurations")} == {system}


def test_orthanc_without_users_makes_one() -> None:
    """Remote access and authentication without users: the insecure default user, else none."""
    begin = '{"HttpPort": 1, "DicomPort": 2, "RegisteredUsers": {}, "AuthenticationEnabled": true'
    made = read_all(orthanc, f'{begin}, "RemoteAccessAllowed": true}}'.encode())
    assert accounts(made)["orthanc"]["default_password"] is True
    assert accounts(read_all(orthanc, f"{begin}}}".encode())) == {}


def test_settings_from_the_environment_are_not_told() -> None:
    """`${...}` is filled in when Orthanc starts."""
    data = (
        b'{"HttpPort": 1, "DicomPort": 2, "AuthenticationEnabled": "${AUTH}",'
        b'"RegisteredUsers": {"orthanc": "${PASSWORD}"}}'
    )
    reading = read_all(orthanc, data)
    assert settings(reading)["authentication.enabled"] is None
    assert accounts(reading)["orthanc"]["default_password"] is None
    assert reading.notes


def test_the_authorization_plugin_is_told() -> None:
    """With it, authentication that is off does not mean that nobody asks."""
    data = (
        b'{"AuthenticationEnabled": false, "RemoteAccessAllowed": true, "HttpPort": 1,'
        b'"Authorization": {"WebServiceRootUrl": "http://auth"}}'
    )
    assert settings(read_all(orthanc, data))["authentication.plugin"] == "yes"


TEXTS = st.text(st.sampled_from('"\\/*,}]a \n'), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
)


@given(value=VALUES)
def test_json_without_comments_is_left_alone(value: object) -> None:
    """Whatever stands in its texts."""
    assert json.loads(without_comments(json.dumps(value).encode())) == value


# --- Active Directory

HEADER = '"SamAccountName","GivenName","Surname","Enabled","LastLogonDate"'


def ad(*dates: str, header: str = HEADER) -> Reading:
    lines = [f'"u{number}","A","B","True","{text}"' for number, text in enumerate(dates)]
    return read_all(directory, "\r\n".join((header, *lines)).encode())


def days(reading: Reading) -> list[date | None]:
    found = [row["last_login"] for row in reading.table("accounts")]
    return [when and when.astimezone(CHICAGO).date() for when in found]


def test_dates_of_other_languages() -> None:
    """One date that can be read in one way only decides the file; without it none is guessed."""
    assert days(ad("3/4/2026 8:00:00 AM", "10/31/2026 8:00:00 AM")) == [date(2026, 3, 4), date(2026, 10, 31)]
    assert days(ad("3/4/2026 08:00", "31/10/2026 08:00")) == [date(2026, 4, 3), date(2026, 10, 31)]
    assert days(ad("03.04.2026 08:00:00")) == [date(2026, 4, 3)]
    assert days(ad("2026-04-03T08:00:00")) == [date(2026, 4, 3)]
    assert days(ad("5/5/2026 8:00 PM")) == [date(2026, 5, 5)]
    doubtful = ad("3/4/2026 8:00:00 AM", "")
    assert days(doubtful) == [None, None]
    assert doubtful.notes == ["lastlogondate: 1 date not understood, left out"]
    assert days(ad("3/4/2026", "31/10/2026", "10/31/2026")) == [None, None, None]


def test_noon_and_midnight() -> None:
    """12 AM is midnight, 12 PM noon; a narrow no-break space before it, as new Windows writes, is a space."""
    midnight, noon = (
        instant(f"10/31/2026 12:05:00{space}{half}", CHICAGO, days_first=False)
        for half, space in (("AM", "\u202f"), ("PM", " "))
    )
    assert midnight is not None
    assert noon is not None
    assert (noon - midnight).total_seconds() == 12 * 3600


@given(st.text(st.sampled_from("0123456789/.-: APM"), max_size=24))
def test_any_date_is_read_or_refused(text: str) -> None:
    """Nothing but ValueError."""
    for order in (None, True, False):
        try:
            instant(text, CHICAGO, days_first=order)
        except ValueError:
            continue
    assert day_first([text]) in (None, True, False)


def test_what_powershell_makes_of_lists() -> None:
    """A collection that was not joined is no text; groups that were are read."""
    header = '"SamAccountName","Enabled","MemberOf"'
    lines = [
        '"a","True","Microsoft.ActiveDirectory.Management.ADPropertyValueCollection"',
        '"b","True","CN=Domänen-Admins,CN=Users,DC=h;CN=x,DC=h"',
        '"c","True","CN=Domain Admins Friends,CN=Users,DC=h"',
    ]
    reading = read_all(directory, "\n".join((header, *lines)).encode("utf-8-sig"))
    assert {name: row["privileged"] for name, row in accounts(reading).items()} == {
        "a": None,
        "b": True,
        "c": None,
    }


def test_rows_that_do_not_fit() -> None:
    """Each costs itself alone."""
    lines = [
        '"a","A","B","True",""',
        '"a","A","B","True",""',
        '"","A","B","True",""',
        '"c","A","B","",""',
        '"d"x',
    ]
    reading = read_all(directory, "\n".join((HEADER, *lines, "")).encode())
    assert list(accounts(reading)) == ["a"]
    assert reading.reasons("accounts") == {"duplicate": 1, "missing_required": 2, "bad_framing": 1}


# --- LDIF


def test_ldif_sample() -> None:
    """Folded, encoded and commented lines are read; locked for good is disabled; the policy is told."""
    reading = read_all(ldif, (SAMPLES / "ldif" / "directory.ldif").read_bytes(), "people/directory.ldif")
    found = accounts(reading)
    assert {name: row["enabled"] for name, row in found.items()} == {"rivera": True, "left": False}
    assert found["rivera"]["password_changed_on"] == date(2026, 9, 1)
    assert settings(reading)["lockout.attempts"] == "5"
    assert settings(reading)["password.max_age_days"] == "90"
    assert reading.ignored["accounts"] == {"a password policy": 1, "no account of a user": 1}


def test_ldif_that_does_not_fit() -> None:
    """A changed entry is no account, bad base64 and lines without attribute cost their entry alone."""
    data = b"""dn: uid=a
changetype: modify
replace: sn
sn: x
-

dn: uid=b
objectClass: person
uid:: %%%

dn: uid=c
objectClass: person
uid: c
 d
userPassword:< file:///etc/shadow

dn: uid=e
objectClass: person
uid: CD

dn: uid=f
objectClass: person
"""
    reading = read_all(ldif, data)
    assert list(accounts(reading)) == ["cd"]
    assert sum(reading.reasons("accounts").values()) + sum(reading.ignored["accounts"].values()) == 4


# --- AWS


def test_aws_sample() -> None:
    """Console users are people, keys alone are services, root may do everything and is judged for it."""
    path = SAMPLES / "aws_credential_report" / "credential_report.csv"
    found = accounts(read_all(aws, path.read_bytes(), "people/accounts/credential_report.csv"))
    assert {row["system_id"] for row in found.values()} == {"aws-123456789012"}
    assert {name: (row["enabled"], row["kind"], row["mfa"]) for name, row in found.items()} == {
        "<root_account>": (True, None, False),
        "rivera": (True, "person", True),
        "backup": (True, "service", None),
        "gone": (False, "service", None),
    }


@pytest.mark.parametrize(
    ("name", "inside", "system"),
    [
        ("people/accounts/pacs1.json", "x", "pacs1"),
        ("tool-pacs1.json.gz", "x", "pacs1"),
        ("pacs1/tool.json", "x", "pacs1"),
        ("people/accounts/tool.json", "x", "x"),
        ("people/accounts/tool.json", "", "tool"),
        ("", "", "unnamed"),
        ("a.zip!people/pacs.1.csv", "", "pacs.1"),
        ("people/accounts/pacs1-tool.json", "x", "pacs1"),
        ("vna/pacs1_tool.csv.gz", "", "pacs1"),
        ("tool-pacs1-tool.json", "", "pacs1"),
        ("pacs1/tool-tool.json", "", "pacs1"),
        ("people/accounts/main-tools.json", "x", "main-tools"),
        ("pacs1/dcm4che-tool.json", "dcm4che", "pacs1"),
        ("people/accounts/dcm4che-tool.json", "DCM4CHE", "DCM4CHE"),
    ],
)
def test_names_of_systems(name: str, inside: str, system: str) -> None:
    """The file's own name, else the folder, else what the export says; a tool may name a file after that."""
    assert system_of(name, "tool", inside=inside) == system


def test_samples_are_of_nobody() -> None:
    """The samples hold the canary, so that the test above can fail."""
    found = b"".join(path.read_bytes() for reader in READERS for path in Path(SAMPLES / reader.id).iterdir())
    assert found.count(SECRET.encode()) >= 5
