from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from torii_backend.asgi import AuthMiddleware


async def me(request):
    return JSONResponse({"user_id": request.state.auth.user_id})


app = Starlette(
    routes=[Route("/me", me)],
    middleware=[Middleware(AuthMiddleware, issuer="https://acme.torii.so")],
)
