"""Whole processes, from start to exit, compared with one that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from mmap import PAGESIZE
from pathlib import Path
from statistics import median

from figure import Figure, at_most
from issuer import running_issuer
from stopwatch import difference, interleaved

import torii_backend

_IMPORT = "from torii_backend import verify_token"
_PROGRAMS = {
    "bare": "pass",
    "import": _IMPORT,
    "token": """
import sys
from torii_backend import Verifier
issuer, jwks, token = sys.argv[1:]
Verifier(issuer, jwks=jwks).verify(token)
""",
    "PyJWT": """
import sys
import json
import jwt
issuer, jwks, token = sys.argv[1:]
key = jwt.PyJWK(json.loads(jwks)["keys"][0])
jwt.decode(token, key, algorithms=["ES256"], issuer=issuer)
""",
    "joserfc": """
import sys
import json
from joserfc import jwt
from joserfc.jwk import ECKey
issuer, jwks, token = sys.argv[1:]
key = ECKey.import_key(json.loads(jwks)["keys"][0])
claims = jwt.decode(token, key, algorithms=["ES256"]).claims
jwt.JWTClaimsRegistry(iss={"essential": True, "value": issuer}).validate(claims)
""",
}
_RESIDENT = 'print(open("/proc/self/statm").read().split()[1])'
# The folder of the package under test, so that each process imports the same one.
_HOME = Path(torii_backend.__file__).parents[1]
# Bytecode is kept between runs, as for an installed package.
_ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
}


def measure(*, quick: bool) -> list[Figure]:
    """Time programs, alternating: an import, and a first verified token."""
    rounds = 15 if quick else 31
    with running_issuer() as issuer:
        arguments = (issuer.url, issuer.jwks, next(issuer.tokens()))
        steps = {name: partial(run_program, code, *arguments) for name, code in _PROGRAMS.items()}
        # Once before, so that all bytecode exists.
        interleaved(steps, 1)
        seconds = interleaved(steps, rounds)
    above = {name: difference(spent, seconds["bare"]) * 1e3 for name, spent in seconds.items()}
    return [
        Figure("start: bare Python, whole process", f"{median(seconds['bare']) * 1e3:.1f} ms"),
        at_most("start: import verify_token, above bare", above["import"], 45, "ms"),
        _memory_of_import(),
        at_most("start: to first token, seeded keys, above bare", above["token"], 60, "ms"),
        Figure("start: to first token, PyJWT, above bare", f"{above['PyJWT']:.2f} ms"),
        Figure("start: to first token, joserfc, above bare", f"{above['joserfc']:.2f} ms"),
    ]


def _memory_of_import() -> Figure:
    what = "start: import verify_token, memory above bare"
    if not Path("/proc/self/statm").exists():
        return Figure(what, "not measured: needs /proc")
    bare, imported = (
        median(int(run_program(f"{code}\n{_RESIDENT}")) for _ in range(5))
        for code in ("pass", _IMPORT)
    )
    return at_most(what, (imported - bare) * PAGESIZE / 2**20, 16, "MiB")


def run_program(code: str, *arguments: str) -> str:
    """Run a program in a new interpreter and return what it prints."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(  # noqa: S603
        command, check=True, stdout=subprocess.PIPE, text=True, cwd=_HOME, env=_ENVIRONMENT
    ).stdout
