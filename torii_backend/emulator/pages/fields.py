"""Form fields as HTML, each with its label, its last entry and what was wrong with that. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from markupsafe import Markup


class Entries(NamedTuple):
    """What was entered in a form, and by field why an entry is invalid."""

    values: Mapping[str, str] = {}
    errors: Mapping[str, str] = {}


def text_field(
    entries: Entries,
    name: str,
    label: str,
    attributes: str = "",
    *,
    default: str = "",
    hint: str = "",
) -> Markup:
    """Return a field for a line of text. `attributes` are HTML."""
    control = Markup('<input id="{0}" name="{0}" value="{1}" autocomplete="off" {2}{3}>').format(
        name,
        entries.values.get(name, default),
        Markup(attributes),  # noqa: S704 (a constant of ours)
        _described(entries, name, hint),
    )
    return _field(entries, name, label, control, hint)


def text_area(entries: Entries, name: str, label: str, *, default: str) -> Markup:
    """Return a field for several lines of text."""
    control = Markup(
        '<textarea id="{0}" name="{0}" rows="4" spellcheck="false"{1}>{2}</textarea>'
    ).format(name, _described(entries, name), entries.values.get(name, default))
    return _field(entries, name, label, control)


def select(
    entries: Entries, name: str, label: str, options: Iterable[tuple[str, object]]
) -> Markup:
    """Return a choice of one among options, which are values and texts."""
    chosen = entries.values.get(name)
    items = Markup().join(
        Markup('<option value="{}"{}>{}</option>').format(
            value, Markup(" selected") if value == chosen else "", text
        )
        for value, text in options
    )
    control = Markup('<select id="{0}" name="{0}"{1}>{2}</select>').format(
        name, _described(entries, name), items
    )
    return _field(entries, name, label, control)


def hidden(name: str, value: str) -> Markup:
    """Return a field that isn't shown."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(name, value)


def _field(entries: Entries, name: str, label: str, control: Markup, hint: str = "") -> Markup:
    notes = Markup()
    if name in entries.errors:
        error = entries.errors[name]
        notes += Markup('<span class="error" id="{}-error">{}</span>').format(name, error)
    if hint:
        notes += Markup('<span class="muted" id="{}-hint">{}</span>').format(name, hint)
    return Markup('<div class="field"><label for="{}">{}</label>{}{}</div>\n').format(
        name, label, control, notes
    )


def _described(entries: Entries, name: str, hint: str = "") -> Markup:
    """Return the attributes with which a screen reader finds error and hint."""
    ids = [f"{name}-error"] * (name in entries.errors) + [f"{name}-hint"] * bool(hint)
    invalid = Markup(' aria-invalid="true"') if name in entries.errors else Markup()
    return invalid + Markup(' aria-describedby="{}"').format(" ".join(ids)) if ids else Markup()
