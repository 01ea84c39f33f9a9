# Loads a handler by the rules of Lambda's runtimes for Python (aws-lambda-python-runtime-interface-client), with the
# packages that they have.

import errno
import importlib
import os
import site
import sys

task_root, runtime_modules, isolation = sys.argv[1:]

# What the runtimes bring along on Lambda, and this machine may lack.
BUNDLED = {"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"}


class LoadError(Exception):
    def __init__(self, kind, message, stack=()):
        self.kind, self.message, self.stack = f"Runtime.{kind}", message, stack


def set_up_paths():
    """Only the standard library, the function's code and the runtime's packages can be imported (see `-S`)."""
    sys.argv = [""]
    sys.path[0] = task_root
    if runtime_modules:
        sys.path.append(runtime_modules)
    # What `site` does besides adding the machine's packages.
    for built_in in (site.setquit, site.setcopyright, site.sethelper):
        built_in()
    if isolation == "none":
        sys.addaudithook(refuse_writing)


# Events of Python's audit hooks whose arguments begin with paths that are changed.
CHANGES = {
    "os.chmod": 1,
    "os.chown": 1,
    "os.link": 2,
    "os.mkdir": 1,
    "os.remove": 1,
    "os.rename": 2,
    "os.rmdir": 1,
    "os.symlink": 2,
    "os.truncate": 1,
    "os.utime": 1,
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def refuse_writing(event, arguments):
    """As on Lambda, only /tmp can be written; devices are no files."""
    if event == "open":
        if not isinstance(arguments[2], int) or not arguments[2] & WRITING:
            return
        paths = arguments[:1]
    elif event in CHANGES:
        paths = arguments[: CHANGES[event]]
    else:
        return
    for path in paths:
        if isinstance(path, int) or path is None:
            continue
        full = os.path.realpath(os.fsdecode(path))
        if within(full, (os.path.realpath(task_root),)) or not within(full, WRITABLE):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)


def within(path, folders):
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)


WRITABLE = ("/dev", "/proc", os.path.realpath("/tmp"))


def load(name):
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        message = f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)"
        raise LoadError("MalformedHandlerName", message)
    if module_name.split(".")[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {module_name} as a handler module"
        raise LoadError("BuiltInModuleConflict", message)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        missing = (error.name or "").split(".")[0]
        if missing in BUNDLED and not runtime_modules:
            message += f" (Lambda's Python runtimes have {missing}; to have it here: labctl local runtimes install)"
        raise LoadError("ImportModuleError", message)
    except SyntaxError as error:
        where = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}\n'
        raise LoadError("UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", [where])
    try:
        return getattr(module, function_name)
    except AttributeError:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise LoadError("HandlerNotFound", message, None)


