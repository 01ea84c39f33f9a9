"""Commands that labctl prints, as a person pastes them into a shell."""

import json
import os
import re
import subprocess

import pytest

from common import KEYS, Lab, client

PASSWORDS = ["Another-Horse-2-Battery", "$`'\"\\\\5aA%s", "Übungs3Meister-ß"]


@pytest.fixture
def lab():
    """A lab whose student has a password that an older version of labctl set."""
    lab = Lab(STUDENT_PASSWORD="Correct-Horse-1-Battery")
    try:
        file = lab.folder / "lab.yaml"
        email = "- email: student@example.com"
        file.write_text(file.read_text().replace(email, f"{email}\n      password_env: STUDENT_PASSWORD"))
        lab.run("up", "--local")
        state = lab.folder / ".labctl/cognito-authorizer/state.json"
        steps = json.loads(state.read_text())
        steps["steps"]["password.student@example.com"]["output"] = {}
        state.write_text(json.dumps(steps))
        lab.run("trust")
        yield lab
    finally:
        lab.close()


@pytest.mark.parametrize("password", PASSWORDS)
def test_the_command_that_sets_a_password(lab, password):
    lab.environment["STUDENT_PASSWORD"] = password
    command = re.search(r"`(printf .*? aws cognito-idp .*?stdin)`", lab.run("up", "--local"))[1]
    status = lab.json("status")
    environment = {**KEYS, "PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8",
                   "AWS_ENDPOINT_URL": status["endpoint"], "STUDENT_PASSWORD": password}
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    cognito = client("cognito-idp", status["endpoint"], signed=False)
    answer = cognito.initiate_auth(
        ClientId=status["outputs"]["client_id"], AuthFlow="USER_AUTH", AuthParameters={
            "USERNAME": "student@example.com", "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": password})
    assert answer["AuthenticationResult"]["AccessToken"]
