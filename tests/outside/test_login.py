"""Managed login in headless Chromium: `labctl login` begins it, a generator is set up on the page, labctl has the tokens."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import socket
import struct
import subprocess
import time
import unittest

from browser import Browser
from common import LABCTL, Lab, newest_code

PASSWORD = "Correct-Horse-1-Battery"
STUDENT = "student@example.com"


def code(secret):
    """What a generator shows now (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">q", int(time.time()) // 30), hashlib.sha1).digest()
    at = digest[19] & 15
    return "%06d" % ((struct.unpack(">I", digest[at:at + 4])[0] & 0x7FFFFFFF) % 1000000)


def lab_file(port):
    return f"""lab: login
region: us-east-1
functions:
  hello: {{ name: d-login-hello, runtime: python3.13, handler: lambda_function.lambda_handler, source: artifacts/hello }}
user_pool:
  name: d-login
  first_factors: [password]
  mfa: {{ totp: required }}
  domain: d-login-4711
  app_client: {{ name: d-login-app, type: spa, callback_urls: ["http://localhost:{port}/callback"] }}
  users:
    - {{ email: {STUDENT}, password_env: STUDENT_PASSWORD }}
api:
  name: d-login-api
  authorizers: {{ d-login-pool: {{ type: cognito }} }}
  routes:
    GET /demo: {{ function: hello, authorizer: d-login-pool, scopes: [openid], expect: Hello from Lambda! }}
  stage: dev
"""


@unittest.skipUnless(shutil.which("chromium"), "needs Debian's package chromium")
class Login(unittest.TestCase):
    def setUp(self):
        self.lab = Lab(STUDENT_PASSWORD=PASSWORD)
        self.addCleanup(self.lab.close)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        (self.lab.folder / "lab.yaml").write_text(lab_file(port))
        self.lab.run("up", "--local")
        self.login = subprocess.Popen(
            [LABCTL, "login", "--json"], cwd=self.lab.folder, env=self.lab.environment, stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(self.login.wait)
        self.addCleanup(self.login.stdout.close)
        self.addCleanup(self.login.kill)
        self.page = Browser(json.loads(self.login.stdout.readline())["url"])
        self.addCleanup(self.page.close)

    def look(self, name, width):
        """A picture of the page, for whoever sets LOGIN_PICTURES to a folder; nothing may be wider than the window."""
        self.page.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500
        )
        self.assertLessEqual(self.page.run("document.documentElement.scrollWidth"), width)
        if folder := os.environ.get("LOGIN_PICTURES"):
            picture = self.page.send("Page.captureScreenshot", format="png")["data"]
            with open(os.path.join(folder, f"{name}-{width}.png"), "wb") as file:
                file.write(base64.b64decode(picture))

    def looks(self, name):
        for width in (1280, 360):
            self.look(name, width)

    def submit(self, **fields):
        for name, value in fields.items():
            self.page.run(f"document.querySelector('[name={name}]').value = {json.dumps(value)}")
        self.page.events.clear()
        self.page.run("document.querySelector('button').click()")
        self.page.until("Page.loadEventFired")

    def heading(self):
        return self.page.run("document.querySelector('h1')?.textContent")

    def test_from_password_and_new_generator_to_tokens(self):
        page = self.page
        self.assertEqual(self.heading(), "Sign in")
        self.looks("begin")
        # The style counts, though the page may load nothing.
        self.assertEqual(page.run("getComputedStyle(document.querySelector('.card')).borderRadius"), "12px")
        self.submit(username=STUDENT, password="wrong")
        self.assertEqual(page.run("document.querySelector('[role=alert]').textContent"), "Incorrect username or password.")
        self.assertEqual(page.run("document.querySelector('[name=username]').value"), STUDENT)
        self.looks("wrong")
        self.submit(username=STUDENT, password=PASSWORD)
        self.assertEqual(self.heading(), "Set up your authenticator app")
        self.looks("set-up")
        secret = page.run("document.getElementById('secret').textContent")
        self.assertNotIn(secret, page.run("location.href"))
        # Scripts that get into the page do not run.
        page.run("const s = document.createElement('script'); s.textContent = 'window.got = 1'; document.body.append(s)")
        self.assertIsNone(page.run("window.got"))
        self.submit(code=code(secret))
        self.assertIn("Signed in as student@example.com", page.run("document.body.innerText"))
        self.look("end", 360)
        self.assertEqual(self.login.wait(timeout=30), 0)
        signed_in = json.loads(self.login.stdout.readline())
        self.assertEqual((signed_in["event"], signed_in["user"]), ("signed_in", STUDENT))
        self.assertEqual(self.lab.run("call", "GET", "/demo").strip(), "Hello from Lambda!")
        claims = json.loads(base64.urlsafe_b64decode(self.lab.run("token").split(".")[1] + "=="))
        self.assertEqual(claims["scope"], "openid email profile aws.cognito.signin.user.admin")

    def test_a_forgotten_password(self):
        page = self.page
        page.events.clear()
        page.run("document.querySelector('.links a').click()")
        page.until("Page.loadEventFired")
        self.assertEqual(self.heading(), "Forgot your password?")
        self.submit(username=STUDENT)
        self.assertEqual(self.heading(), "Reset your password")
        self.looks("reset")
        endpoint = self.lab.json("local", "status")["endpoint"]
        self.submit(code=newest_code(endpoint, STUDENT), new_password="Another-3-pass", repeated="Another-3-pass")
        self.assertEqual(page.run("document.querySelector('[role=status]').textContent"), "Your password is changed. Sign in with it.")
        self.looks("changed")
        self.submit(username=STUDENT, password="Another-3-pass")
        self.assertEqual(self.heading(), "Set up your authenticator app")
