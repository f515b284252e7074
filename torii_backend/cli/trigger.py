"""The command `trigger`: send a signed event to a receiver, and print what it responds."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any, Optional

from torii_backend.errors import ConfigurationError
from torii_backend.settings import refuse_live_key

if TYPE_CHECKING:
    from torii_backend.emulator import DeliveryAttempt


def configure(parser: argparse.ArgumentParser) -> None:
    """Set up the parser."""
    parser.description = (
        "Send a signed event to your receiver, and print its response. The exit code is 1 unless the "
        "status is 200 to 299."
    )
    parser.add_argument("type", metavar="TYPE", help="type of the event, such as user.deleted")
    parser.add_argument("--to", metavar="URL", required=True, help="where to send it, on loopback")
    parser.add_argument(
        "--data",
        metavar="JSON",
        help="data of the event (default: an object with the id of a user)",
    )
    parser.add_argument(
        "--secret",
        help="secret that signs it, whsec_… (default: TORII_WEBHOOK_SECRET, which is safer, as other "
        "users of a machine may see your command line)",
    )
    parser.add_argument(
        "--allow-remote", action="store_true", help="allow a URL on another machine"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Send the event. Return the exit code."""
    refuse_live_key("torii trigger")
    attempt = _send(arguments)
    sys.stdout.write(_as_json(attempt) if arguments.json else _as_text(attempt))
    return 0 if attempt.succeeded() else 1


def _send(arguments: argparse.Namespace) -> DeliveryAttempt:
    from torii_backend.emulator.webhooks.delivery import make_event
    from torii_backend.emulator.webhooks.post import require_url, send_delivery
    from torii_backend.emulator.webhooks.schedule import Job
    from torii_backend.events.signing_keys import split_secrets
    from torii_backend.events.webhook import environment_secret

    secrets = split_secrets(environment_secret() if arguments.secret is None else arguments.secret)
    if isinstance(secrets, str):
        raise ConfigurationError(secrets)
    try:
        url = require_url("--to", arguments.to, allow_remote=arguments.allow_remote)
        job = Job(url, make_event(arguments.type, _data(arguments.data)))
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    return send_delivery(url, job.event, delivery_id=job.id, secrets=secrets)


def _data(text: Optional[str]) -> Any:
    import msgspec

    from torii_backend.emulator.tokens import DEFAULT_USER_ID

    if text is None:
        return {"id": DEFAULT_USER_ID}
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise ConfigurationError("""--data must be JSON, such as '{"id": "user_ada"}'.""") from None


def _as_text(attempt: DeliveryAttempt) -> str:
    if attempt.status is None:
        return f"No response: {attempt.problem}.\n"
    # Control characters could change what a terminal shows.
    body = "".join(
        each if each.isprintable() or each in "\n\t" else "?" for each in attempt.response
    )
    return f"{attempt.status} in {attempt.seconds * 1000:.0f} ms\n{body}".rstrip() + "\n"


def _as_json(attempt: DeliveryAttempt) -> str:
    document = {
        "status": attempt.status,
        "body": attempt.response,
        "seconds": attempt.seconds,
        "problem": attempt.problem,
    }
    return json.dumps(document) + "\n"
