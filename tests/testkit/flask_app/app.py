from flask import Flask, g

from torii_backend.flask import Torii, require_auth

app = Flask(__name__)
Torii(app, issuer="https://acme.torii.so")


@app.get("/me")
def me():
    return {"user_id": g.auth.user_id}


@app.get("/invoices")
@require_auth(role="admin", organization=True)
def invoices():
    return {"organization": g.auth.organization_id}
