"""The exported single-page app in headless Chromium: sign-in by e-mail code, calls, silent refresh, an expired
access token. The twin's clock is set forward (libfaketime): tokens really expire."""

import base64
import functools
import glob
import http.server
import json
import shutil
import threading
import unittest
import urllib.error
import urllib.request

from browser import Browser
from common import Lab, get, newest_code

FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
STUDENT = "student@example.com"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@unittest.skipUnless(shutil.which("chromium") and FAKETIME, "needs Debian's packages chromium and faketime")
class App(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.close)
        self.clock = self.lab.folder / "clock"
        self.clock.write_text("+0")
        # Only the twin, in the foreground: one in the background gets no LD_PRELOAD. Time stands where the file says.
        self.lab.serve(
            LD_PRELOAD=FAKETIME[0], FAKETIME_TIMESTAMP_FILE=str(self.clock), FAKETIME_NO_CACHE="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1",
        )
        shutil.rmtree(self.lab.folder / "artifacts")
        (self.lab.folder / "lab.yaml").unlink()
        self.lab.run("init", "--lab", "refresh-rotation")
        self.lab.run("up", "--local")
        self.lab.run("export", "spa", "app")
        serve = functools.partial(Quiet, directory=str(self.lab.folder / "app"))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.page = Browser(f"http://127.0.0.1:{server.server_address[1]}/")
        self.addCleanup(self.page.close)
        self.endpoint = self.lab.json("local", "status")["endpoint"]

    def sign_in(self):
        page = self.page
        self.assertEqual(page.run("$('email').value"), STUDENT)
        page.run("$('begin').requestSubmit()")
        page.wait("!$('answer').hidden")
        self.assertIn("s***@e***", page.run("document.querySelector('label[for=code]').textContent"))
        page.run(f"$('code').value = {json.dumps(newest_code(self.endpoint, STUDENT))}")
        page.run("$('answer').requestSubmit()")
        page.wait("!$('signed-in').hidden")
        self.assertEqual(page.run("$('who').textContent"), STUDENT)

    def call(self):
        self.page.run("$('result').textContent = ''")
        self.page.run("$('routes').querySelector('button').click()")
        self.page.wait("$('result').textContent !== ''")
        return self.page.run("$('result').textContent")

    def refreshes(self):
        _, body = get(f"{self.endpoint}/_local/calls.json")
        calls = json.loads(body)
        calls = calls["calls"] if isinstance(calls, dict) else calls
        return sum("GetTokensFromRefreshToken" in json.dumps(call) for call in calls)

    def test_it_stays_signed_in(self):
        page = self.page
        self.sign_in()
        self.assertEqual(self.call(), "200 Hello from Lambda!")
        token = page.run("session.tokens.access")
        url = page.run("lab.stageUrl + lab.routes[0].path")
        self.assertEqual(get(url, token)[0], 200)

        # Six minutes later, for the twin: the token has expired, and the page does not know.
        self.clock.write_text("+6m")
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        self.assertEqual(claims["exp"] - claims["iat"], 300)
        self.assertEqual(get(url, token)[0], 401)
        # Three calls at once share one refresh: a rotated refresh token is good once.
        three = "Promise.all([1, 2, 3].map(() => session.call(lab.routes[0]).then((answer) => answer.status)))"
        self.assertEqual(page.run(three), [200, 200, 200])
        self.assertEqual(self.refreshes(), 1)
        self.assertNotEqual(page.run("session.tokens.access"), token)
        self.assertEqual(self.call(), "200 Hello from Lambda!")

        # Before the next token expires, it is renewed without anybody's doing: the page's own time runs on.
        renewed = page.run("session.tokens.access")
        page.send("Emulation.setVirtualTimePolicy", policy="pauseIfNetworkFetchesPending", budget=245_000)
        page.until("Emulation.virtualTimeBudgetExpired")
        self.assertEqual(self.refreshes(), 2)
        self.assertNotEqual(page.run("session.tokens.access"), renewed)

    def test_a_wrong_code_can_be_mended_and_sign_out_ends_the_session(self):
        page = self.page
        page.run("$('begin').requestSubmit()")
        page.wait("!$('answer').hidden")
        page.run("$('code').value = '00000000'; $('answer').requestSubmit()")
        page.wait("$('status').textContent.includes('CodeMismatchException')")
        page.run(f"$('code').value = {json.dumps(newest_code(self.endpoint, STUDENT))}; $('answer').requestSubmit()")
        page.wait("!$('signed-in').hidden")
        self.assertEqual(self.call(), "200 Hello from Lambda!")
        refresh = page.run("session.tokens.refresh")
        page.run("$('sign-out').click()")
        page.wait("!$('begin').hidden")
        self.assertIsNone(page.run("session.tokens"))
        body = json.dumps({"ClientId": page.run("lab.clientId"), "RefreshToken": refresh}).encode()
        target = "AWSCognitoIdentityProviderService.GetTokensFromRefreshToken"
        headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(self.endpoint, data=body, headers=headers), timeout=30)
        self.assertIn("NotAuthorizedException", refused.exception.read().decode())

    def test_what_gets_into_the_page_loads_and_sends_nothing(self):
        stopped = ("new Promise((done) => { document.addEventListener('securitypolicyviolation', "
                   "(event) => done(event.effectiveDirective), { once: true }); %s })")
        inline = "const s = document.createElement('script'); s.textContent = 'window.got = 1'; document.body.append(s)"
        for attempt, directive in [
            ("fetch('http://127.0.0.1:9/?' + lab.clientId).catch(() => {})", "connect-src"),
            ("new Image().src = 'http://127.0.0.1:9/'", "img-src"),
            (inline, "script-src-elem"),
            # Chromium looks at a handler when its event comes.
            ("document.body.insertAdjacentHTML('beforeend', '<b id=marked onclick=\"window.got = 1\">x</b>'); "
             "document.getElementById('marked').click()", "script-src-attr"),
        ]:
            self.assertEqual(self.page.run(stopped % attempt), directive)
        self.assertIsNone(self.page.run("window.got || null"))


if __name__ == "__main__":
    unittest.main()
