"""A federated sign-in all the way, without a browser: what an app and its user's browser do, step by step.

    python3 sign_in.py    needs labctl on the PATH, the lab up, and the provider of this lab
"""

import base64
import hashlib
import json
import re
import secrets
import subprocess
import urllib.error
import urllib.parse
import urllib.request

CALLBACK = "http://localhost:8000/"
SCOPES = "openid email profile aws.cognito.signin.user.admin"


class Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: each is looked at."""

    def redirect_request(self, *_):
        return None


def ask(url, form=None, token=None):
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    headers = {"Authorization": token} if token else {}
    request = urllib.request.Request(url, data, headers)
    try:
        return urllib.request.build_opener(Stay).open(request)
    except urllib.error.HTTPError as answer:
        return answer


def parameters(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


status = subprocess.run(["labctl", "status", "--json"], capture_output=True, text=True, check=True)
outputs = json.loads(status.stdout)["outputs"]
domain, client = outputs["login_url"], outputs["client_id"]

# PKCE: who has the code without the verifier has nothing.
verifier = secrets.token_urlsafe(48)
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
query = urllib.parse.urlencode({
    "response_type": "code", "client_id": client, "redirect_uri": CALLBACK, "scope": SCOPES, "state": "here-again",
    "identity_provider": "Corporate", "code_challenge": challenge, "code_challenge_method": "S256"})
answer = ask(f"{domain}/oauth2/authorize?{query}")
at_provider = answer.headers["Location"]
print(f"1  Cognito sends the user to   {at_provider.partition('?')[0]}")

page = ask(at_provider).read().decode()
action = re.search(r'action="([^"]*)"', page)[1].replace("&amp;", "&")
answer = ask(urllib.parse.urljoin(at_provider, action), {"who": "ada"})
back = answer.headers["Location"]
print(f"2  the provider sends her to   {urllib.parse.urlsplit(back).path[-19:]}")

answer = ask(back)
callback = answer.headers["Location"]
print(f"3  Cognito sends her to        {callback.partition('?')[0]}  with state {parameters(callback)['state']}")

form = {"grant_type": "authorization_code", "client_id": client, "redirect_uri": CALLBACK,
        "code": parameters(callback)["code"], "code_verifier": verifier}
tokens = json.load(ask(f"{domain}/oauth2/token", form))
payload = tokens["id_token"].split(".")[1]
claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
print(f"4  the app has tokens of       {claims['cognito:username']}, {claims['name']}, {claims['email']}")

answer = ask(outputs["invoke_url"], token=tokens["access_token"])
print(f"5  GET /demo                   {answer.status} {answer.read().decode()}")
