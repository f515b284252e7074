"""The page that stands in for an OAuth provider, as HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from torii_backend.emulator.front.shapes import STATE_PARAMETER
from torii_backend.emulator.pages.fields import Entries, hidden, text_field
from torii_backend.emulator.people import Person

USER_FIELD = "userId"
EMAIL_FIELD = "email"
CONSENT_FIELD = "legalConsent"


class Content(NamedTuple):
    """What the page shows. `action` is its own path, and `takes_new` whether users may sign up."""

    provider: str
    action: str
    state: str
    people: Sequence[Person]
    takes_new: bool
    needs_consent: bool
    entries: Entries = Entries()


def oauth_title(provider: str) -> str:
    """Return the title of the page."""
    return f"Continue with {provider.capitalize()}"


def oauth_body(content: Content) -> Markup:
    """Return the body of the page."""
    intro = Markup(
        "<p>This page of the emulator stands in for the provider. Choose who you are there.</p>\n"
    )
    parts = [intro, _people(content)]
    if content.takes_new:
        parts.append(_new_user(content))
    return Markup("\n").join(parts)


def _people(content: Content) -> Markup:
    if not content.people:
        return Markup("<p>There are no users yet.</p>")
    items = Markup("\n").join(
        Markup(
            '<li><div><b>{0}</b> <span class="badge {1}">{1}</span><br>'
            '<span class="muted">{2}</span></div>'
            '<button type="submit" name="{3}" value="{4}">Continue as {0}</button></li>'
        ).format(
            person.label,
            person.user.status,
            person.user.email or "no email",
            USER_FIELD,
            person.user.id,
        )
        for person in content.people
    )
    return _form(content, Markup('<ul class="cards">\n{}\n</ul>').format(items))


def _new_user(content: Content) -> Markup:
    entries = content.entries
    fields = [text_field(entries, EMAIL_FIELD, "Email", 'type="email" required')]
    if content.needs_consent:
        fields.append(
            Markup(
                '<p><input type="checkbox" id="{0}" name="{0}" value="true" required>'
                ' <label for="{0}">I accept the terms</label></p>'
            ).format(CONSENT_FIELD)
        )
    fields.append(Markup('<button type="submit">Continue with this email</button>'))
    return Markup("<h2>Someone else</h2>\n") + _form(content, Markup().join(fields))


def _form(content: Content, fields: Markup) -> Markup:
    return Markup('<form method="post" action="{}">\n{}{}</form>').format(
        content.action, hidden(STATE_PARAMETER, content.state), fields
    )
