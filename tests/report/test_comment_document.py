"""The comment as a whole: its order, its limit, and that it stays valid wherever it is cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drstate.model.recovery import RecoveryStep, RecoveryTime
from drstate.model.stackops import Op
from drstate.report.comment import comment
from drstate.report.cutting import LEAST, LIMIT, Block, Part, fitted
from drstate.report.review import Predicted, Review
from tests.report.review_values import a_review, failing
from tests.report.test_comment_escaping import RENDERER, TEXTS, Page

NAMES = {"211111111100": "acme-data"}
#: what a comment is made of, and nothing else
TAGS = frozenset(
    {"h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "ul", "li",
     "strong", "em", "hr", "details", "summary", "blockquote"}
)  # fmt: skip


def page(text: str) -> Page:
    return Page(RENDERER.render(text))


def sound(text: str) -> Page:
    """The page, once it is sure that everything that opens is closed again."""
    html = RENDERER.render(text)
    found = Page(html)
    assert set(found.tags) <= TAGS
    # a fence that is left open swallows the end of its own fold
    assert html.count("<details>") == html.count("</details>") == html.count("<summary>")
    assert html.rstrip().endswith("</p>") or "<hr />" not in html
    return found


def told(text: str) -> str:
    """As a plan can hold it: half a character is refused by JSON, long before a comment."""
    return text.encode(errors="replace").decode() or "x"


def rows(text: str) -> list[list[str]]:
    table = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


@settings(max_examples=25, deadline=None)
@given(TEXTS, st.integers(1, 60), st.integers(LEAST, 9_000), st.integers(1, 3), st.integers(0, 30))
@example("@all `\u202e", 60, LEAST, 3, 30)
@example("a | b <b> ", 60, 64_000, 3, 300)
def test_it_is_sound_and_within_its_limit_whatever_comes_from_outside(
    text, times, limit, each, refusals
):
    text *= times
    review = a_review(told(text), each=each, refusals=refusals, ops=tuple(Op)[:5])
    found = comment(review, {"211111111100": text}, limit=limit)
    assert len(found.text) <= limit
    sound(found.text)
    # neither the table nor the verdict gives way
    assert found.text.startswith("## DR preview of `acme/staging`: ")
    assert rows(found.text)[-1][0] == "**all**"


@settings(max_examples=20, deadline=None)
@given(TEXTS)
def test_a_scope_that_cannot_be_planned_is_told_soundly(text):
    found = comment(failing(told(text)), {})
    assert "cannot be previewed" in found.text
    assert set(sound(found.text).tags) <= TAGS


def test_the_parts_stand_in_the_order_in_which_they_are_read():
    text = comment(a_review(ops=(Op.REPLACE, Op.SAME), refusals=1), NAMES).text
    marks = ["## DR preview", "| wave |", "Predicted recovery time", "### Refused",
             "### Destructive", "### Details", "```diff", "would run", "### Warnings",
             "### Readiness"]  # fmt: skip
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)


def test_the_table_counts_by_kind_and_says_where_a_gate_stands():
    head, _, first, second, whole = rows(
        comment(a_review(ops=(Op.CREATE, Op.CREATE, Op.REPLACE, Op.SAME)), NAMES).text
    )
    assert head == ["wave", "account", "resources", "create", "update", "replace", "delete",
                    "same", "actions", "time", "gate"]  # fmt: skip
    assert first == ["`w1`", "`211111111100` acme-data", "1", "2", "", "1", "", "1", "1",
                     "55&nbsp;s", "approval"]  # fmt: skip
    assert second[3] == "2 ?"  # its stack could not be previewed whole
    assert whole[2:] == ["2", "4 ?", "", "2", "", "2", "2", "3&nbsp;min", "1 gate"]


class TestCutting:
    BIG = {"waves": 6, "accounts": 4, "each": 60, "ops": (Op.CREATE, Op.UPDATE)}

    def test_what_fits_is_whole(self):
        found = comment(a_review(), NAMES)
        assert found.cut == 0
        assert "Cut:" not in found.text

    def test_a_large_one_is_cut_in_its_details_only_and_says_how_much(self):
        review = a_review(**self.BIG)
        whole = comment(review, NAMES, limit=LIMIT, whole="The whole is in `x.json`.")
        assert LIMIT * 0.95 < len(whole.text) <= LIMIT
        assert f"**Cut:** {whole.cut:,} characters" in whole.text
        assert "The whole is in `x.json`." in whole.text
        assert len(rows(whole.text)) == 6 * 4 + 3
        assert "### Readiness" in whole.text
        sound(whole.text)

    def test_how_much_was_cut_is_what_is_missing(self):
        blocks = tuple(Block("x", ("line",) * count, fence) for count, fence in
                       ((3, "diff"), (500, "diff"), (900, None)))  # fmt: skip
        parts = [Part("Details", (), blocks)]
        whole = fitted("head\n", parts, "foot\n", limit=LIMIT, whole="there")
        cut = fitted("head\n", parts, "foot\n", limit=5_000, whole="there")
        notice = next(line for line in cut.text.splitlines() if "**Cut:**" in line)
        assert whole.cut == 0
        assert len(whole.text) - cut.cut == len(cut.text) - len(notice) - 2
        # small ones stay whole, large ones share what is left
        assert cut.text.count("line\n") > 900 / 5
        assert len(re.findall(r"\d+ lines cut", cut.text)) == 2

    def test_every_fold_keeps_something_before_one_is_dropped(self):
        text = comment(a_review(**self.BIG), NAMES, limit=40_000).text
        # diffs and actions of each shard; blocked, consents, warnings, left out, findings
        assert text.count("<details>") == 6 * 4 * 2 + 5
        assert "lines cut*" in text

    def test_a_table_that_is_too_long_puts_accounts_together_and_loses_no_number(self):
        review = a_review(waves=40, accounts=20, ops=(Op.CREATE,))
        table = rows(comment(review, NAMES, limit=20_000).text)
        assert len(table) == 40 + 3
        assert table[2][:4] == ["`w1`", "20 accounts", "20", "20"]
        assert table[-1][2:4] == ["800", "800 ?"]

    def test_and_then_waves_of_a_phase(self):
        review = a_review(waves=40, accounts=20, ops=(Op.CREATE,))
        table = rows(comment(review, NAMES, limit=LEAST).text)
        assert len(table) == 4
        assert table[2][0] == "replicate, 40 waves"
        assert table[2][2:4] == ["800", "800 ?"]

    def test_refusals_that_do_not_fit_are_counted_and_folded(self):
        text = comment(a_review(refusals=300), NAMES, limit=20_000).text
        left = re.search(r"- and (\d+) more, in the details", text)
        shown = text.partition("### Details")[0].count("- **orders")
        assert left
        assert shown + int(left[1]) == 300
        assert f"Refused: {left[1]} more" in text

    def test_a_limit_without_room_for_the_table_is_refused(self):
        with pytest.raises(ValueError, match=str(LEAST)):
            comment(a_review(), NAMES, limit=LEAST - 1)


class TestRecovery:
    def line(self, now: int | None, before: int | None, base: str = "main") -> str:
        def predicted(seconds: int | None) -> Predicted:
            if seconds is None:
                return Predicted(why="nothing would stand by")
            step = RecoveryStep(stage="activate.w1", seconds=seconds)
            time = RecoveryTime(seconds=seconds, phases=(), critical_path=(step,))
            return Predicted(time=time)

        review: Review = a_review().model_copy(
            update={"base": base, "recovery": predicted(now), "base_recovery": predicted(before)}
        )
        text = comment(review, NAMES).text
        return text[text.index("Predicted") :].partition("\n")[0]

    def test_a_longer_one_is_told_against_the_base(self):
        told = "Predicted recovery time: **6 min 35 s**, **35 s longer** than on `main` (6 min)"
        assert self.line(395, 360) == told

    def test_a_shorter_one_too(self):
        assert "**1 min shorter** than on `main`" in self.line(300, 360)

    def test_the_same_is_said_to_be_the_same(self):
        assert self.line(300, 300).endswith("**5 min**, as on `main`")

    def test_a_base_that_cannot_be_planned_is_said_so(self):
        assert "on `main` it cannot be planned: nothing would stand by" in self.line(300, None)

    def test_without_a_base_nothing_is_compared(self):
        assert self.line(300, 300, base="") == "Predicted recovery time: **5 min**"

    def test_none_is_told_with_its_reason(self):
        assert self.line(None, 300).endswith("**none**: nothing would stand by")
