"""Seals open only what we closed, for what it was closed, in its time; a code proves who asked for it."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whimbrel.api.oauth.codes import CODE_MINUTES, Codes, Grant, is_challenge, proves, redirect_digest, single_use
from whimbrel.api.oauth.seals import Seal

KEY = b"k" * 32
NOW_MS = 1_800_000_000_000
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
GRANT = Grant(7, 9, ("read", "write"), redirect_digest("https://app.example/back"), CHALLENGE, b"n" * 8)


class Note(msgspec.Struct, frozen=True):
    text: str


def test_what_was_sealed_opens_until_its_time_is_over() -> None:
    seal = Seal(KEY, purpose="notes", kind=Note)
    sealed = seal.close(Note("hello"), expires_ms=NOW_MS + 1)
    assert seal.open(sealed, now_ms=NOW_MS) == Note("hello")
    assert seal.open(sealed, now_ms=NOW_MS + 1) is None


def test_a_seal_of_one_purpose_or_key_or_binding_opens_for_no_other() -> None:
    sealed = Seal(KEY, purpose="notes", kind=Note).close(Note("hello"), expires_ms=NOW_MS + 1, bound_to="ada")
    assert Seal(KEY, purpose="letters", kind=Note).open(sealed, now_ms=NOW_MS, bound_to="ada") is None
    assert Seal(b"l" * 32, purpose="notes", kind=Note).open(sealed, now_ms=NOW_MS, bound_to="ada") is None
    assert Seal(KEY, purpose="notes", kind=Note).open(sealed, now_ms=NOW_MS, bound_to="bob") is None
    assert Seal(KEY, purpose="notes", kind=Note).open(sealed, now_ms=NOW_MS, bound_to="ada") == Note("hello")


def test_a_seal_with_any_byte_changed_does_not_open() -> None:
    seal = Seal(KEY, purpose="notes", kind=Note)
    sealed = seal.close(Note("hello"), expires_ms=NOW_MS + 1)
    raw = urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        assert seal.open(urlsafe_b64encode(changed).rstrip(b"=").decode(), now_ms=NOW_MS) is None


@given(st.text())
def test_any_text_at_all_is_looked_at_without_an_error(text: str) -> None:
    assert Seal(KEY, purpose="notes", kind=Note).open(text, now_ms=NOW_MS) is None


def test_a_code_gives_back_what_was_granted_for_ten_minutes() -> None:
    codes = Codes(KEY)
    code = codes.issue(GRANT, now_ms=NOW_MS)
    assert codes.open(code, now_ms=NOW_MS + CODE_MINUTES * 60_000 - 1) == GRANT
    assert codes.open(code, now_ms=NOW_MS + CODE_MINUTES * 60_000) is None


def test_a_spent_code_stays_claimed_for_longer_than_it_opens() -> None:
    claim = single_use(Codes(KEY).issue(GRANT, now_ms=NOW_MS), now_ms=NOW_MS)
    assert claim.expires_ms is not None
    assert claim.expires_ms > NOW_MS + CODE_MINUTES * 60_000


def test_two_codes_for_the_same_grant_are_spent_apart() -> None:
    other = msgspec.structs.replace(GRANT, nonce=b"m" * 8)
    codes = Codes(KEY)
    first, second = (single_use(codes.issue(grant, now_ms=NOW_MS), now_ms=NOW_MS).key for grant in (GRANT, other))
    assert first != second


def test_the_verifier_of_the_rfcs_own_example_proves_its_challenge() -> None:
    assert is_challenge(CHALLENGE)
    assert proves(VERIFIER, CHALLENGE)


@pytest.mark.parametrize(
    ("verifier", "challenge"),
    [
        (None, CHALLENGE),
        (VERIFIER, None),
        (VERIFIER[:-1] + "x", CHALLENGE),
        (CHALLENGE, CHALLENGE),
        ("short", urlsafe_b64encode(hashlib.sha256(b"short").digest()).rstrip(b"=").decode()),
    ],
)
def test_a_missing_wrong_stripped_or_short_verifier_proves_nothing(verifier: str | None, challenge: str | None) -> None:
    assert not proves(verifier, challenge)


def test_without_challenge_and_verifier_there_is_nothing_to_prove() -> None:
    assert proves(None, None)


@pytest.mark.parametrize("text", ["", "x" * 42, "x" * 44, "é" * 43, CHALLENGE + "="])
def test_what_is_no_s256_challenge_is_not_taken_for_one(text: str) -> None:
    assert not is_challenge(text)
