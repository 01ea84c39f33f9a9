//! Texts whose rule is more than a class of characters: what is wrong with one, if anything.

use super::{problem::quote, rules::in_class};
use labfiles::is_unruly;

/// 32, so that what is named after a lab stays within AWS's limits.
pub(super) fn lab_name(text: &str) -> Option<String> {
    let good = (1..=32).contains(&text.len())
        && text.chars().all(|c| in_class(c, r"a-z0-9\-"))
        && !text.starts_with('-');
    if !good {
        return Some(format!(
            "{} is not a lab's name: 1 to 32 of a–z, 0–9 and `-`",
            quote(text)
        ));
    }
    // The state of a lab is in `.labctl/<lab>`.
    (text == "local")
        .then(|| "`local` is the folder of the local twin: the lab needs another name".to_owned())
}

pub(super) fn region(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('-').collect();
    let lower = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let good = match parts.as_slice() {
        [area, rest @ .., number] => {
            let rest = rest.strip_prefix(&["gov"]).unwrap_or(rest);
            area.len() == 2
                && lower(area)
                && number.len() == 1
                && number.bytes().all(|b| b.is_ascii_digit())
                && matches!(rest, [place] if lower(place))
        }
        _ => false,
    };
    (!good).then(|| format!("{} is not an AWS region", quote(text)))
}

pub(super) fn handler(text: &str) -> Option<String> {
    if text.chars().count() > 128 || text.chars().any(char::is_whitespace) {
        return Some(format!(
            "{} is not a handler: at most 128 characters, no blanks",
            quote(text)
        ));
    }
    let parts = text.rsplit_once('.').filter(|(module, function)| {
        module
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
            && module.split('.').all(|part| !part.is_empty())
            && !function.is_empty()
            && !function.contains('/')
    });
    parts
        .is_none()
        .then(|| format!("{} is not `module.function`", quote(text)))
}

/// Names that Lambda sets itself; its documentation lists them.
const RESERVED_VARIABLES: &[&str] = &[
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

pub(super) fn variable(text: &str) -> Option<String> {
    let good = text.len() >= 2
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| in_class(c, "A-Za-z0-9_"));
    if !good {
        let rule = "a letter, then at least one letter, digit or `_`";
        return Some(format!(
            "{} is not a variable that Lambda takes: {rule}",
            quote(text)
        ));
    }
    RESERVED_VARIABLES
        .contains(&text)
        .then(|| format!("Lambda sets {} itself", quote(text)))
}

pub(super) fn policy_arn(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let good = match parts.as_slice() {
        ["arn", partition, "iam", "", owner, rest] => {
            let account = owner.len() == 12 && owner.bytes().all(|b| b.is_ascii_digit());
            partition.starts_with("aws")
                && (*owner == "aws" || account)
                && rest
                    .strip_prefix("policy/")
                    .is_some_and(|name| !name.is_empty())
                && text.chars().all(|c| c.is_ascii_graphic())
        }
        _ => false,
    };
    (!good).then(|| format!("{} is not the ARN of an IAM policy", quote(text)))
}

/// What a client can send: API Gateway knows context and stage variables too.
pub(super) fn identity_source(text: &str) -> Option<String> {
    let good = text.split_once('.').is_some_and(|(place, name)| {
        matches!(place, "header" | "query")
            && (1..=128).contains(&name.len())
            && name.chars().all(|c| in_class(c, r"A-Za-z0-9_\-"))
    });
    (!good).then(|| format!("{} is not `header.NAME` or `query.NAME`", quote(text)))
}

/// As browsers send it: scheme, host, port, in lower case and without a path.
pub(super) fn origin(text: &str) -> Option<String> {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let good = text == "*"
        || host.is_some_and(|host| {
            !host.is_empty() && host.chars().all(|c| in_class(c, r"a-z0-9.:\-"))
        });
    (!good).then(|| {
        format!(
            "{} is not an origin: scheme and host, without a path",
            quote(text)
        )
    })
}

/// Documented form, and words that Cognito keeps to itself.
pub(super) fn domain_prefix(text: &str) -> Option<String> {
    let good = (1..=63).contains(&text.len())
        && text.chars().all(|c| in_class(c, r"a-z0-9\-"))
        && !text.starts_with('-')
        && !text.ends_with('-');
    if !good {
        return Some(format!(
            "{} is not a domain's prefix: 1 to 63 of a–z, 0–9 and `-`, none at either end",
            quote(text)
        ));
    }
    let reserved = ["aws", "amazon", "cognito"];
    let word = reserved.iter().find(|word| text.contains(**word))?;
    Some(format!(
        "Cognito takes no domain's prefix with `{word}` in it"
    ))
}

/// Narrower than Cognito's own rule, and without the names that it has for others.
pub(super) fn provider_name(text: &str) -> Option<String> {
    let good = (3..=32).contains(&text.len()) && text.chars().all(|c| in_class(c, r"A-Za-z0-9\-"));
    if !good {
        return Some(format!(
            "{} is not a provider's name: 3 to 32 letters, digits and `-`",
            quote(text)
        ));
    }
    let taken = [
        "COGNITO",
        "Facebook",
        "Google",
        "LoginWithAmazon",
        "SignInWithApple",
    ];
    taken
        .contains(&text)
        .then(|| format!("Cognito has {} for another provider", quote(text)))
}

/// Whether an address without TLS leads to one of these hosts, on any port.
pub(super) fn is_plain_to(text: &str, hosts: &[&str]) -> bool {
    text.strip_prefix("http://")
        .is_some_and(|rest| leads_to(rest, hosts))
}

/// Whether an address, without its scheme, leads to one of these hosts. A name and a password before the host make
/// `localhost:80@evil.example` lead elsewhere.
fn leads_to(address: &str, hosts: &[&str]) -> bool {
    let end = address.find(['/', '?', '#']);
    let place = address.get(..end.unwrap_or(address.len()));
    let (host, port) = place
        .unwrap_or_default()
        .split_once(':')
        .unwrap_or((place.unwrap_or_default(), ""));
    hosts.contains(&host) && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether an address leads to this machine.
pub(crate) fn is_loopback(url: &str) -> bool {
    let rest = ["http://", "https://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    rest.is_some_and(|rest| leads_to(rest, LOOPBACK))
}

/// This machine, for the local twin.
pub(super) const LOOPBACK: &[&str] = &["localhost", "127.0.0.1"];

/// Cognito speaks to providers over TLS; without it only the local twin does, on this machine.
pub(super) fn issuer(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| {
        text.strip_prefix("http://")
            .filter(|_| is_plain_to(text, LOOPBACK))
    });
    let good = rest.is_some_and(|rest| {
        !rest.is_empty()
            && rest.len() <= 1024
            && !rest.contains(['?', '#'])
            && rest.chars().all(|c| c.is_ascii_graphic())
    });
    if !good {
        return Some(format!(
            "{} is not an issuer: https and a host (http on 127.0.0.1, for the local twin)",
            quote(text)
        ));
    }
    text.ends_with('/').then(|| {
        format!(
            "{} ends with `/`: Cognito wants the issuer without",
            quote(text)
        )
    })
}

/// https, http on this machine, or an app's own scheme; without a fragment (documented).
pub(super) fn callback_url(text: &str) -> Option<String> {
    let not = |why: &str| Some(format!("{} is not a callback URL: {why}", quote(text)));
    let Some((scheme, rest)) = text.split_once("://") else {
        return not("it has no scheme, like https://");
    };
    let scheme_fits = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.chars().all(|c| in_class(c, r"a-z0-9+.\-"));
    if !scheme_fits || rest.is_empty() || text.len() > 1024 {
        return not("a scheme, `://` and a place, of at most 1024 characters");
    }
    if text.contains('#') || !text.chars().all(|c| c.is_ascii_graphic()) {
        return not("it has a blank or a fragment (`#`)");
    }
    let plain = scheme == "http" && !is_plain_to(text, &["localhost"]);
    plain
        .then(|| not("without TLS Cognito takes only http://localhost"))
        .flatten()
}

pub(super) fn stage(text: &str) -> Option<String> {
    let good =
        (1..=128).contains(&text.len()) && text.chars().all(|c| in_class(c, r"A-Za-z0-9_\-"));
    if !good {
        return Some(format!(
            "{} is not a stage's name: 1 to 128 letters, digits, `-` and `_`",
            quote(text)
        ));
    }
    (text == "test-invoke-stage")
        .then(|| "API Gateway keeps `test-invoke-stage` for test-invoke".to_owned())
}

/// As ISO 3166-1 writes it; which codes there are is CloudFront's affair.
pub(super) fn country(text: &str) -> Option<String> {
    let good = text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
    (!good).then(|| {
        format!(
            "{} is not a country's code: two capital letters",
            quote(text)
        )
    })
}

pub(super) fn domain_name(text: &str) -> Option<String> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| in_class(c, r"a-z0-9\-"))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let good = text.len() <= 253
        && text.split('.').count() >= 2
        && text.split('.').all(label)
        && !text.ends_with(|c: char| c.is_ascii_digit());
    (!good).then(|| {
        format!(
            "{} is not a domain: names in lower case, with dots",
            quote(text)
        )
    })
}

/// CloudFront's documentation: certificates of ACM in us-east-1 only.
pub(super) fn certificate(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "acm", region, account, rest] = parts.as_slice() else {
        return Some(format!("{} is not the ARN of a certificate", quote(text)));
    };
    let good = partition.starts_with("aws")
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && rest
            .strip_prefix("certificate/")
            .is_some_and(|id| !id.is_empty() && id.chars().all(|c| in_class(c, r"A-Za-z0-9\-")));
    if !good {
        return Some(format!("{} is not the ARN of a certificate", quote(text)));
    }
    (*region != "us-east-1").then(|| {
        format!(
            "the certificate is in {}: CloudFront takes certificates of us-east-1 only",
            quote(region)
        )
    })
}

/// The address as labctl uses it (lower-case), or what is wrong with it.
pub fn valid_email(text: &str) -> Result<String, String> {
    let email = text.trim().to_lowercase();
    if email.chars().count() > 128 {
        return Err("an e-mail address has at most 128 characters here".to_owned());
    }
    let not = |what: &str| Err(format!("{} is not an e-mail address: {what}", quote(text)));
    if email.chars().any(|c| c.is_whitespace() || is_unruly(c)) {
        return not("it has a blank");
    }
    let Some((name, domain)) = email.split_once('@') else {
        return not("it has no `@`");
    };
    if name.is_empty() || domain.contains('@') {
        return not("it has one `@`, after a name");
    }
    if !domain.contains('.') || domain.split('.').any(str::is_empty) {
        return not("a domain follows the `@`, like example.com");
    }
    Ok(email)
}
