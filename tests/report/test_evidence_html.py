"""The report as a page: all of it is there, nothing is loaded, and no text becomes markup."""

from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser

from drstate.model import events as e
from drstate.model.health import WaveHealth
from drstate.report.evidence import report_of
from drstate.report.evidence_html import report_html
from tests.execution import transcript as t
from tests.report.test_evidence import NOW, STEP, TARGETS, W1, report, run, story

VOID = {"meta"}
HOSTILE = (
    '</td><script src="https://x.example/a.js">alert(1)</script> \u202egnp "\' <img onerror=x>'
)


class Reader(HTMLParser):
    """Reads a page; refuses one whose elements do not close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.rows: list[list[str]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.text += data
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data


def test_times_targets_points_decisions_and_the_proof_are_on_the_page() -> None:
    found = report(run())
    page = Reader(report_html(found))
    assert [W1, "2 of 2", "30 s", "1 min", "yes", "110 s", "1 min", "NO"] in page.rows
    (critical,) = [row for row in page.rows if row[0] == "critical"]
    assert critical == ["critical", "1 of 1", "30 s", "1 min", "yes", "100 s", "2 min", "yes"]
    (told,) = [row for row in page.rows if row[2:3] == ["promote db"]]
    assert told[3:] == ["30 s, target 1 min met", "30 s of writes", "kept: snap-1"]
    (gate,) = [row for row in page.rows if row[0] == f"gate before {W1}"]
    assert gate[1:4] == ["approved", "ben", "a | b"]
    assert any(row[0].startswith("waited for people") and row[-1] == "10.0 s" for row in page.rows)
    assert found.digest in page.text
    assert f"{found.verified_events} events, their hash chain is whole" in page.text
    assert len([row for row in page.rows if row[1:2] and row[1].endswith(" s")]) >= len(
        found.timeline
    )


def test_a_wave_and_a_wait_stand_in_the_chart_where_they_were() -> None:
    page = Reader(report_html(report(run())))
    bars = [value for name, value in page.attributes if name == "style"]
    # waited from 20 s to 30 s; the wave ran from 50 s to 120 s, which is the end
    assert bars == ["left: 16.67%; width: 8.33%", "left: 41.67%; width: 58.33%"]


def test_nothing_is_loaded_and_no_text_becomes_markup() -> None:
    events = story(
        t.created(t.plan(t.stage(1, t.shard(t.A, "w1", STEP["resource"]), gate=True))),
        t.attached(),
        e.GateOpened(stage=W1, reason=HOSTILE),
        e.GateDecided(stage=W1, approved=True, by=HOSTILE, comment=HOSTILE),
        e.Warned(text=HOSTILE, hint=HOSTILE),
        t.phase_started(),
        t.stage_started(W1),
        t.shard_started(W1, t.A, "w1"),
        t.shard_finished(W1, t.A, "w1"),
        t.healthy(W1, STEP["resource"]),
        t.stage_finished(W1, WaveHealth.HEALTHY),
    )
    page = Reader(report_html(report_of(events, NOW + timedelta(hours=1), targets=TARGETS)))
    assert not page.names & {"script", "img", "iframe", "link", "object", "form"}
    assert not [row for row in page.attributes if row[0] in ("src", "onerror", "href")]
    assert "alert(1)" in page.text
    assert "\u202e" not in page.text
    assert "<U+202E>" in page.text
    assert any(value.startswith("default-src 'none'") for _, value in page.attributes)
