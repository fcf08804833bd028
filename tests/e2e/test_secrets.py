"""What must not be found where people, tickets and buckets keep files."""

from __future__ import annotations

EXTERNAL_ID = "acme-dr-7c1f"


def test_no_external_id_and_no_key_in_state_logs_or_output(warm):
    for file in (warm.sandbox / "state").rglob("*"):
        if file.is_file():
            assert EXTERNAL_ID.encode() not in file.read_bytes(), file.name
    answers = [
        warm.run("status", "-o", "json"),
        warm.run("logs", "-o", "json"),
        warm.run("plan", "--phase", "activate", "-c", "acme", "-e", "production", "-o", "json"),
        warm.run("doctor", "-o", "json"),
    ]
    for answer in answers:
        assert EXTERNAL_ID not in answer.out + answer.err
        assert "sandbox-only-not-a-secret" not in answer.out + answer.err


def test_the_journal_is_readable_by_its_owner_only(warm):
    assert (warm.sandbox / "journal.db").stat().st_mode & 0o077 == 0
