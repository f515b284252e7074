"""A Flask app made by a factory: posts, followers and a feed of one's own."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Blueprint, Flask, abort, current_app, g, request

from torii_backend.flask import Torii

SCHEMA = """
create table if not exists post (id integer primary key, author text, body text);
create table if not exists follower (follower text, followed text, unique (follower, followed));
"""

blog = Blueprint("blog", __name__)


def database() -> sqlite3.Connection:
    """Return the database of the app."""
    connection: sqlite3.Connection = current_app.extensions["database"]
    return connection


@blog.get("/health")
def health() -> str:
    """Tell the load balancer that the app is up."""
    return "ok"


@blog.get("/feed")
def feed() -> list[dict[str, Any]]:
    """List the posts of the user and of those whom they follow, the newest first."""
    query = """
        select author, body from post
        where author = :me or author in (select followed from follower where follower = :me)
        order by id desc
    """
    return [dict(row) for row in database().execute(query, {"me": g.auth.user_id})]


@blog.post("/posts")
def write() -> tuple[dict[str, str], int]:
    """Write a post."""
    body = (request.get_json(silent=True) or {}).get("body", "")
    if not 1 <= len(body) <= 140:
        abort(422)
    database().execute("insert into post (author, body) values (?, ?)", [g.auth.user_id, body])
    return {"author": g.auth.user_id, "body": body}, 201


@blog.put("/users/<user_id>/follow")
def follow(user_id: str) -> tuple[str, int]:
    """Follow another user."""
    if user_id == g.auth.user_id:
        abort(409)
    query = "insert or ignore into follower values (?, ?)"
    database().execute(query, [g.auth.user_id, user_id])
    return "", 204


def create_app(path: str = "microblog.db") -> Flask:
    """Make the app."""
    app = Flask(__name__)
    app.config["TORII_ISSUER"] = "https://acme.torii.so"
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.executescript(SCHEMA)
    app.extensions["database"] = connection
    Torii(app, exempt=["/health"])
    app.register_blueprint(blog)
    return app
