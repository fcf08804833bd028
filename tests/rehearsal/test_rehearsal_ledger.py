"""Strokes that were done are kept, found again, and count for what they were made of alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from drstate.errors import ConfigError, DrstateError, OperationError, PlanRefusedError, UsageError
from drstate.model.rehearsed import EntryPrint, Faults, Rehearsed
from drstate.model.scope import ScopeKey
from drstate.rehearsal.asked import Asked
from drstate.rehearsal.joining import join
from drstate.rehearsal.keeping import Keeping, Kept
from drstate.rehearsal.ledger import Head, Ledger, previous, read
from drstate.rehearsal.recording import About
from drstate.rehearsal.strokes import KINDS, Course, Stroke
from drstate.rehearsal.struck import Struck
from drstate.rehearsal.wish import Shard, Wish
from drstate.report.verified import judged
from tests.rehearsal.ledgers import CALLS, FINGERPRINT, head, struck, write

ALL = Wish(faults=Faults.ALL)
ASKED = Asked("acme", "staging", operation="emergency")


def test_strokes_are_found_again_as_they_were(tmp_path: Path):
    file = tmp_path / "deep" / "a.ndjson"
    bad = struck(Stroke("error", 2), "only struck: x", "report: y")
    with Ledger.begin(file, head(), "ann") as ledger:
        ledger.add(struck(Stroke("error", 1)))
        ledger.add(bad)
        # it met nothing: it is still to be done
        ledger.add(Struck(Stroke("error", 3), took_place=False, met=""))
    found = read(file)
    assert found.head == head()
    assert found.done == {
        Stroke("error", 1): struck(Stroke("error", 1)),
        Stroke("error", 2): bad,
    }
    assert len(found.missing) == len(head().strokes()) - 2
    assert Stroke("error", 3) in found.missing


def test_half_a_line_of_a_killed_process_is_dropped_and_the_file_goes_on(tmp_path: Path):
    file = tmp_path / "a.ndjson"
    with Ledger.begin(file, head(), "ann") as ledger:
        ledger.add(struck(Stroke("error", 1)))
        ledger.add(struck(Stroke("error", 2)))
    whole = file.read_bytes()
    # wherever in the last line it was killed
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for end in range(last, len(whole)):
        file.write_bytes(whole[:end])
        found = read(file)
        assert list(found.done) == [Stroke("error", 1)]
        with Ledger.resume(found, "bob") as ledger:
            ledger.add(struck(Stroke("error", 7)))
        assert list(read(file).done) == [Stroke("error", 1), Stroke("error", 7)]


def test_a_stroke_that_once_ended_otherwise_is_not_forgotten(tmp_path: Path):
    file = tmp_path / "a.ndjson"
    with Ledger.begin(file, head(), "ann") as ledger:
        ledger.add(struck(Stroke("error", 1), "only struck: x"))
        ledger.add(struck(Stroke("error", 1)))
    assert read(file).done[Stroke("error", 1)].differs == ("only struck: x",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [], "it has no line"),
        (lambda lines: ["{}", *lines[1:]], "its first line is no head"),
        (lambda lines: [lines[0].replace("strokes/1", "strokes/9"), *lines[1:]], "strokes/9"),
        (lambda lines: [lines[0].replace('"commands": 2', '"commands": -2')], "commands of its"),
        (lambda lines: [*lines[:2], "half a li", *lines[2:]], "line 3"),
        (lambda lines: [*lines, '{"stroke": {"kind": "eror"}}'], "line 4"),
        (lambda lines: [*lines, lines[2].replace('"error"', '"eror"')], "kind 'eror' does not"),
    ],
)
def test_what_is_damaged_is_refused_with_its_line(tmp_path: Path, change: Any, said: str):
    file = tmp_path / "a.ndjson"
    with Ledger.begin(file, head(), "ann") as ledger:
        ledger.add(struck(Stroke("error", 1)))
    lines = change(file.read_text().splitlines())
    file.write_text("".join(f"{line}\n" for line in lines))
    with pytest.raises(ConfigError) as refused:
        read(file)
    assert said in f"{refused.value.what} {refused.value.why}"
    assert refused.value.hint


def test_two_rehearsals_do_not_write_into_one_file(tmp_path: Path):
    file = tmp_path / "a.ndjson"
    with Ledger.begin(file, head(), "ann") as ledger:
        ledger.add(struck(Stroke("error", 1)))
        for again in (
            lambda: Ledger.resume(read(file), "bob"),
            lambda: Ledger.begin(file, head(), "bob"),
        ):
            with pytest.raises(OperationError, match="another rehearsal is writing"):
                again()
        ledger.add(struck(Stroke("error", 2)))
    assert len(read(file).done) == 2


def test_beginning_anew_throws_nothing_away(tmp_path: Path):
    keeping = Keeping(tmp_path / "a.ndjson")
    write(keeping.file, head())
    said: list[str] = []
    keeping.begin(head(), "ann", said.append).close()
    assert read(keeping.file).done == {}
    assert len(read(previous(keeping.file)).done) == len(head().strokes())
    assert str(previous(keeping.file)) in said[0]


# going on


def about(**told: Any) -> About:
    return About.of_head(head(**told))


def test_going_on_takes_the_same_plan(tmp_path: Path):
    keeping = Keeping(write(tmp_path / "a.ndjson", head()), resume=True)
    kept = keeping.found(ALL, ASKED)
    assert isinstance(kept, Kept)
    kept.same_plan(about())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"code": "d"}, "drstate's code or that of an installed adapter changed"),
        ({"version": "2"}, "drstate changed since (from 1 to 2)"),
        ({"scope": {"hooks": "i"}}, "the scope file changed since (hooks)"),
        ({"sites": "us-west-2 serves"}, "the sites changed since"),
        ({"plan": "q"}, "this plan is another one"),
        (
            {"entries": {"ecs/1/web": EntryPrint(tags="t", spec="z", owners="o")}},
            "the inventory changed since (1 spec: ecs/web)",
        ),
    ],
)
def test_going_on_is_refused_with_what_changed(tmp_path: Path, changed: dict[str, Any], said: str):
    keeping = Keeping(write(tmp_path / "a.ndjson", head()), resume=True)
    kept = keeping.found(ALL, ASKED)
    assert kept is not None
    with pytest.raises(PlanRefusedError) as refused:
        kept.same_plan(about(fingerprint=FINGERPRINT.model_copy(update=changed)))
    assert said in refused.value.why
    assert "leave out --resume" in refused.value.hint


@pytest.mark.parametrize(
    ("wish", "asked"),
    [
        (Wish(faults=Faults.ALL, kinds=("error",)), ASKED),
        (Wish(faults=Faults.ALL, shard=Shard(1, 2)), ASKED),
        (ALL, Asked("acme", "staging", operation="failover")),
    ],
)
def test_strokes_of_another_rehearsal_are_refused(tmp_path: Path, wish: Wish, asked: Asked):
    keeping = Keeping(write(tmp_path / "a.ndjson", head()), resume=True)
    with pytest.raises(PlanRefusedError, match="is of another rehearsal"):
        keeping.found(wish, asked)


def test_only_whole_rehearsals_are_kept_each_in_a_file_of_its_own(tmp_path: Path):
    assert Keeping.of(tmp_path, ASKED, Wish()) is None
    assert Keeping.of(tmp_path, ASKED, Wish(faults=Faults.ALL, kinds=("error",), call=1)) is None
    wishes = [ALL, Wish(faults=Faults.ALL, kinds=("error",))]
    wishes += [Wish(faults=Faults.ALL, shard=Shard(number, 2)) for number in (1, 2)]
    places = [Keeping.of(tmp_path, asked, wish) for wish in wishes for asked in (ASKED, OTHER)]
    assert len({one.file for one in places if one is not None}) == 8
    for option in ({"resume": True}, {"results": tmp_path / "a.ndjson"}):
        with pytest.raises(UsageError, match="goes with --faults all"):
            Keeping.of(tmp_path, ASKED, Wish(), **option)


OTHER = Asked("acme", "production", operation="emergency")


# parts


def test_parts_divide_every_moment_each_once():
    course = Course(CALLS, 2, ("one", "two", "three"))
    for of in (1, 2, 3, 7, 40):
        parts = [
            Wish(faults=Faults.ALL, shard=Shard(number, of)).strokes(course)
            for number in range(1, of + 1)
        ]
        assert sorted(str(one) for part in parts for one in part) == sorted(
            map(str, course.every())
        )
        # no machine has much more to do than another
        assert max(map(len, parts)) - min(map(len, parts)) <= len(KINDS)


def test_parts_of_runs_that_made_a_call_more_still_cover_the_shorter_one():
    shorter, longer = (Course(CALLS[:n], 2, ("one", "two", "three")) for n in (5, 7))
    parts = [
        Wish(faults=Faults.ALL, shard=Shard(number, 2)).strokes(course)
        for number, course in ((1, longer), (2, shorter))
    ]
    assert set(shorter.every()) <= set(parts[0]) | set(parts[1])
    assert not set(parts[0]) & set(parts[1])


@pytest.mark.parametrize("text", ["", "2", "0/2", "3/2", "1/0", "a/b", "1/2/3", "1/257", "-1/2"])
def test_what_is_no_part_is_refused(text: str):
    with pytest.raises(UsageError, match="is no part"):
        Shard.parse(text)


def test_only_all_strokes_are_divided():
    for told in ({}, {"faults": Faults.NONE}, {"kinds": ("error",), "call": 1}):
        with pytest.raises(UsageError, match="divides --faults all"):
            Wish(shard=Shard(1, 2), **told)


def parts(folder: Path, of: int = 3, **told: Any) -> list[Path]:
    return [
        write(folder / f"{number}.ndjson", head(f"{number}/{of}", **told))
        for number in range(1, of + 1)
    ]


def test_all_parts_together_are_the_whole(tmp_path: Path):
    parts(tmp_path)
    found, _ = join([tmp_path], by="ann")
    record = found.record
    assert (record.strokes, record.of) == (len(head().strokes()), len(head().strokes()))
    assert record.whole
    assert record.good
    verdict = judged(record, FINGERPRINT, "drstate rehearse")
    assert verdict.verified
    assert sum(found.there.values()) == record.of
    # a record is stored as a document
    assert Rehearsed.model_validate(record.model_dump(mode="json")) == record


def test_one_stroke_that_ended_otherwise_in_one_part_keeps_it_from_being_verified(tmp_path: Path):
    files = parts(tmp_path, 2)
    of = head("2/2")
    bad = of.strokes()[3]
    write(files[1], of, otherwise=[bad])
    found, _ = join(files, by="ann")
    verdict = judged(found.record, FINGERPRINT, "drstate rehearse")
    assert not verdict.verified
    assert f"1 stroke ended otherwise, the first {bad}" in verdict.said
    assert found.record.failures[0].command.endswith(f"--kind {bad.kind} --call {bad.number}")


def refused(places: list[Path]) -> DrstateError:
    with pytest.raises(DrstateError) as found:
        join(places, by="ann")
    assert found.value.hint
    return found.value


def test_missing_parts_are_named(tmp_path: Path):
    one, _, three = parts(tmp_path)
    error = refused([one, three])
    assert error.what == "1 part of 3 is missing: 2/3"
    assert error.hint.endswith("--operation emergency --faults all --shard 2/3")
    assert refused([one]).what == "2 parts of 3 are missing: 2/3, 3/3"


def test_a_part_that_is_not_whole_is_named_with_what_goes_on_with_it(tmp_path: Path):
    one, two, three = parts(tmp_path)
    of = head("2/3")
    write(two, of, but=of.strokes()[-1:])
    error = refused([one, two, three])
    assert "part 2/3 is not whole: 1 stroke of" in error.what
    assert error.hint.endswith(f"--shard 2/3 --resume --results {two}")


def test_a_part_that_is_there_twice_counts_once_or_not_at_all(tmp_path: Path):
    one, two, three = parts(tmp_path)
    copy = tmp_path / "copy.ndjson"
    copy.write_bytes(two.read_bytes())
    assert refused([one, two, three, copy]).what == "part 2/3 is there 2 times"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"fingerprint": FINGERPRINT.model_copy(update={"code": "d"})}, "drstate's code"),
        ({"fingerprint": FINGERPRINT.model_copy(update={"plan": "q"})}, "another one"),
        ({"command": ("-c", "acme", "-e", "production")}, "what was rehearsed: -c acme"),
        ({"kinds": ("error",)}, "the kinds of trouble: all, and error"),
        ({"end": "f"}, "left other resources"),
        ({"from_file": True}, "of a catalog from a file"),
        ({"deviation": "elsewhere"}, "differ from the plan in another way"),
    ],
)
def test_parts_of_different_rehearsals_are_not_joined(
    tmp_path: Path, told: dict[str, Any], said: str
):
    one, _, three = parts(tmp_path)
    other = write(tmp_path / "2.ndjson", head("2/3", **told))
    error = refused([one, other, three])
    assert "are not parts of one rehearsal" in error.what
    assert said in error.why


def test_another_division_a_whole_rehearsal_and_an_empty_folder_are_refused(tmp_path: Path):
    one = write(tmp_path / "a" / "1.ndjson", head("1/2"))
    other = write(tmp_path / "a" / "2.ndjson", head("2/3"))
    assert "how many parts there are: 2, and 3" in refused([one, other]).why
    whole = write(tmp_path / "b" / "whole.ndjson", head())
    assert refused([whole]).what.endswith("is no part")
    (tmp_path / "c").mkdir()
    assert "no file *.ndjson" in refused([tmp_path / "c"]).why


def test_parts_of_some_kinds_are_a_sample_and_verify_nothing(tmp_path: Path):
    parts(tmp_path, 2, kinds=("error",))
    found, _ = join([tmp_path], by="ann")
    assert found.record.faults is Faults.SAMPLE
    assert (found.record.strokes, found.record.of) == (len(CALLS), len(head().strokes()))
    assert not judged(found.record, FINGERPRINT, "drstate rehearse").verified


def test_a_head_is_a_document(tmp_path: Path):
    first = json.loads(write(tmp_path / "a.ndjson", head()).read_text().splitlines()[0])
    assert Head.model_validate(first["head"]) == head()
    assert first["head"]["scope"] == ScopeKey(customer="acme", environment="staging").model_dump(
        mode="json"
    )
