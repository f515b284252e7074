"""The arguments of commands that take an app: APP, or `--settings` for Django."""

from __future__ import annotations

import argparse
import os

DJANGO_SETTINGS = "DJANGO_SETTINGS_MODULE"


def add_app_arguments(parser: argparse.ArgumentParser) -> None:
    """Add APP and `--settings`."""
    parser.add_argument(
        "app",
        metavar="APP",
        nargs="?",
        help="module:attribute or module:function(), such as app.main:app; not needed with Django",
    )
    parser.add_argument(
        "--settings", metavar="MODULE", help=f"Django's settings (default: {DJANGO_SETTINGS})"
    )


def set_django_settings(arguments: argparse.Namespace) -> None:
    """Let `--settings` win over the environment."""
    if arguments.settings:
        os.environ[DJANGO_SETTINGS] = arguments.settings
