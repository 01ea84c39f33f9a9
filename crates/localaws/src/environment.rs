//! What of the user's environment goes on to programs that are not the user's own: the twin in the background, the
//! interpreters that it looks for, and what `labctl verify --otp-command` runs.
//!
//! A shell's environment holds keys (`AWS_SECRET_ACCESS_KEY`, `GITHUB_TOKEN`), and a handler can read that of the
//! process which started it. So this is a list of what passes, and not of what is kept back. Names are
//! whole: with a prefix like `MISE_` a token of the same tool (`MISE_GITHUB_TOKEN`) would pass too.
//! Proxies do not pass, since their addresses may hold a password.

use std::ffi::OsString;

const NAMES: &[&str] = &[
    // The user, the machine, the terminal.
    "HOME",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_COLLATE",
    "LC_CTYPE",
    "LC_MESSAGES",
    "LC_MONETARY",
    "LC_NUMERIC",
    "LC_TIME",
    "LOCALE_ARCHIVE",
    "LOGNAME",
    "PATH",
    "SHELL",
    "TERM",
    "TMPDIR",
    "TZ",
    "TZDIR",
    "USER",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_CONFIG_HOME",
    "XDG_DATA_DIRS",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
    // Python and Node.js with shared libraries in a place of their own; Xcode's python3.
    "DEVELOPER_DIR",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "LD_LIBRARY_PATH",
    // The shims of version managers.
    "ASDF_CONFIG_FILE",
    "ASDF_DATA_DIR",
    "ASDF_DEFAULT_TOOL_VERSIONS_FILENAME",
    "ASDF_DIR",
    "ASDF_NODEJS_VERSION",
    "ASDF_PYTHON_VERSION",
    "ASDF_TOOL_VERSIONS_FILENAME",
    "FNM_DIR",
    "FNM_MULTISHELL_PATH",
    "MISE_CACHE_DIR",
    "MISE_CONFIG_DIR",
    "MISE_CONFIG_FILE",
    "MISE_DATA_DIR",
    "MISE_ENV",
    "MISE_GLOBAL_CONFIG_FILE",
    "MISE_INSTALLS_DIR",
    "MISE_NODE_VERSION",
    "MISE_PYTHON_VERSION",
    "MISE_SHIMS_DIR",
    "MISE_STATE_DIR",
    "MISE_SYSTEM_CONFIG_DIR",
    "MISE_TRUSTED_CONFIG_PATHS",
    "NODENV_ROOT",
    "NODENV_VERSION",
    "NVM_BIN",
    "NVM_DIR",
    "N_PREFIX",
    "PROTO_HOME",
    "PROTO_NODE_VERSION",
    "PROTO_PYTHON_VERSION",
    "PYENV_ROOT",
    "PYENV_VERSION",
    "UV_PYTHON_INSTALL_DIR",
    "VOLTA_HOME",
    // What the twin writes to its log.
    "LABCTL_LOG",
    "RUST_BACKTRACE",
];

fn passes(name: &str) -> bool {
    NAMES.contains(&name)
}

/// What passes of this process's environment.
pub fn passed() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(passes))
}

#[cfg(test)]
mod tests {
    use super::{NAMES, passes};

    #[test]
    fn what_shims_and_locales_need_passes() {
        for name in [
            "PATH",
            "HOME",
            "LANG",
            "LC_ALL",
            "LC_CTYPE",
            "PYENV_VERSION",
            "NVM_DIR",
        ] {
            assert!(passes(name), "{name}");
        }
    }

    #[test]
    fn no_name_of_a_key_passes() {
        let words = [
            "TOKEN",
            "SECRET",
            "PASSWORD",
            "KEY",
            "CREDENTIAL",
            "AUTH",
            "PROXY",
            "SESSION",
        ];
        for name in NAMES {
            assert!(words.iter().all(|word| !name.contains(word)), "{name}");
        }
        for name in [
            "AWS_ACCESS_KEY_ID",
            "AWS_PROFILE",
            "GITHUB_TOKEN",
            "HTTPS_PROXY",
            "https_proxy",
            "LD_PRELOAD",
            "LC",
            "LC_",
            "LC_SECRET",
            "MISE_GITHUB_TOKEN",
            "NODE_OPTIONS",
            "PATH_OF_KEYS",
            "PYTHONPATH",
            "SSH_AUTH_SOCK",
            "STUDENT_PASSWORD",
            "path",
            "",
        ] {
            assert!(!passes(name), "{name}");
        }
    }
}
