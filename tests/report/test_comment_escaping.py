"""Whatever comes from outside stays text: on the page that GitHub makes of it, and in the source.

Rendered by a CommonMark renderer with tables and raw HTML; what GitHub makes beyond that (mentions,
references, emoji) it makes of plain text only, never of code.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from drstate.report.outside import clean, code, fenced, in_html, prose, shortened

RENDERER = MarkdownIt("commonmark", {"html": True}).enable("table")
#: what a name or an error text may be made of by somebody who means harm
PIECES = st.sampled_from(
    ["@all", "@org/team", "#12", "GH-12", "https://x.example", "www.x.example", "a@x.example",
     "[a](b)", "![a](b)", "<img src=x>", "</details>", "<!--", "-->", "|", "\\", "\\|", "`", "``",
     "```", "~~~", "*", "**", "_", "~~", "$x$", ":tada:", "\u202e", "\u200b", "\x1b[31m", "\n",
     "\r\n", "\t", "&amp;", "&#64;", "- ", "1. ", "# ", "> ", "---", "===", "deadbeef", "x" * 40,
     "\ud800", "e\u0301\u0301\u0301\u0301", "drstate", "up", "--phase", "word", "(", ")", "."]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=6), max_size=8).map("".join) | st.lists(
    PIECES, max_size=8
).map(" ".join)


class Page(HTMLParser):
    """Tags of a page, its text in code and outside of code, and its cells."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.plain = ""
        self.code = ""
        self.cells: list[str] = []
        self._inside = 0
        self.comments = 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self._inside += tag == "code"
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag):
        self._inside -= tag == "code"

    def handle_comment(self, data):
        self.comments += 1

    def handle_data(self, data):
        if self._inside:
            self.code += data
        else:
            self.plain += data
        if self.cells:
            self.cells[-1] += data


def letters(text: str) -> str:
    """Without blanks and backticks, which mark code in what we write ourselves."""
    return re.sub(r"[\s`]", "", text)


#: nothing that GitHub makes anything of: a mention, a reference, a link, an emoji, a picture
HARMLESS = re.compile(r"(?:[A-Za-z]+|[0-9]{1,6}|[ .,;:!?%'\"()/=–—\n-])*")  # noqa: RUF001


@settings(max_examples=100, deadline=None)
@given(TEXTS)
@example("@all look at https://x.example")
@example("1. a list")
@example("- a list")
@example("a `quoted @all` thing `")
def test_a_sentence_is_rendered_as_it_was_written(text):
    page = Page(RENDERER.render("- " + prose(text)))
    assert set(page.tags) <= {"ul", "li", "code"}
    assert page.comments == 0
    assert sorted(letters(page.plain + page.code)) == sorted(letters(clean(text)))
    assert HARMLESS.fullmatch(page.plain), page.plain
    assert not re.search(r"[0-9a-f]{7,}|GH-|www\.|://", page.plain)


@settings(max_examples=80, deadline=None)
@given(TEXTS)
@example("a\\")
@example("a\\|b")
@example("|")
def test_a_cell_stays_one_cell(text):
    lines = ["| a | b | c |", "|---|---|---|"]
    lines.append(f"| {prose(text, cell=True)} | {code(text, cell=True)} | end |")
    page = Page(RENDERER.render("\n".join(lines)))
    assert page.tags.count("tr") == 2
    assert len(page.cells) == 3
    assert letters(page.cells[2]) == "end"
    assert letters(page.cells[1]) == letters(clean(text))


@settings(max_examples=50, deadline=None)
@given(TEXTS)
def test_a_summary_stays_one_line_of_html(text):
    page = Page(RENDERER.render(f"<details><summary>{in_html(text)}</summary>\n\nx\n\n</details>"))
    assert page.tags == ["details", "summary", "code", "p"]
    assert letters(page.code) == letters(clean(text))


@settings(max_examples=50, deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_a_fence_is_closed_by_its_own_end_only(lines):
    page = Page(RENDERER.render("\n".join([*fenced(lines, "diff"), "", "after"])))
    assert page.tags == ["pre", "code", "p"]
    assert letters(page.plain) == "after"
    assert letters(page.code) == letters("".join(clean(line) for line in lines))


@given(TEXTS)
@settings(max_examples=50, deadline=None)
def test_nothing_is_left_that_cannot_be_seen(text):
    for shown in (clean(text), prose(text), code(text, cell=True), "".join(fenced([text]))):
        assert all(one.isprintable() for one in shown), ascii(shown)
        shown.encode()


def test_blanks_inside_of_a_diff_are_kept():
    assert fenced(["+     name: a  b"], "diff") == ["```diff", "+     name: a  b", "```"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("replace of data because of kmsKeyId", "replace of data because of kmsKeyId"),
        ("us-west-2 serves now", "`us-west-2` serves now"),
        (
            "run drstate up --phase replicate -c acme -e staging, then look again",
            "run `drstate up --phase replicate -c acme -e staging`, then look again",
        ),
        ("run `drstate logs` first.", "run `drstate logs` first."),
        ("(arn:aws:rds:x), or not", "(`arn:aws:rds:x`), or not"),
        ("tag dr:wave is 'first'", "tag `dr:wave` is 'first'"),
    ],
)
def test_a_sentence_of_ours_reads_well(text, told):
    assert prose(text) == told


def test_what_is_left_out_of_a_long_text_is_counted():
    assert shortened("a" * 12, 10) == "a" * 10 + "… (2 more characters)"
    assert shortened("a" * 10, 10) == "a" * 10
