//! What AWS accepts, by field. Sources: the official service models; what only observation or
//! third parties say is kept conservative.

/// Runtimes that labctl knows how to check (Lambda's enum has more).
pub(super) const RUNTIMES: &[&str] = &[
    "python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14", "nodejs20.x", "nodejs22.x",
    "nodejs24.x",
];
pub(super) const ARCHITECTURES: &[&str] = &["x86_64", "arm64"];
/// `PutRetentionPolicy`'s list, days.
pub(super) const RETENTION_DAYS: &[i64] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
pub(super) const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY"];
/// Lambda sets these itself.
const RESERVED_VARIABLES: &[&str] = &["AWS_", "_HANDLER", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "TZ", "_X_AMZN"];

/// A rule over the characters and the length of a name.
pub(super) struct Name {
    pub(super) most: usize,
    pub(super) allowed: fn(char) -> bool,
    /// What is allowed, for people.
    pub(super) words: &'static str,
}

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// 32, so that names made from it stay within AWS's limits.
pub(super) const LAB: Name =
    Name { most: 32, allowed: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-', words: "a–z, 0–9 and `-`" };
pub(super) const FUNCTION: Name = Name { most: 64, allowed: |c| word(c) || c == '-', words: "letters, digits, `-` and `_`" };
pub(super) const ROLE: Name =
    Name { most: 64, allowed: |c| word(c) || "+=,.@-".contains(c), words: "letters, digits and `_+=,.@-`" };
pub(super) const POOL: Name = Name {
    most: 128,
    allowed: |c| word(c) || c.is_whitespace() || "+=,.@-".contains(c),
    words: "letters, digits, blanks and `_+=,.@-`",
};
pub(super) const API: Name =
    Name { most: 128, allowed: |c| !c.is_control(), words: "printable characters" };
pub(super) const AUTHORIZER: Name = Name { most: 128, allowed: |c| word(c) || c == '-', words: "letters, digits, `-` and `_`" };
pub(super) const STAGE: Name = Name { most: 128, allowed: |c| word(c) || c == '-', words: "letters, digits, `-` and `_`" };
pub(super) const HEADER: Name = Name { most: 128, allowed: |c| word(c) || c == '-', words: "letters, digits, `-` and `_`" };
pub(super) const SCOPE: Name = Name {
    most: 256,
    allowed: |c| matches!(c, '\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E'),
    words: "printable ASCII without blanks, `\"` and `\\`",
};

impl Name {
    /// What is wrong with `name`, if anything.
    pub(super) fn problem(&self, name: &str) -> Option<String> {
        if name.is_empty() {
            return Some("it is empty".to_owned());
        }
        let length = name.chars().count();
        if length > self.most {
            return Some(format!("it has {length} characters, at most {} are allowed", self.most));
        }
        let wrong = name.chars().find(|c| !(self.allowed)(*c))?;
        Some(format!("`{}` is not allowed in it, only {}", wrong.escape_debug(), self.words))
    }
}

/// A region's name: `us-east-1`, `us-gov-west-1`.
pub(super) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lower = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase());
    match parts.as_slice() {
        [a, b, n] => a.len() == 2 && lower(a) && lower(b) && is_digit(n),
        [a, "gov", b, n] => a.len() == 2 && lower(a) && lower(b) && is_digit(n),
        _ => false,
    }
}

fn is_digit(text: &str) -> bool {
    text.len() == 1 && text.bytes().all(|b| b.is_ascii_digit())
}

/// A name of an environment variable that Lambda takes (at least two characters) and does not set itself.
pub(super) fn variable_problem(name: &str) -> Option<String> {
    let mut chars = name.chars();
    let good = chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && name.len() >= 2 && chars.all(word);
    if !good {
        return Some("it begins with a letter and has at least two letters, digits or `_`".to_owned());
    }
    let reserved = RESERVED_VARIABLES.iter().any(|r| name == *r || (r.starts_with("AWS_") && name.starts_with(r)));
    reserved.then(|| "Lambda keeps that name for itself".to_owned())
}

/// The address as labctl uses it (lower-case), or what is wrong with it.
pub fn valid_email(text: &str) -> Result<String, String> {
    let email = text.trim().to_lowercase();
    if email.chars().count() > 128 {
        return Err("an address of at most 128 characters is needed".to_owned());
    }
    if email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("an e-mail address has no blanks".to_owned());
    }
    let Some((name, domain)) = email.split_once('@') else {
        return Err("an e-mail address is needed, like student@example.com".to_owned());
    };
    let dotted = domain.split('.').count() >= 2 && domain.split('.').all(|p| !p.is_empty());
    if name.is_empty() || domain.contains('@') || !dotted {
        return Err("an e-mail address is needed, like student@example.com".to_owned());
    }
    Ok(email)
}

/// What is wrong with a part of a path, if anything: text, `{name}`, or `{name+}` as the last part.
pub(super) fn path_part_problem(part: &str, last: bool) -> Option<String> {
    let plain = |t: &str, more: &str| {
        !t.is_empty() && t.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c) || more.contains(c))
    };
    if let Some(inner) = part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
        let (name, greedy) = inner.strip_suffix('+').map_or((inner, false), |n| (n, true));
        if !plain(name, "") {
            return Some(format!("`{part}`: a parameter's name has letters, digits and `._-`"));
        }
        return (greedy && !last).then(|| format!("`{part}` takes all that follows, so it is the last part"));
    }
    if part.is_empty() {
        return Some("a part of the path is empty".to_owned());
    }
    (!plain(part, ":")).then(|| format!("`{part}`: a path has letters, digits and `._-:`, or {{parameters}}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(valid_email(" Ada@Example.COM "), Ok("ada@example.com".to_owned()));
        for bad in ["", "ada", "@example.com", "ada@", "ada@localhost", "a@b@c.d", "a b@c.de", "ada@c..de"] {
            assert!(valid_email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn path_parts() {
        for good in ["demo", "v1.0", "{id}", "a:b"] {
            assert_eq!(path_part_problem(good, false), None, "{good}");
        }
        assert_eq!(path_part_problem("{proxy+}", true), None);
        for bad in ["", "a b", "{}", "{a b}", "{proxy+}", "ä", "a/b"] {
            assert!(path_part_problem(bad, false).is_some(), "{bad}");
        }
    }

    #[test]
    fn regions() {
        for good in ["us-east-1", "eu-central-1", "us-gov-west-1"] {
            assert!(is_region(good), "{good}");
        }
        for bad in ["", "us-east", "useast1", "US-EAST-1", "us-east-1a", "us_east_1"] {
            assert!(!is_region(bad), "{bad}");
        }
    }
}
