"""Runs a Python handler for localaws: requests on descriptor 3, answers on 4, the log on 1 and 2."""

import base64
import faulthandler
import json
import logging
import queue
import resource
import signal
import threading
import time
import traceback
import types

requests = os.fdopen(3, "rb")
answers = os.fdopen(4, "wb")
inbox = queue.SimpleQueue()
request_id = "init"


def receive():
    while head := requests.readline():
        head = json.loads(head)
        inbox.put((head, requests.read(head["size"])))
    # The twin has gone: so does all that belongs to the handler, busy or not.
    os.killpg(0, signal.SIGKILL)


def answer(kind, payload=b""):
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    # Everything that was printed is in the log's pipe now.
    mark = b"\0" + request_id.encode() + b"\n"
    while mark:
        mark = mark[os.write(2, mark):]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    memory = peak >> (20 if sys.platform == "darwin" else 10)
    head = {"kind": kind, "memory_mb": memory, "size": len(payload)}
    answers.write(json.dumps(head).encode() + b"\n" + payload)
    answers.flush()


def log(text):
    # 0x1e keeps the lines together as one event.
    data = (text.replace("\n", "\x1e") + "\n").encode("utf-8", "backslashreplace")
    sys.stdout.flush()
    while data:
        data = data[os.write(1, data):]


class LogHandler(logging.Handler):
    def emit(self, record):
        log(self.format(record))


class LogFormatter(logging.Formatter):
    converter = time.gmtime

    def format(self, record):
        record.aws_request_id = request_id
        return super().format(record)


def set_up_logging():
    handler = LogHandler()
    handler.setFormatter(
        LogFormatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s",
            "%Y-%m-%dT%H:%M:%S",
        )
    )
    logging.getLogger().addHandler(handler)


def fail(kind, message, stack=()):
    text = f"[ERROR] {kind}: {message}"
    if stack is not None:
        text += "\nTraceback (most recent call last):\n" + "".join(stack)
    log(text.rstrip("\n"))
    stack = stack or ()
    error = {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": list(stack)}
    if request_id == "init":
        error["requestId"] = ""
    answer("error", json.dumps(error).encode())


def fail_by(error):
    try:
        message = str(error)
    except Exception:
        message = "unprintable error"
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.filename != "<string>" and "importlib" not in f.filename]
    fail(type(error).__name__, message, traceback.format_list(own))


def object_of(value):
    if isinstance(value, dict):
        return types.SimpleNamespace(**value)
    return value


class LambdaContext:
    def __init__(self, head):
        self.aws_request_id = head["id"]
        self.invoked_function_arn = head["arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = types.SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.client_context = None
        if head["client_context"]:
            told = json.loads(base64.b64decode(head["client_context"]))
            self.client_context = types.SimpleNamespace(
                client=object_of(told.get("client")), custom=told.get("custom"), env=told.get("env")
            )
        self.tenant_id = None
        self._deadline = head["deadline"]

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline - int(time.time() * 1000))

    def log(self, message):
        log(str(message))


def serve(handler):
    global request_id
    while True:
        head, payload = inbox.get()
        request_id = head["id"]
        try:
            try:
                event = json.loads(payload)
                context = LambdaContext(head)
            except ValueError as error:
                fail("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}")
                continue
            os.environ["_X_AMZN_TRACE_ID"] = head["trace"]
            # Also ends a handler that keeps Python's lock, so that `receive` cannot run.
            faulthandler.dump_traceback_later(context.get_remaining_time_in_millis() / 1000 + 5, exit=True)
            result = handler(event, context)
        except SystemExit:
            raise
        except BaseException as error:
            fail_by(error)
            continue
        finally:
            faulthandler.cancel_dump_traceback_later()
        try:
            try:
                payload = json.dumps(result, ensure_ascii=False).encode()
            except UnicodeEncodeError:
                payload = json.dumps(result).encode()
        except Exception as error:
            fail("Runtime.MarshalError", f"Unable to marshal response: {error}")
            continue
        answer("result", payload)


def main():
    for descriptor in (3, 4):
        os.set_inheritable(descriptor, False)
    threading.Thread(target=receive, daemon=True).start()
    set_up_paths()
    set_up_logging()
    try:
        handler = load(os.environ["_HANDLER"])
    except LoadError as error:
        fail(error.kind, error.message, error.stack)
        return
    except Exception as error:
        fail_by(error)
        return
    answer("ready")
    serve(handler)


main()
