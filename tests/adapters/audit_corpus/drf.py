"""Hard routes of REST framework, without our middleware."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.urls import path
from django.utils.decorators import method_decorator
from rest_framework import permissions, viewsets
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.decorators import action, api_view, permission_classes
from rest_framework.response import Response
from rest_framework.routers import APIRootView, SimpleRouter
from rest_framework.urlpatterns import format_suffix_patterns
from rest_framework.views import APIView

from torii_backend.django import RequireAuthMixin, public, require_auth
from torii_backend.drf import RequirePolicy, ToriiAuthentication

USER = permissions.IsAuthenticated
POLICY: Any = RequirePolicy()


class Needing(ToriiAuthentication):
    auth_options = {"required": True}  # noqa: RUF012


class NeedingNotHere(ToriiAuthentication):
    auth_options = {"required": True, "exempt": ["/needing-exempt"]}  # noqa: RUF012


class OwnAuthentication(ToriiAuthentication):
    def authenticate(self, request: Any) -> Any:
        return super().authenticate(request)


class ByKey(BaseAuthentication):
    def authenticate(self, request: Any) -> Any:  # noqa: ARG002
        return None


class OwnPermission(permissions.BasePermission):
    def has_permission(self, request: Any, view: Any) -> bool:  # noqa: ARG002
        return True


class OfObjects(permissions.BasePermission):
    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:  # noqa: ARG002
        return False


class Stricter(permissions.IsAuthenticated):
    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:  # noqa: ARG002
        return False


class Forgetting(permissions.IsAuthenticated):
    def __init__(self) -> None:
        self.has_permission = lambda *_: True  # type: ignore[method-assign]


class PreflightOnly(ToriiAuthentication):
    def is_open_preflight(self, request: Any) -> bool:  # noqa: ARG002
        return True


class Api(APIView):
    authentication_classes: Any = (ToriiAuthentication,)
    permission_classes: Any = ()

    def get(self, _: Any, **__: Any) -> Response:
        return Response({})

    post = get


class OwnPermissions(Api):
    permission_classes = (USER,)

    def get_permissions(self) -> list[Any]:
        return []


class OwnPermissionsBehindGuard(RequireAuthMixin, OwnPermissions):  # type: ignore[misc]
    pass


class OwnAuthenticators(Api):
    permission_classes = (POLICY,)

    def get_authenticators(self) -> list[Any]:
        return [ToriiAuthentication()]


class Forgiving(Api):
    permission_classes = (POLICY,)

    def permission_denied(self, *_: Any, **__: Any) -> Any:
        return None


class ByProperty(Api):
    @property
    def permission_classes(self) -> Any:  # type: ignore[override]
        return [] if self.request.method == "GET" else [USER]


class SetUp(Api):
    permission_classes: Any = (POLICY,)

    def setup(self, *args: Any, **kwargs: Any) -> None:
        super().setup(*args, **kwargs)
        self.permission_classes = ()


class AnyAttribute(Api):
    permission_classes: Any = (POLICY,)

    def __getattribute__(self, name: str) -> Any:
        return () if name == "permission_classes" else super().__getattribute__(name)


class OwnDispatch(Api):
    permission_classes = (POLICY,)

    def dispatch(self, *args: Any, **kwargs: Any) -> Any:
        return super().dispatch(*args, **kwargs)


class GuardedPost(Api):
    post = method_decorator(require_auth)(Api.get)


class Rows(viewsets.ViewSet):
    authentication_classes = (ToriiAuthentication,)
    permission_classes: Any = (RequirePolicy(role="admin"),)

    def list(self, _: Any, **__: Any) -> Response:
        return Response({})

    create = destroy = list  # noqa: A003

    @action(detail=False, permission_classes=[permissions.AllowAny])
    def shown(self, _: Any, **__: Any) -> Response:
        return Response({})

    @action(detail=True, permission_classes=[USER])
    def own(self, _: Any, **__: Any) -> Response:
        return Response({})

    @own.mapping.delete
    def clear(self, _: Any, **__: Any) -> Response:
        return Response({})


class GuardedRows(viewsets.ViewSet):
    permission_classes = ()

    @method_decorator(require_auth)
    def list(self, _: Any) -> Response:
        return Response({})


class Unlisted(viewsets.ViewSet):
    """Its `post` answers at the URL of `list`, too."""

    permission_classes = ()

    @method_decorator(require_auth)
    def list(self, _: Any) -> Response:
        return Response({})

    def post(self, _: Any) -> Response:
        return Response({})


def function(_: Any) -> Response:
    return Response({})


def permitted(*classes: Any, by: Any = (ToriiAuthentication,)) -> Any:
    return Api.as_view(
        permission_classes=classes, authentication_classes=by, http_method_names=["get", "post"]
    )


router = SimpleRouter()
router.register("rows", Rows, basename="row")

urlpatterns = [
    path("open", Api.as_view()),
    path("user", permitted(USER)),
    path("stricter", permitted(Stricter)),
    path("forgetting", permitted(Forgetting)),
    path("preflight", permitted(POLICY, by=[PreflightOnly])),
    path("any-attribute", AnyAttribute.as_view()),
    path("staff", permitted(permissions.AllowAny, permissions.IsAdminUser)),
    path("model", permitted(permissions.DjangoModelPermissions)),
    path("model-read", permitted(permissions.DjangoModelPermissionsOrAnonReadOnly)),
    path("policy", permitted(RequirePolicy(organization="org_1"))),
    path("policy-session", permitted(POLICY, by=[ToriiAuthentication, SessionAuthentication])),
    path("policy-key", permitted(POLICY, by=[ToriiAuthentication, ByKey])),
    path("user-session", permitted(USER, by=[ToriiAuthentication, SessionAuthentication])),
    path("user-own", permitted(USER, by=[OwnAuthentication])),
    path("user-nobody", permitted(USER, by=[])),
    path("and", permitted(POLICY & permissions.AllowAny)),
    path("and-own", permitted(OwnPermission & USER)),
    path("or", permitted(POLICY | permissions.AllowAny)),
    path("or-both", permitted(POLICY | USER)),
    path("or-own", permitted(USER | OwnPermission)),
    path("not", permitted(~USER)),
    path("read-only", permitted(permissions.IsAuthenticatedOrReadOnly)),
    path("own", permitted(OwnPermission)),
    path("own-and-policy", permitted(OwnPermission, POLICY)),
    path("objects", permitted(OfObjects)),
    path("factory", permitted(partial(OwnPermission))),
    path("needing", permitted(by=[Needing])),
    path("needing-second", permitted(by=[ByKey, Needing])),
    path("needing-exempt", permitted(by=[NeedingNotHere])),
    path("own-permissions", OwnPermissions.as_view()),
    path("own-permissions-guarded", OwnPermissionsBehindGuard.as_view()),
    path("own-authenticators", OwnAuthenticators.as_view()),
    path("forgiving", Forgiving.as_view()),
    path("property", ByProperty.as_view()),
    path("setup", SetUp.as_view()),
    path("own-dispatch", OwnDispatch.as_view()),
    path("method", GuardedPost.as_view()),
    path("decorated", require_auth(Api.as_view())),
    path("public", public(Api.as_view())),
    path("function", api_view(["GET", "PUT"])(function)),
    path("function-user", api_view(["GET"])(permission_classes([POLICY])(function))),
    path("function-guarded", api_view(["GET"])(require_auth(function))),
    path("unlisted", Unlisted.as_view({"get": "list"})),
    path("given", GuardedRows.as_view({"get": "list"}, list=function)),
    path("root", APIRootView.as_view(api_root_dict={})),
    *format_suffix_patterns(router.urls),
]

TRUTH = {
    "GET /open": "open",
    "POST /open": "open",
    "GET /user": "guarded",
    "POST /user": "guarded",
    "GET /stricter": "guarded",
    "POST /stricter": "guarded",
    "GET /forgetting": "unknown",
    "POST /forgetting": "unknown",
    "GET /preflight": "unknown",
    "POST /preflight": "unknown",
    "GET /any-attribute": "unknown",
    "POST /any-attribute": "unknown",
    "GET /staff": "guarded",
    "POST /staff": "guarded",
    "GET /model": "guarded",
    "POST /model": "guarded",
    "GET /model-read": "unknown",
    "POST /model-read": "unknown",
    "GET /policy": "guarded",
    "POST /policy": "guarded",
    "GET /policy-session": "guarded",
    "POST /policy-session": "guarded",
    "GET /policy-key": "unknown",
    "POST /policy-key": "unknown",
    "GET /user-session": "unknown",
    "POST /user-session": "unknown",
    "GET /user-own": "unknown",
    "POST /user-own": "unknown",
    "GET /user-nobody": "guarded",
    "POST /user-nobody": "guarded",
    "GET /and": "guarded",
    "POST /and": "guarded",
    "GET /and-own": "guarded",
    "POST /and-own": "guarded",
    "GET /or": "open",
    "POST /or": "open",
    "GET /or-both": "guarded",
    "POST /or-both": "guarded",
    "GET /or-own": "unknown",
    "POST /or-own": "unknown",
    "GET /not": "open",
    "POST /not": "open",
    "GET /read-only": "open",
    "POST /read-only": "guarded",
    "GET /own": "unknown",
    "POST /own": "unknown",
    "GET /own-and-policy": "guarded",
    "POST /own-and-policy": "guarded",
    "GET /objects": "open",
    "POST /objects": "open",
    "GET /factory": "unknown",
    "POST /factory": "unknown",
    "GET /needing": "guarded",
    "POST /needing": "guarded",
    "GET /needing-second": "unknown",
    "POST /needing-second": "unknown",
    "GET /needing-exempt": "exempt",
    "POST /needing-exempt": "exempt",
    "GET /own-permissions": "unknown",
    "POST /own-permissions": "unknown",
    "GET /own-permissions-guarded": "guarded",
    "POST /own-permissions-guarded": "guarded",
    "GET /own-authenticators": "unknown",
    "POST /own-authenticators": "unknown",
    "GET /forgiving": "unknown",
    "POST /forgiving": "unknown",
    "GET /property": "unknown",
    "POST /property": "unknown",
    "GET /setup": "unknown",
    "POST /setup": "unknown",
    "* /own-dispatch": "unknown",
    "GET /method": "open",
    "POST /method": "guarded",
    "GET /decorated": "guarded",
    "POST /decorated": "guarded",
    "GET /public": "public",
    "POST /public": "public",
    "GET /function": "open",
    "PUT /function": "open",
    "GET /function-user": "guarded",
    "GET /function-guarded": "guarded",
    "GET /unlisted": "guarded",
    "POST /unlisted": "open",
    "GET /given": "open",
    "GET /^rows/$": "guarded",
    "POST /^rows/$": "guarded",
    r"GET /^rows\.(?P<format>[a-z0-9]+)/?$": "guarded",
    r"POST /^rows\.(?P<format>[a-z0-9]+)/?$": "guarded",
    "GET /^rows/shown/$": "open",
    r"GET /^rows/shown\.(?P<format>[a-z0-9]+)/?$": "open",
    "DELETE /^rows/(?P<pk>[^/.]+)/$": "guarded",
    r"DELETE /^rows/(?P<pk>[^/.]+)\.(?P<format>[a-z0-9]+)/?$": "guarded",
    "GET /^rows/(?P<pk>[^/.]+)/own/$": "guarded",
    "DELETE /^rows/(?P<pk>[^/.]+)/own/$": "guarded",
    r"GET /^rows/(?P<pk>[^/.]+)/own\.(?P<format>[a-z0-9]+)/?$": "guarded",
    r"DELETE /^rows/(?P<pk>[^/.]+)/own\.(?P<format>[a-z0-9]+)/?$": "guarded",
    "GET /root": "open",
}

SENT_TO = {
    "/^rows/$": "/rows/",
    r"/^rows\.(?P<format>[a-z0-9]+)/?$": "/rows.json",
    "/^rows/shown/$": "/rows/shown/",
    r"/^rows/shown\.(?P<format>[a-z0-9]+)/?$": "/rows/shown.json",
    "/^rows/(?P<pk>[^/.]+)/$": "/rows/1/",
    r"/^rows/(?P<pk>[^/.]+)\.(?P<format>[a-z0-9]+)/?$": "/rows/1.json",
    "/^rows/(?P<pk>[^/.]+)/own/$": "/rows/1/own/",
    r"/^rows/(?P<pk>[^/.]+)/own\.(?P<format>[a-z0-9]+)/?$": "/rows/1/own.json",
}

DETAILS = {
    "GET /user": "IsAuthenticated",
    "GET /policy": "organization='org_1'",
    "GET /policy-key": "RequirePolicy by ByKey",
    "GET /user-session": "IsAuthenticated by SessionAuthentication",
    "GET /or-own": "OwnPermission",
    "GET /needing-second": "ByKey is asked first",
    "GET /needing-exempt": "/needing-exempt",
    "GET /own-permissions": "get_permissions of OwnPermissions",
    "GET /property": "permission_classes of ByProperty",
}
