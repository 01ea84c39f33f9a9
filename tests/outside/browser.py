"""Headless Chromium by its DevTools protocol over a pipe: no driver, no port, no library."""

import json
import os
import shutil
import subprocess
import tempfile

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--window-size=800,700", "--remote-debugging-pipe",
]


class Browser:
    """One page of a browser with an empty profile."""

    def __init__(self, url):
        self.profile = tempfile.mkdtemp(prefix="labctl-chromium-")
        commands, self.write_end = os.pipe()
        self.read_end, answers = os.pipe()
        # The protocol wants descriptors 3 and 4, which ours may be; bash knows descriptors of more than one digit.
        shell = f'exec "$0" "$@" 98<&{commands} 99>&{answers} 3<&98 4>&99'
        self.process = subprocess.Popen(
            ["bash", "-c", shell, "chromium", *FLAGS, f"--user-data-dir={self.profile}", "about:blank"],
            pass_fds=(commands, answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self.buffer, self.last, self.events, self.session = b"", 0, [], None
        targets = self.send("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        self.send("Page.enable")
        self.send("Runtime.enable")
        self.send("Page.navigate", url=url)
        self.until("Page.loadEventFired")

    def receive(self):
        while b"\0" not in self.buffer:
            read = os.read(self.read_end, 65536)
            assert read, "the browser ended"
            self.buffer += read
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def send(self, method, **parameters):
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.last:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self.events.append(answer)

    def until(self, event):
        """Waits for an event that comes, or has come."""
        while True:
            for known in self.events:
                if known.get("method") == event:
                    self.events.remove(known)
                    return known["params"]
            self.events.append(self.receive())

    def run(self, script):
        """The value of an expression; a promise is waited for."""
        answer = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer.get("exceptionDetails")
        return answer["result"].get("value")

    def wait(self, condition, seconds=20):
        """Waits until an expression is true in the page, looked at with every change of the document."""
        self.run(f"""new Promise((yes, no) => {{
            const look = () => {{ if ({condition}) {{ watch.disconnect(); yes(true); }} }};
            const watch = new MutationObserver(look);
            const all = {{ subtree: true, childList: true, attributes: true, characterData: true }};
            watch.observe(document.documentElement, all);
            setTimeout(() => no(new Error({json.dumps(condition)} + ": " + document.body.innerText)), {seconds * 1000});
            look();
        }})""")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.read_end)
        os.close(self.write_end)
        shutil.rmtree(self.profile, ignore_errors=True)
