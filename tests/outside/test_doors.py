"""The doors of the twin in headless Chromium: a stranger's page, a page that a handler returns, and the inbox."""

import http.server
import json
import shutil
import threading
import unittest

from browser import Browser
from common import Lab, get

LAB = """\
lab: doors
region: us-east-1
functions:
  page: { name: doors-page, runtime: python3.13, handler: m.h, source: src }
api:
  name: doors-api
  routes:
    GET /page: { function: page, authorizer: none }
    OPTIONS /page: { function: page, authorizer: none }
  stage: dev
"""
# Every page may read it, as the handler says.
HANDLER = """\
def h(event, context):
    headers = {"Content-Type": "text/html", "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "x-team"}
    return {"statusCode": 200, "headers": headers, "body": "<!doctype html><title>handler</title><p>a handler's page"}
"""
KEYS = "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=00"
TRUST = "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%22%2A%22%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D"
CREATE = f"Action=CreateRole&Version=2010-05-08&RoleName=from-a-page&AssumeRolePolicyDocument={TRUST}"
PRESIGNED = (
    f"/?{CREATE}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=000000000000%2F20260101%2Fus-east-1%2Fiam%2Faws4_request"
    "&X-Amz-Date=20260101T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
)


class Stranger(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>stranger</title><p>a stranger's page")

    def log_message(self, *_):
        pass


@unittest.skipUnless(shutil.which("chromium"), "needs Debian's package chromium")
class Doors(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.close)
        (self.lab.folder / "lab.yaml").write_text(LAB)
        (self.lab.folder / "src").mkdir()
        (self.lab.folder / "src/m.py").write_text(HANDLER)
        self.lab.run("up", "--local")
        status = self.lab.json("local", "status")
        self.endpoint, self.inbox = status["endpoint"], status["inbox"]
        self.mail = f"{self.inbox}inbox.json"
        self.page_url = self.lab.json("status")["outputs"]["invoke_url"]
        self.made = self.calls("iam:CreateRole")

    def calls(self, operation):
        """The calls of an operation that the twin let in."""
        calls = json.loads(get(f"{self.endpoint}/_local/calls.json")[1])
        return [call for call in calls if call["operation"] == operation]

    def open(self, url):
        page = Browser(url)
        self.addCleanup(page.close)
        return page

    def status(self, page, url, **options):
        """The status that a script of the page can read; None: it can read nothing."""
        return page.run(f"fetch({json.dumps(url)}, {json.dumps(options)}).then((a) => a.status || 'opaque', () => null)")

    def changes_nothing(self, page):
        """What any page can send with forms, images and scripts."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        signed = {**form, "Authorization": KEYS}
        sent = [
            self.status(page, f"{self.endpoint}/", method="POST", headers=signed, body=CREATE),
            self.status(page, f"{self.endpoint}{PRESIGNED}", method="POST"),
            self.status(page, f"{self.endpoint}{PRESIGNED}"),
            self.status(page, f"{self.endpoint}/_local/accounts/000000000000", method="DELETE", headers={"x-localaws": "1"}),
            self.status(page, f"{self.endpoint}/_local/stop", method="POST", headers={"x-localaws": "1"}),
            self.status(page, f"{self.endpoint}/_local/calls.json"),
            self.status(page, f"{self.endpoint}/_local/inbox.json"),
            self.status(page, f"{self.endpoint}/_local/"),
        ]
        self.assertLessEqual(set(sent), {403, None})
        for url in (f"{self.endpoint}{PRESIGNED}", self.mail, self.inbox):
            self.status(page, url, mode="no-cors")
            page.run(f"""new Promise((done) => {{
                const image = new Image(); image.onload = image.onerror = done; image.src = {json.dumps(url)};
            }}).then(() => true)""")
        self.assertIsNone(self.status(page, self.mail))
        self.assertIsNone(self.status(page, self.inbox))
        # A frame shows nothing of it.
        framed = page.run(f"""new Promise((done) => {{
            const frame = document.createElement("iframe"); frame.src = {json.dumps(self.inbox)};
            frame.onload = () => {{ try {{ done(frame.contentDocument && frame.contentDocument.body.innerText) }} catch {{ done(null) }} }};
            document.body.append(frame);
        }})""")
        self.assertNotIn("No mail yet", framed or "")
        # A form, which leaves the page.
        page.events.clear()
        page.run(f"""(() => {{
            const form = document.createElement("form"); form.method = "post"; form.action = {json.dumps(self.endpoint + PRESIGNED)};
            document.body.append(form); form.submit();
        }})()""")
        page.until("Page.loadEventFired")
        self.assertIn("serves web pages only", page.run("document.body.innerText"))
        self.assertEqual(self.calls("iam:CreateRole"), self.made)
        self.assertEqual(self.lab.json("local", "status")["running"], True)

    def test_a_strangers_page_reaches_only_what_is_for_pages(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        # Another port of this machine, and another name of it: the same site, and another one.
        for name in ("127.0.0.1", "localhost"):
            page = self.open(f"http://{name}:{server.server_address[1]}/")
            self.assertEqual(self.status(page, self.page_url, headers={"x-team": "red"}), 200)
            target = "AWSCognitoIdentityProviderService.InitiateAuth"
            headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
            self.assertEqual(self.status(page, f"{self.endpoint}/", method="POST", headers=headers, body="{}"), 400)
            self.changes_nothing(page)

    def test_a_handlers_page_reads_no_mail(self):
        page = self.open(self.page_url)
        self.assertEqual(page.run("document.title"), "handler")
        self.assertEqual(page.run("location.origin"), self.endpoint)
        self.assertEqual(self.status(page, "/_local/inbox.json"), 403)
        self.assertEqual(self.status(page, "/_local/calls.json"), 403)
        # In a window of its own it has no hold of the inbox.
        held = page.run(f"""new Promise((done) => {{
            const other = window.open({json.dumps(self.inbox)});
            const look = () => {{
                try {{ if (other.closed || other.document.title === "Inbox") return done(other.closed || "read"); }} catch {{ }}
                setTimeout(look, 50);
            }};
            other ? look() : done("no window");
        }})""")
        self.assertIn(held, (True, "no window"))
        self.changes_nothing(page)

    def test_the_inbox_shows_mail_in_a_browser(self):
        lab = Lab()
        self.addCleanup(lab.close)
        lab.run("up", "--local")
        status = lab.json("local", "status")
        page = self.open(status["inbox"])
        page.wait("document.body.innerText.includes('No mail yet')")
        self.assertNotEqual(page.run("location.origin"), status["endpoint"])
        # It sees new mail by itself.
        lab.run("verify")
        page.wait("document.querySelector('article') && document.body.innerText.includes('student@example.com')")
        # The twin's own port says where it is.
        old = self.open(f"{status['endpoint']}/_local/")
        self.assertIn(status["inbox"], old.run("document.body.innerText"))


if __name__ == "__main__":
    unittest.main()
