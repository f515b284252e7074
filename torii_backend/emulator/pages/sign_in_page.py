"""The sign-in page as HTML. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from torii_backend.client.models import Organization
from torii_backend.emulator.pages.fields import Entries, hidden, select, text_area, text_field
from torii_backend.emulator.people import Person
from torii_backend.emulator.tokens import DEFAULT_EXPIRES_IN

SIGN_IN_PATH = "/_emulator/sign-in"
_ADVANCED = ("userId", "organizationId", "role", "claims", "expiresIn")


class Content(NamedTuple):
    """What the page shows.

    Attributes:
        people: the users. The one who was chosen last comes first.
        last_choice: the id of the user who was chosen last in this browser, or empty.
        organizations: those that "Advanced" offers.
        redirect: the URL that the browser goes to afterwards, or empty.
        search: the text that is searched for.
        has_more: whether there are further users, whom only a search finds.
        entries: what was entered before, if it was invalid.
    """

    people: Sequence[Person]
    last_choice: str
    organizations: Sequence[Organization]
    redirect: str
    search: str = ""
    has_more: bool = False
    entries: Entries = Entries()


def sign_in_body(content: Content) -> Markup:
    """Return the body of the page."""
    parts = (_intro(content), _search(content), _users(content), _new_user(content))
    return Markup("\n").join([*parts, _advanced(content)])


def _intro(content: Content) -> Markup:
    if not content.redirect:
        return Markup("<p>This is a local Torii. Choose a user, no password is needed.</p>")
    return Markup("<p>This is a local Torii. Choose a user to go on to <b>{}</b>.</p>").format(
        content.redirect
    )


def _search(content: Content) -> Markup:
    if not content.search and not content.has_more:
        return Markup()
    return Markup(
        '<form action="{}" class="row">{}<div class="field">'
        '<label for="search">Search users by name or email</label>'
        '<input id="search" name="search" type="search" value="{}"></div>'
        '<button type="submit">Search</button></form>'
    ).format(SIGN_IN_PATH, hidden("redirect", content.redirect), content.search)


def _users(content: Content) -> Markup:
    heading = Markup("<h2>Users</h2>\n")
    if not content.people:
        text = "No user matches." if content.search else "There are no users yet. Create one below."
        return heading + Markup("<p>{}</p>").format(text)
    items = Markup("\n").join(_user(person, content.last_choice) for person in content.people)
    list_ = Markup('<ul class="cards">\n{}\n</ul>').format(items)
    if content.has_more:
        list_ += Markup("\n<p>There are more users. Search to find them.</p>")
    return heading + _form(content, list_)


def _user(person: Person, last_choice: str) -> Markup:
    user = person.user
    is_last = user.id == last_choice
    organizations = ", ".join(f"{each.name} ({each.role})" for each in person.organizations)
    return Markup(
        '<li><div><b>{}</b> <span class="badge {}">{}</span>{}<br>'
        '<span class="muted">{}<br>{}</span></div>'
        '<button type="submit" name="userId" value="{}"{}>Sign in as {}</button></li>'
    ).format(
        person.label,
        user.status,
        user.status,
        Markup(' <span class="badge">last choice</span>') if is_last else "",
        _email(person),
        organizations or "no organization",
        user.id,
        Markup(' class="plain"') if user.status != "active" else "",
        person.label,
    )


def _email(person: Person) -> str:
    if person.user.email is None:
        return "no email"
    is_verified = person.user.email_verified_at is not None
    return f"{person.user.email} ({'verified' if is_verified else 'not verified'})"


def _new_user(content: Content) -> Markup:
    entries = content.entries
    fields = (
        hidden("create", "user"),
        text_field(entries, "email", "Email", 'type="email" required'),
        text_field(entries, "firstName", "First name"),
        text_field(entries, "lastName", "Last name"),
        Markup('<button type="submit">Create and sign in</button>'),
    )
    return Markup("<h2>New user</h2>\n") + _form(content, Markup().join(fields))


def _advanced(content: Content) -> Markup:
    if not content.people:
        return Markup()
    entries = content.entries
    people = [(each.user.id, f"{each.label} ({each.user.status})") for each in content.people]
    organizations = [(each.id, each.name) for each in content.organizations]
    fields = (
        select(entries, "userId", "User", people),
        select(entries, "organizationId", "Organization", [("", "none"), *organizations]),
        text_field(
            entries,
            "role",
            "Role in the organization",
            hint="Gives the user this membership. Leave it empty to use the one that exists.",
        ),
        text_area(entries, "claims", "Extra claims, a JSON object", default="{}"),
        text_field(
            entries,
            "expiresIn",
            "Lifetime of access tokens, in seconds",
            'inputmode="numeric"',
            default=str(DEFAULT_EXPIRES_IN),
        ),
        Markup('<button type="submit">Sign in with these options</button>'),
    )
    is_open = Markup(" open") if any(name in entries.errors for name in _ADVANCED) else ""
    return Markup("<details{}>\n<summary>Advanced</summary>\n{}\n</details>").format(
        is_open, _form(content, Markup().join(fields))
    )


def _form(content: Content, fields: Markup) -> Markup:
    return Markup('<form method="post" action="{}">\n{}{}</form>').format(
        SIGN_IN_PATH, hidden("redirect", content.redirect), fields
    )
