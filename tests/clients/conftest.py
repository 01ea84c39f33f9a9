"""A lab on the twin, with a second user who has a password, for clients that others wrote."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
NODE = ROOT / "target/clients/node"
sys.path.insert(0, str(HERE.parent / "outside"))

from common import KEYS, REGION, Lab, client  # noqa: E402

PASSWORD = "Str0ng-Passw0rd!"
FLOWS = ["ALLOW_USER_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


@pytest.fixture(scope="session")
def twin():
    """A running labctl folder."""
    lab = Lab()
    try:
        lab.run("up", "--local")
        yield lab
    finally:
        lab.close()


@pytest.fixture(scope="session")
def lab(twin):
    """What a client has to know of the lab."""
    status = twin.json("status")
    endpoint, outputs = status["endpoint"], status["outputs"]
    cognito, pool = client("cognito-idp", endpoint), outputs["user_pool_id"]
    worker = "worker@example.com"
    cognito.admin_create_user(
        UserPoolId=pool, Username=worker, MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": worker}, {"Name": "email_verified", "Value": "true"}])
    cognito.admin_set_user_password(UserPoolId=pool, Username=worker, Password=PASSWORD, Permanent=True)
    app = cognito.create_user_pool_client(UserPoolId=pool, ClientName="passwords", ExplicitAuthFlows=FLOWS)
    password_client = app["UserPoolClient"]["ClientId"]
    tokens = client("cognito-idp", endpoint, signed=False).initiate_auth(
        ClientId=password_client, AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": worker, "PASSWORD": PASSWORD})["AuthenticationResult"]
    return {
        "endpoint": endpoint, "account": KEYS["AWS_ACCESS_KEY_ID"], "region": REGION, "pool": pool,
        "client": outputs["client_id"], "passwordClient": password_client, "api": outputs["api_id"],
        "url": outputs["invoke_url"], "email": "student@example.com", "worker": worker, "password": PASSWORD,
        "tokens": {"access": tokens["AccessToken"], "id": tokens["IdToken"]},
    }


@pytest.fixture
def node(lab):
    """Runs one of the scripts here with Node.js; its modules are below target/."""

    def run(script):
        for file in HERE.glob("*.mjs"):
            shutil.copy(file, NODE)
        done = subprocess.run(
            ["node", script], cwd=NODE, capture_output=True, text=True, timeout=120,
            env={"PATH": os.environ["PATH"], "HOME": str(NODE), "LAB": json.dumps(lab)})
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"

    return run
