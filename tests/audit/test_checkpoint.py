"""Signed notes, checkpoints and proofs as text."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.audit import check
from appliance.audit.checkpoint import (
    COSIGNATURE,
    Signer,
    Verifier,
    open_checkpoint,
    parse_proof,
    proof_text,
    signature_line,
)
from appliance.errors import IntegrityFailure

# The example of the documentation of golang.org/x/mod/sumdb/note, which signed-note was taken from.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "\N{EM DASH} PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ROOT = bytes(range(32))


@pytest.fixture
def signer() -> Signer:
    return Signer("appliance/test", b"\x01" * 32)


def test_the_signed_note_of_the_go_documentation_verifies() -> None:
    verifier = Verifier.parse(PETER)
    body, _, line = PETER_NOTE.rpartition("\n\n")
    signature = base64.b64decode(line.split(" ")[2])
    assert str(verifier) == PETER
    assert signature[:4] == verifier.key_id
    assert verifier.verifies(body + "\n", signature[4:])
    assert check.ed25519_pure(verifier.key, signature[4:], (body + "\n").encode())
    assert not check.ed25519_pure(verifier.key, signature[4:], body.encode())


def test_pure_ed25519_agrees_with_the_first_vectors_of_rfc_8032() -> None:
    vectors = [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ]
    for key, message, signature in vectors:
        arguments = bytes.fromhex(key), bytes.fromhex(signature), bytes.fromhex(message)
        assert check.ed25519_pure(*arguments)
        assert not check.ed25519_pure(arguments[0], arguments[1], arguments[2] + b"x")
        for bit in (0, 200, 300, 511):
            flipped = bytearray(arguments[1])
            flipped[bit // 8] ^= 1 << bit % 8
            assert not check.ed25519_pure(arguments[0], bytes(flipped), arguments[2])


def test_a_checkpoint_opens_to_what_was_signed_in_both_implementations(signer: Signer) -> None:
    note = signer.sign(42, ROOT)
    opened = open_checkpoint(note, signer.verifier)
    assert (opened.origin, opened.size, opened.root) == ("appliance/test", 42, ROOT)
    assert check.open_note(note, check.parse_key(str(signer.verifier))) == (42, ROOT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n42\n", "\n43\n"),
        ("\n42\n", "\n042\n"),
        ("\n42\n", "\n+42\n"),
        ("AAEC", "AAED"),
        ("appliance/test\n", "other\n"),
    ],
)
def test_a_changed_checkpoint_is_refused(signer: Signer, old: str, new: str) -> None:
    note = signer.sign(42, ROOT).replace(old, new, 1)
    with pytest.raises(IntegrityFailure):
        open_checkpoint(note, signer.verifier)
    with pytest.raises(check.Bad):
        check.open_note(note, check.parse_key(str(signer.verifier)))


def test_a_checkpoint_signed_by_another_key_of_the_same_name_is_refused(signer: Signer) -> None:
    forged = Signer("appliance/test", b"\x02" * 32).sign(42, ROOT)
    with pytest.raises(IntegrityFailure, match="not signed by the log's key"):
        open_checkpoint(forged, signer.verifier)


def test_a_witness_counts_towards_the_quorum_and_a_wrong_cosignature_is_refused(signer: Signer) -> None:
    private = Ed25519PrivateKey.from_private_bytes(b"\x03" * 32)
    witness = Verifier("witness.example", private.public_key().public_bytes_raw(), COSIGNATURE)
    note = signer.sign(42, ROOT)
    body = note.rpartition("\n\n")[0] + "\n"
    seconds = (1_700_000_000).to_bytes(8, "big")
    good = seconds + private.sign(f"cosignature/v1\ntime 1700000000\n{body}".encode())
    assert open_checkpoint(note + signature_line(witness, good), signer.verifier, (witness,), quorum=1).size == 42
    with pytest.raises(IntegrityFailure, match="witnesses"):
        open_checkpoint(note, signer.verifier, (witness,), quorum=1)
    with pytest.raises(IntegrityFailure, match="does not verify"):
        open_checkpoint(note + signature_line(witness, good[:-1] + bytes([good[-1] ^ 1])), signer.verifier, (witness,))


def test_a_proof_text_is_read_back_as_written(signer: Signer) -> None:
    note = signer.sign(42, ROOT)
    text = proof_text(7, [ROOT, ROOT[::-1]], note, b"more")
    assert text.startswith("c2sp.org/tlog-proof@v1\nextra bW9yZQ==\nindex 7\n")
    assert parse_proof(text) == (7, [ROOT, ROOT[::-1]], note, b"more")


@pytest.mark.parametrize("damage", ["c2sp.org/tlog-proof@v2", "index 07", "index -1", "index", ""])
def test_a_malformed_proof_is_refused(signer: Signer, damage: str) -> None:
    good = proof_text(7, [ROOT], signer.sign(42, ROOT))
    line = "c2sp.org/tlog-proof@v1" if damage.startswith("c2sp") else "index 7"
    with pytest.raises(IntegrityFailure):
        parse_proof(good.replace(line, damage))
