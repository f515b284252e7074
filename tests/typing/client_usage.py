"""Managing users over the REST API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import date, datetime, timezone
from typing import Any, Optional, Union
from uuid import UUID

import requests
from msgspec import UNSET, Struct
from typing_extensions import assert_type

from torii_backend import (
    AsyncToriiClient,
    ConfigurationError,
    ToriiApiError,
    ToriiClient,
    ToriiConnectionError,
    ToriiError,
    ToriiTimeout,
    ToriiUpdateUserInput,
    create_async_torii_client,
    create_torii_client,
)
from torii_backend.client import (
    AllowedOrigins,
    ApiResponse,
    AsyncPageIterator,
    BadRequest,
    Conflict,
    Forbidden,
    ImpersonationToken,
    InvalidResponse,
    Invitation,
    InvitationDetail,
    NotFound,
    Organization,
    OrganizationMember,
    Page,
    PageIterator,
    PaymentRequired,
    RateLimited,
    ServerError,
    Session,
    Unauthorized,
    User,
    UserOrganization,
)


class Badge(Struct):
    """An answer that the package does not know yet."""

    number: int


def making() -> None:
    assert_type(create_torii_client(), ToriiClient)
    assert_type(
        create_torii_client(secret_key="sk_test_1", api_url="https://a.example"), ToriiClient
    )
    assert_type(ToriiClient("sk_test_1", timeout=10, max_retries=0, pool_size=8), ToriiClient)
    assert_type(create_async_torii_client(timeout=(1, 2.5)), AsyncToriiClient)
    ToriiClient(session=requests.Session())
    with create_torii_client() as torii:
        assert_type(torii, ToriiClient)
    assert_type(torii.close(), None)
    create_torii_client(secretkey="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    create_torii_client("sk_test_1", "https://a.example")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    create_torii_client(timeout="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def managing_users(torii: ToriiClient, user_id: Union[str, UUID]) -> None:
    assert_type(torii.users.get(user_id), User)
    assert_type(torii.users.create(email="x@y.com"), User)
    assert_type(torii.users.create(date_of_birth=date(1815, 12, 10), public_metadata={}), User)
    assert_type(torii.users.update(user_id, name="Ada", phone=None), User)
    assert_type(torii.users.update(user_id, date_of_birth="1815-12-10", locale=UNSET), User)
    patch = ToriiUpdateUserInput(name="Ada", phone=None)
    assert_type(torii.users.update(user_id, patch), User)
    assert_type(torii.users.update_metadata(user_id, private_metadata={"crm": None}), User)
    assert_type(torii.users.delete(user_id), None)
    assert_type(torii.users.ban(user_id), User)
    assert_type(torii.users.unban(user_id, timeout=2), User)
    assert_type(torii.users.organizations(user_id, limit=5), Page[UserOrganization])


def finding_users(torii: ToriiClient, user_id: str) -> None:
    page = torii.users.list(limit=50, user_ids=[user_id, UUID(int=1)], statuses=("active",))
    assert_type(page, Page[User])
    assert_type(page.items, tuple[User, ...])
    assert_type(page.next_cursor, Optional[str])
    assert_type(page.has_more, bool)
    torii.users.list(cursor=page.next_cursor, name=None, created_after=datetime.now(timezone.utc))
    walk = torii.users.iterate(email="@y.com", cursor=page.next_cursor)
    assert_type(walk, PageIterator[User])
    assert_type(walk.cursor, Optional[str])
    iterator: Iterator[User] = walk
    assert_type(next(iterator), User)
    assert_type(torii.users.iterate_organizations(user_id), PageIterator[UserOrganization])
    assert_type([user.email for user in torii.users.iterate()], list[Optional[str]])


def the_other_resources(torii: ToriiClient, id_: str) -> None:
    assert_type(torii.sessions.list_for_user(id_), list[Session])
    assert_type(torii.sessions.revoke(id_, id_), None)
    assert_type(torii.sessions.revoke_all_for_user(id_), None)
    assert_type(torii.organizations.list(name="a"), Page[Organization])
    assert_type(torii.organizations.iterate(), PageIterator[Organization])
    assert_type(torii.organizations.get(id_), Organization)
    assert_type(torii.organizations.update_metadata(id_, public_metadata={}), Organization)
    assert_type(torii.organizations.members(id_), Page[OrganizationMember])
    assert_type(torii.organizations.iterate_members(id_), PageIterator[OrganizationMember])
    assert_type(torii.organizations.update_member_metadata(id_, id_), OrganizationMember)
    assert_type(torii.invitations.list(status=["PENDING"]), Page[Invitation])
    assert_type(torii.invitations.iterate(status="PENDING"), PageIterator[Invitation])
    assert_type(torii.invitations.create("x@y.com", expires_in_days=7), Invitation)
    assert_type(torii.invitations.get(id_), InvitationDetail)
    assert_type(torii.invitations.update_metadata(id_, public_metadata={}), InvitationDetail)
    assert_type(torii.invitations.resend(id_), Invitation)
    assert_type(torii.invitations.revoke(id_), None)
    assert_type(
        torii.impersonation.create_token(id_, actor_user_id=id_, reason="support"),
        ImpersonationToken,
    )
    assert_type(torii.allowed_origins.get(), AllowedOrigins)
    assert_type(torii.allowed_origins.set(["capacitor://localhost"]), AllowedOrigins)


def reading(user: User, session: Session, member: OrganizationMember) -> None:
    assert_type(user.id, str)
    assert_type(user.status, str)
    assert_type(user.created_at, datetime)
    assert_type(user.email_verified_at, Optional[datetime])
    assert_type(user.public_metadata, dict[str, Any])
    assert_type(user.first_name, Optional[str])
    assert_type(session.last_used_at, datetime)
    assert_type(member.role, str)
    user.status = "banned"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


async def awaiting(torii: AsyncToriiClient, user_id: str) -> None:
    async with create_async_torii_client() as mine:
        assert_type(mine, AsyncToriiClient)
    assert_type(await torii.users.get(user_id), User)
    assert_type(await torii.users.list(limit=50), Page[User])
    assert_type(await torii.users.delete(user_id), None)
    walk = torii.users.iterate()
    assert_type(walk, AsyncPageIterator[User])
    assert_type(walk.cursor, Optional[str])
    iterator: AsyncIterator[User] = walk
    assert_type(await iterator.__anext__(), User)
    assert_type([user async for user in torii.users.iterate(name="a")], list[User])
    assert_type(await torii.sessions.list_for_user(user_id), list[Session])
    assert_type(await torii.with_raw_response.users.get(user_id), ApiResponse[User])
    assert_type(await torii.request("GET", "/badges/1", into=Badge), Badge)
    assert_type(await torii.request("GET", "/badges/1"), Any)
    raw = torii.with_raw_response
    assert_type(await raw.request("GET", "/badges/1", into=Badge), ApiResponse[Badge])
    assert_type(await raw.request("GET", "/badges/1"), ApiResponse[Any])
    both = await asyncio.gather(torii.users.get(user_id), torii.users.list())
    assert_type(both, tuple[User, Page[User]])
    assert_type(await torii.aclose(), None)
    forgotten = torii.users.get(user_id)
    assert_type(forgotten.email, Optional[str])  # type: ignore[attr-defined, assert-type]  # pyright: ignore[reportAttributeAccessIssue, reportAssertTypeFailure, reportUnknownMemberType]
    list(torii.users.iterate())  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]


def raw_answers(torii: ToriiClient, user_id: str) -> None:
    answer = torii.with_raw_response.users.get(user_id)
    assert_type(answer, ApiResponse[User])
    assert_type(answer.status, int)
    assert_type(answer.headers, Mapping[str, str])
    assert_type(answer.body, bytes)
    assert_type(answer.value, User)
    assert_type(torii.with_raw_response.users.delete(user_id).value, None)
    assert_type(torii.with_raw_response.sessions.list_for_user(user_id).value, list[Session])
    assert_type(torii.request("GET", "/badges/1", into=Badge), Badge)
    assert_type(torii.request("POST", "/users/search", into=Page[User], body={}), Page[User])
    assert_type(torii.request("GET", "/counts", into=dict[str, int]), dict[str, int])
    assert_type(torii.request("DELETE", "/badges/1", into=type(None)), None)
    torii.request("PUT", "/badges/1", query={"a": "b", "c": ["d", "e"]}, body=Badge(1), timeout=3)
    assert_type(torii.request("GET", "/badges/1"), Any)
    assert_type(torii.request("GET", "/badges/1")["name"], Any)
    raw = torii.with_raw_response.request("GET", "/badges/1")
    assert_type(raw, ApiResponse[Any])
    assert_type(torii.with_raw_response.request("GET", "/b", into=Badge), ApiResponse[Badge])
    torii.with_raw_response.users.iterate()  # type: ignore[arg-type]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


def mistakes(torii: ToriiClient, user_id: str) -> None:
    torii.users.update(user_id, frist_name="Ada")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    torii.users.update(name="Ada")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    torii.users.update(user_id, {"name": "Ada"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    torii.users.update(user_id, unsafe_metadata=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    torii.users.create("x@y.com")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    torii.users.create(email=7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    torii.users.get(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    torii.users.list(50)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    torii.users.list(user_ids=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    torii.users.bann(user_id)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    torii.sessions.revoke(user_id)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    torii.impersonation.create_token(user_id, reason="support")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    ToriiUpdateUserInput("Ada")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    ToriiUpdateUserInput(frist_name="Ada")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def handling(torii: ToriiClient, user_id: str) -> Optional[User]:
    try:
        return torii.users.ban(user_id)
    except (NotFound, Forbidden) as error:
        assert_type(error.status, int)
        return None
    except RateLimited as error:
        assert_type(error.retry_after, Optional[float])
        raise
    except (BadRequest, Unauthorized, PaymentRequired, Conflict, ServerError) as error:
        assert_type(error.code, Optional[str])
        raise
    except InvalidResponse as error:
        assert_type(error.body, Any)
        raise
    except ToriiApiError as error:
        assert_type(error.support_id, Optional[str])
        assert_type(error.request_id, Optional[str])
        raise
    except (ToriiTimeout, ToriiConnectionError):
        raise
    except ConfigurationError as error:
        assert_type(error, ConfigurationError)
        raise
    except ToriiError:
        raise
