// Loads a handler by the rules of Lambda's runtimes for Node.js: those up to nodejs22.x have other ones than
// nodejs24.x (aws-lambda-nodejs-runtime-interface-client, versions 3 and 4).

import { existsSync as exists, readFileSync } from "node:fs";
import * as Module from "node:module";
import { basename, dirname, join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";

const [taskRoot, runtimeModules, isolation] = process.argv.splice(1);
const RELEASE = Number(/nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV)?.[1] ?? 22);
const require = Module.createRequire(join(taskRoot, "/"));

class RuntimeError extends Error {
  constructor(kind, message, stack) {
    super(message);
    this.name = `Runtime.${kind}`;
    if (stack) this.stack = stack;
  }
}

// Where handlers are not isolated, modules are found in the folders above the function's code as well, and the
// runtime's own ones are not.
if (isolation === "none") {
  const allowed = (path) =>
    [taskRoot, runtimeModules].some((root) => root && (path === root || path.startsWith(root + sep)));
  const above = Module.default._nodeModulePaths;
  Module.default._nodeModulePaths = (from) => above(from).filter(allowed);
  const foreign = (path) => exists(join(path, "node_modules")) || (path !== dirname(path) && foreign(dirname(path)));
  if (runtimeModules || foreign(dirname(taskRoot))) {
    const hooks = `
      const roots = ${JSON.stringify([taskRoot, runtimeModules].filter(Boolean).map((r) => String(pathToFileURL(r + sep))))};
      const own = ${JSON.stringify(runtimeModules ? String(pathToFileURL(join(runtimeModules, "entry.js"))) : null)};
      export async function resolve(name, context, next) {
        const bare = /^[^./]/.test(name) && !/^[a-z]+:/.test(name);
        let found;
        let failed;
        try { found = await next(name, context); } catch (error) { failed = error; }
        if (!bare || (found && (!found.url.startsWith("file:") || roots.some((r) => found.url.startsWith(r))))) {
          if (failed) throw failed;
          return found;
        }
        if (own && context.parentURL !== own) {
          try { return await next(name, { ...context, parentURL: own }); } catch {}
        }
        const error = new Error("Cannot find package '" + name + "' imported from " + context.parentURL);
        error.code = "ERR_MODULE_NOT_FOUND";
        throw error;
      }`;
    Module.register(`data:text/javascript,${encodeURIComponent(hooks)}`);
  }
}

// `a/b/file.object.handler`: the folder, the file, what to look up in it.
function parse(name) {
  if (name.includes("..")) {
    const message = `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`;
    throw new RuntimeError("MalformedHandlerName", message);
  }
  const last = basename(name);
  const dot = last.indexOf(".");
  if (dot < 0) throw new RuntimeError("MalformedHandlerName", "Bad handler");
  return [name.slice(0, name.indexOf(last)), last.slice(0, dot), last.slice(dot + 1)];
}

// Whether the nearest package.json says that `.js` files are ES modules.
function isModulePackage(folder) {
  if (basename(folder) === "node_modules") return false;
  const file = join(folder, "package.json");
  if (exists(file)) {
    try {
      const found = JSON.parse(readFileSync(file));
      if (found) return found.type === "module";
    } catch (error) {
      console.warn(`${file} cannot be read, it will be ignored for ES module detection purposes.`, error);
      return false;
    }
  }
  return dirname(folder) === folder || folder === taskRoot ? false : isModulePackage(dirname(folder));
}

async function loadModule(folder, name) {
  const path = resolve(taskRoot, folder, name);
  const required = (ending) => (exists(path + ending) ? require(path + ending) : undefined);
  const imported = (ending) => (exists(path + ending) ? import(pathToFileURL(path + ending)) : undefined);
  if (RELEASE >= 24) {
    for (const ending of ["", ".js", ".mjs", ".cjs"]) {
      const found = await imported(ending);
      if (found) return found;
    }
  } else {
    const isModule = exists(`${path}.js`) && isModulePackage(dirname(path));
    const found =
      required("") ||
      (isModule ? await imported(".js") : required(".js")) ||
      (await imported(".mjs")) ||
      required(".cjs");
    if (found) return found;
  }
  return require(require.resolve(name, { paths: [taskRoot, join(taskRoot, folder)] }));
}

function lookUp(module, names) {
  return names.split(".").reduce((found, name) => (found ? found[name] : undefined), module);
}

// What the runtime brings along on Lambda, and this machine may lack.
function hint(message) {
  const missing = /'((?:@aws-sdk|@smithy)\/[^']+)'/.exec(message);
  if (!missing || runtimeModules) return "";
  return ` (Lambda's Node.js runtimes have ${missing[1]}; to have it here: labctl local runtimes install)`;
}

async function load(name) {
  const [folder, file, names] = parse(name);
  let module;
  try {
    module = await loadModule(folder, file);
  } catch (error) {
    const message = `${error}${hint(String(error))}`;
    if (error instanceof SyntaxError) throw new RuntimeError("UserCodeSyntaxError", message, error.stack);
    if (error?.code === "MODULE_NOT_FOUND") throw new RuntimeError("ImportModuleError", message, error.stack);
    if (error instanceof Error && message !== String(error)) error.message += hint(error.message);
    throw error;
  }
  const handler = lookUp(module, names) || (RELEASE >= 24 && lookUp(module?.default, names));
  if (!handler) throw new RuntimeError("HandlerNotFound", `${name} is undefined or not exported`);
  if (typeof handler !== "function") throw new RuntimeError("HandlerNotFound", `${name} is not a function`);
  if (RELEASE >= 24 && handler.length >= 3) {
    const message =
      "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. " +
      "You need to modify this function to use a supported handler signature to use Node.js 24 or later. " +
      "For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.";
    throw new RuntimeError("CallbackHandlerDeprecated", message);
  }
  return handler;
}

