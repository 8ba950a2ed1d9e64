"""Words in a drawing, in the colours of the page it stands in; a drawing by itself falls back to the light ones."""

from __future__ import annotations

from html import escape

INK, SOFT, LINE = "var(--ink, #1b1f24)", "var(--soft, #57606a)", "var(--line, #d0d7de)"


def text(x: float, y: float, words: str, *, size: int = 12, anchor: str = "start", bold: bool = False, fill: str = INK) -> str:
    """A line of words; `anchor` is start, middle or end."""
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-family="system-ui,sans-serif" text-anchor="{anchor}" fill="{fill}"{weight}>'
        f"{escape(words)}</text>"
    )
