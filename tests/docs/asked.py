"""Run by test_projects.py in the folder of a Django project: print how it answers a request each.

Arguments: the requests as JSON, `[[path, headers], ...]`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import django
from django.core.management import call_command
from django.test import Client

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
    sys.path.insert(0, str(Path.cwd()))
    django.setup()
    call_command("check", fail_level="WARNING", stdout=sys.stderr)
    client = Client(raise_request_exception=False)
    answers = [client.get(path, **headers) for path, headers in json.loads(sys.argv[1])]
    sys.stdout.write(
        json.dumps([(answer.status_code, answer.content.decode()) for answer in answers])
    )
