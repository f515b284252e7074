from torii_backend.wsgi import AuthMiddleware


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["torii.auth"].user_id.encode()]


app = AuthMiddleware(application, issuer="https://acme.torii.so")
