"""One self-contained page of HTML: elements, tables and the style. Nothing of it is loaded.

The page is for a ticket, a mail or an archive: no script, no picture, no font from elsewhere, and a
policy that forbids them. Text is escaped by the writer of the tree, never pasted together; what is
not visible in it is shown by its number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from drstate.report.outside import clean

Part = ET.Element | str
#: nothing is fetched and nothing is run, whatever a name or a comment may hold
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --paper: #fff;
  --good: #1a7f37; --poor: #9a6700; --bad: #b42318; --bar: #4a74c9;
  --wait: #b9c2cc; --tint: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d;
  --paper: #0d1117; --good: #3fb950; --poor: #d29922; --bad: #f85149; --bar: #6c93e6;
  --wait: #4b535d; --tint: #151b23; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 76rem; background: var(--paper);
  color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
p { margin: .25rem 0; } .soft { color: var(--soft); }
.good { color: var(--good); } .poor { color: var(--poor); } .bad { color: var(--bad); }
.badge { font-size: .8rem; font-weight: 600; border: 1px solid; border-radius: 1rem;
  padding: .1rem .6rem;
  vertical-align: .2rem; }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0; padding: 0; }
.tile { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .9rem;
  min-width: 8rem; }
.tile b { display: block; font-size: 1.25rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem;
  border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; }
td { min-width: 6.5rem; }
th { background: var(--tint); font-weight: 600; white-space: nowrap; }
.chart { display: grid; grid-template-columns: max-content 1fr max-content; gap: .3rem .75rem;
  align-items: center; font-size: .9rem; }
.track { position: relative; height: 1rem; background: var(--tint); border-radius: .25rem; }
.track i { position: absolute; top: 0; bottom: 0; border-radius: .25rem; background: var(--bar);
  min-width: 2px; }
.track i.wait { background: var(--wait); } .track i.poor { background: var(--poor); }
.track i.bad { background: var(--bad); }
code, pre { font: .85rem ui-monospace, monospace; overflow-wrap: anywhere;
  white-space: pre-wrap; }
pre { background: var(--tint); border: 1px solid var(--line); border-radius: .5rem;
  padding: .75rem; }
summary { cursor: pointer; font-weight: 600; }
@media print { body { padding: 0; max-width: none; } details > * { display: block; } }
"""


def tag(name: str, *parts: Part | None, **attributes: str) -> ET.Element:
    """An element. ``class_`` is its class; parts that are None are left out."""
    given = {key.rstrip("_").replace("_", "-"): clean(text) for key, text in attributes.items()}
    made = ET.Element(name, {key: text for key, text in given.items() if text})
    last: ET.Element | None = None
    for part in parts:
        if isinstance(part, str):
            lines = "\n".join(clean(line) for line in part.split("\n"))
            text = lines if name == "pre" else _spaced(part)
            if last is None:
                made.text = (made.text or "") + text
            else:
                last.tail = (last.tail or "") + text
        elif part is not None:
            made.append(part)
            last = part
    return made


def _spaced(text: str) -> str:
    """Cleaned, with the blank at either end that sets it off from its neighbours."""
    plain = clean(text)
    before = " " if text[:1].isspace() and plain else ""
    return f"{before}{plain}{' ' if text[-1:].isspace() else ''}"


def table(head: Sequence[str], rows: Iterable[Sequence[Part]]) -> ET.Element | None:
    """A table without the columns that are empty in every row; None where there are no rows."""
    listed = [list(row) for row in rows]
    if not listed:
        return None
    kept = [at for at in range(len(head)) if any(_told(row[at]) for row in listed)]
    top = tag("tr", *(tag("th", head[at], scope="col") for at in kept))
    body = [tag("tr", *(tag("td", row[at]) for at in kept)) for row in listed]
    return tag("div", tag("table", tag("thead", top), tag("tbody", *body)), class_="wide")


def _told(cell: Part) -> bool:
    return bool(cell) if isinstance(cell, str) else True


def page(title: str, parts: Iterable[ET.Element | None]) -> str:
    """The whole document, ending in a newline."""
    style = ET.Element("style")
    style.text = _STYLE
    head = tag("head", tag("meta", charset="utf-8"))
    guard = ET.SubElement(head, "meta")
    guard.attrib |= {"http-equiv": "Content-Security-Policy", "content": POLICY}
    head.append(tag("meta", name_="viewport", content="width=device-width, initial-scale=1"))
    head.append(tag("title", title))
    head.append(style)
    whole = tag("html", head, tag("body", *parts), lang="en")
    return f"<!doctype html>\n{ET.tostring(whole, encoding='unicode', method='html')}\n"
