"""Profiles of TLS and what to change in which server: data that holds its own examples."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskkit.assess import all_checks
from riskkit.catalog.transmission import (
    ANYTHING,
    PROFILES,
    RESULTS,
    Profile,
    Seen,
    load_products,
    load_profiles,
    read_profiles,
)
from riskkit.discovery import find
from riskkit.errors import CatalogError
from riskkit.model import Reader

BY_ID = {profile.id: profile for profile in load_profiles()}
each_profile = pytest.mark.parametrize("profile", load_profiles(), ids=lambda profile: profile.id)


def test_the_profiles_that_are_asked_for() -> None:
    """DICOM B.12 comes first, being the default; then the stricter ones, the web and node authentication."""
    assert list(BY_ID) == [
        "dicom_b12", "dicom_b13", "rfc9325", "nist_800_52r2", "mozilla_intermediate", "ihe_atna",
    ]  # fmt: skip
    assert all(profile.document.startswith("https://") for profile in BY_ID.values())
    assert all(demand.source for profile in BY_ID.values() for demand in profile.demands)


@each_profile
def test_examples(profile: Profile) -> None:
    """Each example is judged as it says; every profile has one that is met, prohibited and unknown."""
    for result, examples in profile.examples.items():
        for example in examples:
            assert profile.told(example).result == result
    assert {"met", "prohibited", "unknown"} <= profile.examples.keys()


@each_profile
def test_silence_is_unknown(profile: Profile) -> None:
    """Of a listener of which nothing is known nothing is met, missing or prohibited."""
    told = profile.judge({})
    assert (told.result, told.prohibited, told.missing) == ("unknown", (), ())


def test_a_profile_is_one_file(tmp_path: Path) -> None:
    """A file more is a profile more; nothing else changes."""
    folder = shutil.copytree(PROFILES, tmp_path / "profiles")
    text = (folder / "ihe_atna.yaml").read_text(encoding="utf-8")
    (folder / "ours.yaml").write_text(
        text.replace("id: ihe_atna", "id: ours").replace("order: 60", "order: 5")
    )
    assert [profile.id for profile in read_profiles(folder)] == ["ours", *BY_ID]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("id: ihe_atna", "id: other", "must be named"),
        ("requires: [required]", "wants: [required]", "is no profile"),
        ("prohibits: [ssl2_0, ssl3_0, tls1_0, tls1_1]\n    requires_one", "requires_one", ""),
        ("        client_certificate: [required]\n", "", "is judged"),
        ("  prohibited:\n    - offer: {<<: *node, suites: [TLS_RSA_WITH_NULL_SHA]}\n"
         "      prohibited: [TLS_RSA_WITH_NULL_SHA]\n", "", "needs an example"),
        ("source: ITI-19, mutual authentication of nodes", "source: ''", "is no profile"),
    ],
)  # fmt: skip
def test_a_profile_that_does_not_hold_is_refused(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    """A key that is none, a name that is another, an example that comes out otherwise."""
    text = (PROFILES / "ihe_atna.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "ihe_atna.yaml").write_text(text.replace(old, new), encoding="utf-8")
    if complaint:
        with pytest.raises(CatalogError, match=complaint):
            read_profiles(tmp_path)
    else:
        assert read_profiles(tmp_path)


NAMES = st.sampled_from([
    "tls1_0", "tls1_2", "tls1_3", "ssl3_0", "TLS_RSA_WITH_NULL_SHA", "TLS_AES_256_GCM_SHA384", "compression",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "X25519", "prime192v1", "sha1",
    "sha256", "RSA-1024", "RSA-2048", "DH-1024", "required", "optional", "days-90", "days-4000", "matches",
])  # fmt: skip
KINDS = st.sampled_from([
    "versions", "suites", "groups", "signatures", "keys", "exchange_keys", "client_certificate", "features",
    "certificate_days", "certificate_names",
])  # fmt: skip
OFFERS = st.dictionaries(
    KINDS, st.tuples(st.frozensets(NAMES, max_size=5), st.frozensets(NAMES | st.just(ANYTHING), max_size=2))
)


@each_profile
@settings(max_examples=25)
@given(offer=OFFERS, kind=KINDS)
def test_not_knowing_never_helps(
    profile: Profile, offer: dict[str, tuple[frozenset[str], frozenset[str]]], kind: str
) -> None:
    """Whatever is offered, taking away what is known of one kind never makes the result met or incomplete."""
    seen = {name: Seen(*parts) for name, parts in offer.items()}
    before = profile.judge(seen)
    blind = profile.judge({**seen, kind: Seen()})
    if before.result == "unknown":
        assert blind.result == "unknown"
    assert set(blind.prohibited) <= set(before.prohibited)
    assert blind.result in RESULTS


@each_profile
@settings(max_examples=25)
@given(offer=OFFERS, more=st.frozensets(NAMES, max_size=4), kind=KINDS)
def test_offering_more_never_hides_what_is_prohibited(
    profile: Profile,
    offer: dict[str, tuple[frozenset[str], frozenset[str]]],
    more: frozenset[str],
    kind: str,
) -> None:
    """A prohibited name stays prohibited beside any other."""
    seen = {name: Seen(*parts) for name, parts in offer.items()}
    known = seen.get(kind, Seen(frozenset(), frozenset()))
    wider = {**seen, kind: Seen(known.offered | more, known.unclear)}
    assert set(profile.judge(seen).prohibited) <= set(profile.judge(wider).prohibited)


@pytest.mark.parametrize(
    ("suite", "bad_for"),
    [
        ("TLS_RSA_WITH_AES_128_CBC_SHA", {"dicom_b12", "dicom_b13", "nist_800_52r2", "mozilla_intermediate"}),
        ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", {"nist_800_52r2"}),
        ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", {"mozilla_intermediate"}),
        ("TLS_RSA_WITH_RC4_128_SHA", set(BY_ID)),
        ("TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", {"mozilla_intermediate"}),
        ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", set()),
    ],
)
def test_suites_by_profile(suite: str, bad_for: set[str]) -> None:
    """DICOM's retired AES profile fails by today's; ChaCha20 fails by NIST alone, DHE by Mozilla alone."""
    offer = {"versions": Seen.of(["tls1_2"]), "suites": Seen.of([suite])}
    assert {name for name, profile in BY_ID.items() if suite in profile.judge(offer).prohibited} == bad_for


def test_post_quantum_groups_are_advice() -> None:
    """A missing hybrid group is not recommended, or unsure where no scan tried it; it fails nobody."""
    without = {"groups": Seen.of(["X25519", "prime256v1"])}
    untried = {"groups": Seen.of(["X25519"], ["X25519MLKEM768"])}
    for profile in BY_ID.values():
        assert "X25519MLKEM768" not in profile.judge(without).missing + profile.judge(without).prohibited
    assert "X25519MLKEM768" in BY_ID["mozilla_intermediate"].judge(without).not_recommended
    assert "X25519MLKEM768" in BY_ID["mozilla_intermediate"].judge(untried).unsure


def test_products() -> None:
    """Changes are for checks that exist, products for readers that exist; a name tells one product."""
    checks = {check.id for check in all_checks()}
    readers = {reader.id for reader in find("riskkit.readers", Reader)}
    for product in load_products():
        assert {change.check for change in product.changes} <= checks
        assert set(product.readers) <= readers
        assert [other.id for other in load_products() if other.matches(product.name)] == [product.id]
    assert {"orthanc", "nginx", "dcmtk"} <= {product.id for product in load_products()}
