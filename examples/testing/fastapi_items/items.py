"""A FastAPI app with a user table of its own, superusers, and items that belong to someone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException
from pydantic import BaseModel

from torii_backend import Auth
from torii_backend.fastapi import require_auth

signed_in = require_auth(issuer="https://acme.torii.so")

SCHEMA = """
create table if not exists user (id integer primary key, torii_id text unique, is_superuser integer default 0);
create table if not exists item (id integer primary key, title text, owner integer references user);
"""


def connect(path: str = "items.db") -> sqlite3.Connection:
    """Open the database, with its tables."""
    database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    database.row_factory = sqlite3.Row
    database.executescript(SCHEMA)
    return database


def get_database() -> Iterator[sqlite3.Connection]:
    """Give each request a connection."""
    database = connect()
    yield database
    database.close()


Database = Annotated[sqlite3.Connection, Depends(get_database)]


def get_current_user(auth: Annotated[Auth, Depends(signed_in)], database: Database) -> sqlite3.Row:
    """Return the row of the user who is signed in; it is created with the first request."""
    database.execute("insert or ignore into user (torii_id) values (?)", [auth.user_id])
    query = "select * from user where torii_id = ?"
    row: sqlite3.Row = database.execute(query, [auth.user_id]).fetchone()
    return row


CurrentUser = Annotated[sqlite3.Row, Depends(get_current_user)]


def get_superuser(user: CurrentUser) -> sqlite3.Row:
    """Return the user, who must be a superuser."""
    if not user["is_superuser"]:
        raise HTTPException(403, "The user doesn't have enough privileges")
    return user


class NewItem(BaseModel):
    """What a client sends to create an item."""

    title: str


items = APIRouter(prefix="/items")
users = APIRouter(prefix="/users")


@items.get("/")
def list_items(user: CurrentUser, database: Database) -> list[dict[str, Any]]:
    """List the items of a user; those of all for a superuser."""
    query = "select * from item where ? or owner = ? order by id"
    return [dict(row) for row in database.execute(query, [user["is_superuser"], user["id"]])]


@items.post("/", status_code=201)
def create_item(item: NewItem, user: CurrentUser, database: Database) -> dict[str, Any]:
    """Create an item."""
    query = "insert into item (title, owner) values (?, ?)"
    made = database.execute(query, [item.title, user["id"]])
    return {"id": made.lastrowid, "title": item.title, "owner": user["id"]}


@items.delete("/{item_id}", status_code=204)
def delete_item(item_id: int, user: CurrentUser, database: Database) -> None:
    """Delete an item of one's own."""
    item = database.execute("select * from item where id = ?", [item_id]).fetchone()
    if item is None:
        raise HTTPException(404, "Item not found")
    if item["owner"] != user["id"] and not user["is_superuser"]:
        raise HTTPException(403, "Not enough permissions")
    database.execute("delete from item where id = ?", [item_id])


@users.get("/me")
def read_me(user: CurrentUser) -> dict[str, Any]:
    """Return the user's own row."""
    return dict(user)


@users.get("/", dependencies=[Depends(get_superuser)])
def list_users(database: Database) -> list[dict[str, Any]]:
    """List all users."""
    return [dict(row) for row in database.execute("select * from user order by id")]


app = FastAPI()
app.include_router(items)
app.include_router(users)


@app.get("/health")
def health() -> dict[str, bool]:
    """Tell the load balancer that the app is up."""
    return {"ok": True}
