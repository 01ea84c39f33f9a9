// Runs a Node.js handler for localaws: requests on descriptor 3, answers on 4, the log on 1 and 2.

import { existsSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "node:util";
import { Worker } from "node:worker_threads";

const LOG = 2;
const ANSWERS = 4;
const env = process.env;
let requestId = "init";

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
  write(LOG, `${new Date().toISOString()}\t${requestId}\t${level}\t${text}\n`);
}

function answer(kind, payload = "") {
  // Everything that was printed is in the log's pipe now.
  write(LOG, `\0${requestId}\n`);
  const size = Buffer.byteLength(payload);
  const memory_mb = Math.round(process.resourceUsage().maxRSS / 1024);
  write(ANSWERS, `${JSON.stringify({ kind, memory_mb, size })}\n${payload}`);
}

function fail(errorType, errorMessage, stack = "", kind = "error") {
  const error = { errorType, errorMessage, trace: stack.split("\n") };
  log("ERROR", "Invoke Error", JSON.stringify({ ...error, stack: undefined }));
  answer(kind, JSON.stringify(error));
}

function failBy(error) {
  if (error instanceof Error) fail(error.name, error.message, error.stack ?? "");
  else fail(typeof error, format(error));
}

// The handler, or nothing after its failure is told.
async function load(name) {
  const dot = name.lastIndexOf(".");
  const [moduleName, functionName] = [name.slice(0, dot), name.slice(dot + 1)];
  if (dot < 1) {
    fail("Runtime.MalformedHandlerName", "Bad handler");
    return undefined;
  }
  const path = resolve(env.LAMBDA_TASK_ROOT, moduleName);
  const file = [".js", ".mjs", ".cjs"].map((end) => path + end).find(existsSync);
  if (file === undefined) {
    fail("Runtime.ImportModuleError", `Error: Cannot find module '${moduleName}'`);
    return undefined;
  }
  let module;
  try {
    module = await import(pathToFileURL(file));
  } catch (error) {
    if (/^(ERR_)?MODULE_NOT_FOUND$/.test(error?.code)) {
      fail("Runtime.ImportModuleError", `Error: ${error.message}`, error.stack);
    } else if (error instanceof SyntaxError) {
      fail("Runtime.UserCodeSyntaxError", `SyntaxError: ${error.message}`, error.stack);
    } else failBy(error);
    return undefined;
  }
  const handler = module[functionName] ?? module.default?.[functionName];
  if (typeof handler === "function") return handler;
  fail("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
  return undefined;
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
    callbackWaitsForEmptyEventLoop: true,
    identity: undefined,
    clientContext: head.client_context
      ? JSON.parse(Buffer.from(head.client_context, "base64").toString())
      : undefined,
    getRemainingTimeInMillis: () => Math.max(0, head.deadline - Date.now()),
    done: (error, result) => {
      made.callbackWaitsForEmptyEventLoop = false;
      done(error, result);
    },
    fail: (error) => made.done(error ?? new Error("failed")),
    succeed: (result) => made.done(null, result),
  };
  return made;
}

// What is to be done when nothing is left that the handler could wait for.
let whenEmpty;
process.on("beforeExit", () => {
  // Or the process would end.
  requests.ref();
  whenEmpty?.();
});

// A handler answers by its promise, or by a call of `done`, whose result may wait until the handler has nothing
// left to do; when it has nothing left and did not answer, the result is null.
async function call(handler, head, event) {
  try {
    return await new Promise((succeed, refuse) => {
      whenEmpty = () => succeed(null);
      requests.unref();
      const done = (error, result) => {
        if (error) refuse(error);
        else if (made.callbackWaitsForEmptyEventLoop) whenEmpty = () => succeed(result);
        else succeed(result);
      };
      const made = context(head, done);
      const returned = handler(event, made, done);
      if (typeof returned?.then === "function") returned.then(succeed, refuse);
    });
  } finally {
    whenEmpty = undefined;
    requests.ref();
  }
}

async function serve(handler, { head, payload }) {
  requestId = head.id;
  let event;
  try {
    event = JSON.parse(payload);
  } catch (error) {
    return fail("Runtime.UnmarshalError", error.message);
  }
  env._X_AMZN_TRACE_ID = head.trace;
  let result;
  try {
    result = await call(handler, head, event);
  } catch (error) {
    return failBy(error);
  }
  let text;
  try {
    text = JSON.stringify(result) ?? "null";
  } catch (error) {
    return fail("Runtime.MarshalError", `Unable to marshal response: ${error.message}`, error.stack);
  }
  return answer("result", text);
}

for (const [method, level] of Object.entries({
  log: "INFO", info: "INFO", warn: "WARN", error: "ERROR", debug: "DEBUG", trace: "TRACE",
})) {
  console[method] = (...args) => log(level, ...args);
}
for (const [event, name] of [
  ["uncaughtException", "Runtime.UncaughtException"],
  ["unhandledRejection", "Runtime.UnhandledPromiseRejection"],
]) {
  process.on(event, (error) => {
    if (requestId !== "") fail(name, format(error?.message ?? error), error?.stack, "fatal");
    process.exit(129);
  });
}

const requests = new Worker(reader, { eval: true, execArgv: [] });
const waiting = [];
requests.on("message", (message) => waiting.push(message));
const handler = await load(env._HANDLER);
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
