"""Elements of SVG as safe markup: attributes and text are always escaped."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

#: Shapes tell series apart where colours do not. Drawn around the origin, about nine units wide.
SHAPES = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
    "M-4 -4h8v8h-8z",
    "M0 -5L5 4H-5z",
    "M0 -5L5 0L0 5L-5 0z",
    "M0 5L-5 -4H5z",
    "M-4.5 -1.5h3v-3h3v3h3v3h-3v3h-3v-3h-3z",
)
DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 4", "12 4")


def number(value: float) -> str:
    """A coordinate, to a tenth: the same on every machine, and short."""
    text = f"{value:.1f}"
    return "0" if text == "-0.0" else text.removesuffix(".0")


def tag(name: str, *children: str, **attributes: str | float) -> Markup:
    """An element. ``class_`` stands for ``class``, an underscore for a hyphen; children that are no markup are text."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(number(value) if isinstance(value, float | int) else value)}"'
        for key, value in attributes.items()
    )
    inner = "".join(escape(child) for child in children)
    return Markup(f"<{name}{given}>{inner}</{name}>")  # noqa: S704 (every part is escaped above)


def picture(children: Iterable[Markup], *, key: str, title: str, about: str, width: float, height: float) -> Markup:
    """A whole drawing, named and described for those who do not see it.

    Args:
        children: elements of the drawing.
        key: makes the ids of title and description the page's only ones.
        title: title of the chart.
        about: description in one sentence.
        width: of the drawing, in its own units (a letter is about 12 high).
        height: of it.
    """
    return tag(
        "svg",
        tag("title", title, id=f"{key}-title"),
        tag("desc", about, id=f"{key}-about"),
        *children,
        viewBox=f"0 0 {number(width)} {number(height)}",
        role="img",
        aria_labelledby=f"{key}-title {key}-about",
    )


def shape(series: int, x: float, y: float, **attributes: str) -> Markup:
    """The mark of a series at a place."""
    return tag(
        "path",
        d=SHAPES[series % len(SHAPES)],
        transform=f"translate({number(x)} {number(y)})",
        class_=f"c{series % len(SHAPES)}",
        **attributes,
    )
