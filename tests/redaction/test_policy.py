"""A profile is read exactly, refused with its line, and identified by its bytes."""

import hashlib

import pytest

from appliance.errors import UsageError
from appliance.redaction.policy import list_profiles, load_profile, parse_profile
from appliance.settings import SHIPPED_POLICIES

GOOD = b"""name: tiny
title: Tiny
detectors: [patterns]
rules:
  PERSON: {action: surrogate, min_score: 0.5, review: [0.5, 0.6], reason: Names}
"""


@pytest.mark.parametrize(
    "name", ["strict", "hipaa-safe-harbor", "gdpr-pseudonymise", "bank-pci", "defence-need-to-know", "minimal"]
)
def test_shipped_profile_loads_and_gives_a_reason_for_each_rule(name):
    profile = load_profile(SHIPPED_POLICIES, name)
    assert profile.name == name
    assert profile.digest == hashlib.sha256((SHIPPED_POLICIES / "redaction" / f"{name}.yaml").read_bytes()).hexdigest()
    for type_, rule in profile.rules.items():
        assert rule.reason
        assert rule.citation or rule.action == "keep", type_


def test_every_shipped_profile_acts_on_account_and_contact_identifiers():
    for name in list_profiles(SHIPPED_POLICIES):
        assert {"EMAIL_ADDRESS", "PHONE_NUMBER", "US_SSN", "CREDIT_CARD", "IBAN_CODE"} <= load_profile(
            SHIPPED_POLICIES, name
        ).acts_on


def test_review_band_marks_only_scores_inside_it():
    rule = parse_profile(GOOD, "tiny.yaml").rule("PERSON")
    assert [rule.wants_review(score) for score in (0.49, 0.5, 0.59, 0.6)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (GOOD.replace(b"min_score", b"minscore"), "line 5"),
        (GOOD.replace(b"PERSON", b"PERSONS"), "PERSONS"),
        (GOOD.replace(b"surrogate", b"surrogat"), "line 5"),
        (GOOD.replace(b"[patterns]", b"[patterns, magic]"), "line 3"),
        (GOOD.replace(b"[0.5, 0.6]", b"[0.6, 0.5]"), "line 5"),
        (GOOD + b"  PERSON: {action: keep, reason: x}\n", "line 6"),
        (GOOD + b"digest: abc\n", "digest"),
        (GOOD + b"extra: 1\n", "line 6"),
        (b"name: [", "line 1"),
        (b"", "holds no profile"),
        (b"\xff\xfe", "UTF-8"),
        (b"name: &a x\ntitle: *a\n", "aliases"),
        (GOOD.split(b"rules")[0] + b"rules: {}\n", "rules"),
    ],
)
def test_malformed_profile_is_refused_naming_the_place(bad, says):
    with pytest.raises(UsageError, match=says):
        parse_profile(bad, "tiny.yaml")


@pytest.mark.parametrize("name", ["nothing", "../strict", "", "Strict"])
def test_unknown_profile_or_path_is_refused(name):
    with pytest.raises(UsageError):
        load_profile(SHIPPED_POLICIES, name)


def test_profile_named_unlike_its_file_is_refused(tmp_path):
    (tmp_path / "redaction").mkdir()
    (tmp_path / "redaction" / "other.yaml").write_bytes(GOOD)
    with pytest.raises(UsageError, match="its name"):
        load_profile(tmp_path, "other")
