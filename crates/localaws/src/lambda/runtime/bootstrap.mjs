// Runs a Node.js handler for localaws: requests on descriptor 3, answers on 4, the log on 1 and 2.

import { writeSync } from "node:fs";
import { format } from "node:util";
import { Worker } from "node:worker_threads";

const LOG = 2;
const ANSWERS = 4;
const env = process.env;
// Marks the output of loading.
const INIT = "init";
let requestId = INIT;

// A thread of its own reads, so that it also sees the twin go when the handler is busy: then all that
// belongs to the handler goes too.
const reader = `
  const { Socket } = require("node:net");
  const { parentPort } = require("node:worker_threads");
  let chunks = [];
  let size = 0;
  let wanted = 0;
  let head;
  const take = (count) => {
    const all = Buffer.concat(chunks);
    chunks = [all.subarray(count)];
    size -= count;
    return all.subarray(0, count);
  };
  const requests = new Socket({ fd: 3, readable: true, writable: false });
  requests.on("data", (chunk) => {
    chunks.push(chunk);
    size += chunk.length;
    while (size > wanted) {
      if (head === undefined) {
        const end = Buffer.concat(chunks).indexOf(10);
        if (end < 0) return;
        head = JSON.parse(take(end + 1));
        // An empty payload is never sent, so the next byte is there or to come.
        wanted = head.size - 1;
      } else {
        parentPort.postMessage({ head, payload: take(head.size).toString() });
        head = undefined;
        wanted = 0;
      }
    }
  });
  requests.on("close", () => process.kill(-process.pid, "SIGKILL"));
`;

function write(descriptor, data) {
  for (let rest = Buffer.from(data); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

// 0x1e keeps the lines together as one event.
function log(level, ...args) {
  const text = format(...args).replaceAll("\n", "\x1e");
  const id = requestId === INIT ? undefined : requestId;
  write(LOG, `${new Date().toISOString()}\t${id}\t${level}\t${text}\n`);
}

function answer(kind, payload = "") {
  // Everything that was printed is in the log's pipe now.
  write(LOG, `\0${requestId}\n`);
  const size = Buffer.byteLength(payload);
  const memory_mb = Math.round(process.resourceUsage().maxRSS / 1024);
  write(ANSWERS, `${JSON.stringify({ kind, memory_mb, size })}\n${payload}`);
}

// The error as Lambda answers it, and as the log has it.
function describe(error) {
  try {
    if (error instanceof Error) {
      const { name: errorType, message: errorMessage, stack, code } = error;
      const told = { errorType, errorMessage, trace: stack.split("\n") };
      let logged = told;
      try {
        logged = JSON.parse(JSON.stringify({ errorType, errorMessage, code, ...error, stack: told.trace }));
      } catch {}
      return [told, logged];
    }
    return [{ errorType: typeof error, errorMessage: error.toString(), trace: [] }, format(error)];
  } catch {
    const errorMessage =
      "callback called with Error argument, but there was a problem while retrieving one or more of its message, " +
      "name, and stack";
    return [{ errorType: "handled", errorMessage }, errorMessage];
  }
}

function fail(error, title = "Invoke Error", kind = "error") {
  const [told, logged] = describe(error);
  log("ERROR", title, JSON.stringify(logged));
  answer(kind, JSON.stringify(told));
}

function context(head, done) {
  const made = {
    awsRequestId: head.id,
    invokedFunctionArn: head.arn,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    identity: undefined,
    clientContext: head.client_context
      ? JSON.parse(Buffer.from(head.client_context, "base64").toString())
      : undefined,
    getRemainingTimeInMillis: () => Math.max(0, head.deadline - Date.now()),
  };
  if (RELEASE >= 24) return made;
  return Object.assign(made, {
    callbackWaitsForEmptyEventLoop: true,
    done: (error, result) => {
      made.callbackWaitsForEmptyEventLoop = false;
      done(error, result);
    },
    fail: (error) => made.done(error ?? "handled"),
    succeed: (result) => made.done(null, result),
  });
}

// What is to be done when nothing is left that the handler could wait for.
let whenEmpty;
process.on("beforeExit", () => {
  // Or the process would end.
  requests.ref();
  whenEmpty?.();
});

// A handler answers by its promise, or (up to nodejs22.x) by a call of `done`, whose result may wait until the handler
// has nothing left to do. When it has nothing left and did not answer, the result is null, or an error if it is async.
async function call(handler, head, event) {
  const isAsync = RELEASE >= 24 || handler.constructor?.name === "AsyncFunction";
  try {
    return await new Promise((succeed, refuse) => {
      whenEmpty = isAsync
        ? () => {
            const message =
              "The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a " +
              "Promise that was never settled. For more information, see " +
              "https://nodejs.org/docs/latest/api/process.html#exit-codes";
            refuse(new RuntimeError("NodeJsExit", message));
          }
        : () => succeed(null);
      requests.unref();
      const done = (error, result) => {
        if (error !== undefined && error !== null) refuse(error);
        else if (made.callbackWaitsForEmptyEventLoop) whenEmpty = () => succeed(result);
        else succeed(result);
      };
      const made = context(head, done);
      const returned = RELEASE >= 24 ? handler(event, made) : handler(event, made, done);
      if (RELEASE >= 24 || typeof returned?.then === "function") Promise.resolve(returned).then(succeed, refuse);
    });
  } finally {
    whenEmpty = undefined;
    requests.ref();
  }
}

async function serve(handler, { head, payload }) {
  requestId = head.id;
  env._X_AMZN_TRACE_ID = head.trace;
  try {
    const result = await call(handler, head, JSON.parse(payload));
    return answer("result", stringified(result));
  } catch (error) {
    return fail(error);
  }
}

function stringified(result) {
  try {
    return JSON.stringify(result) ?? "null";
  } catch {
    const message = "Unable to stringify response body";
    throw RELEASE >= 24 ? new RuntimeError("JSONStringifyError", message) : new Error(message);
  }
}

for (const [method, level] of Object.entries({
  log: "INFO", info: "INFO", warn: "WARN", error: "ERROR", debug: "DEBUG", trace: "TRACE",
})) {
  console[method] = (...args) => log(level, ...args);
}
process.on("uncaughtException", (error) => end("Uncaught Exception", error, 129));
process.on("unhandledRejection", (reason) => {
  const error = new RuntimeError("UnhandledPromiseRejection", String(reason));
  end("Unhandled Promise Rejection", Object.assign(error, { reason }), 128);
});

function end(title, error, code) {
  if (requestId !== "") fail(error, title, "fatal");
  process.exit(code);
}

const requests = new Worker(reader, { eval: true, execArgv: [] });
const waiting = [];
requests.on("message", (message) => waiting.push(message));
let handler;
try {
  handler = await load(env._HANDLER);
} catch (error) {
  fail(error, RELEASE >= 24 ? "Init Error" : "Uncaught Exception");
}
if (handler !== undefined) {
  answer("ready");
  const next = async (message) => {
    await serve(handler, message);
    requestId = "";
  };
  requests.removeAllListeners("message");
  waiting.forEach(next);
  requests.on("message", next);
}
