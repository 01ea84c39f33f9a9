//! The user pool of a file: what its parts say of each other, and the defaults.

use std::{collections::BTreeSet, path::Path};

use super::{
    AppClient, Factor, User, UserPool,
    check::note_twin,
    file,
    forms::valid_email,
    kinds::{List, Text},
    problem::{Notes, Place},
    providers, rules,
};

/// Time-based one-time passwords as the second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mfa {
    /// Of users who have set up a generator.
    Optional,
    /// Of all users; who has no generator sets one up at sign-in.
    Required,
}

/// What an app may ask for at the domain when the file does not say it.
const SCOPES: [&str; 4] = [
    "openid",
    "email",
    "profile",
    "aws.cognito.signin.user.admin",
];

pub(super) fn check(file: file::UserPool, dir: &Path, notes: &Notes) -> Option<UserPool> {
    if let Some(list) = &file.sign_in {
        let mut ways = BTreeSet::new();
        for way in &list.items {
            note_twin(&mut ways, &way.value, "the way", way.place, notes);
        }
        if list.length == 0 {
            notes.note(list.place, "users sign in with nothing", "sign_in: [email]");
        }
    }
    let mfa = file.mfa.and_then(|mfa| mfa.totp.0);
    let first_factors = match file.first_factors {
        Some(list) => factors(list, mfa.as_ref(), notes),
        None if mfa.is_some() => vec![Factor::Password],
        None => vec![Factor::Password, Factor::EmailOtp],
    };
    if let (Some(map), None) = (&file.identity_providers, &file.domain) {
        let message = "users of identity providers sign in through the managed login domain";
        let hint = "add its prefix to the user pool, like `domain: my-lab-4711`";
        notes.note(map.place, message, hint);
    }
    let client = file.app_client.0;
    if let Some(client) = &client {
        domain_keys(client, file.domain.as_ref(), notes);
    }
    let identity_providers = file
        .identity_providers
        .map(|map| providers::check(map, dir, notes))
        .unwrap_or_default();
    let app_client = client.and_then(|client| app_client(client, notes));
    let with_code = first_factors.contains(&Factor::EmailOtp);
    let users = file
        .users
        .map(|list| users(list, with_code, notes))
        .unwrap_or_default();
    Some(UserPool {
        name: file.name.0?.value,
        first_factors,
        mfa: mfa.map(|totp| match totp.value.as_str() {
            "optional" => Mfa::Optional,
            _ => Mfa::Required,
        }),
        domain: file.domain.map(|domain| domain.value),
        identity_providers,
        app_client: app_client?,
        users,
    })
}

/// What an app client says of the domain goes with one.
fn domain_keys(
    client: &file::AppClient,
    domain: Option<&Text<rules::DomainPrefix>>,
    notes: &Notes,
) {
    let callbacks = client.callback_urls.as_ref();
    if let Some(domain) = domain {
        if callbacks.is_none_or(|list| list.length == 0) {
            let message =
                "managed login needs `callback_urls` of the app client: where a sign-in ends";
            let hint = "app_client: { …, callback_urls: [\"http://localhost:8000/\"] }";
            notes.note(domain.place, message, hint);
        }
        return;
    }
    let keys = [
        ("callback_urls", callbacks.map(|list| list.place)),
        ("logout_urls", client.logout_urls.as_ref().map(|l| l.place)),
        ("scopes", client.scopes.as_ref().map(|list| list.place)),
    ];
    for (key, place) in keys {
        if let Some(place) = place {
            let message = format!("`{key}` means nothing without a managed login domain");
            let hint = "remove it, or add `domain:` to the user pool";
            notes.note(place, message, hint);
        }
    }
}

fn factors(
    list: List<Text<rules::Factor>>,
    mfa: Option<&Text<rules::Totp>>,
    notes: &Notes,
) -> Vec<Factor> {
    let all_known = list.items.len() == list.length;
    let (mut known, mut words) = (BTreeSet::new(), Vec::new());
    for word in list.items {
        if let Some(mfa) = mfa.filter(|_| word.value == "email_otp") {
            note_code_with_mfa(word.place, mfa, notes);
        }
        if !note_twin(&mut known, &word.value, "the factor", word.place, notes) {
            words.push(word.value);
        }
    }
    if all_known && !words.iter().any(|word| word == "password") {
        let message = "Cognito takes a list of first factors only with `password` in it";
        notes.note(list.place, message, "first_factors: [password, email_otp]");
    }
    words
        .iter()
        .map(|word| {
            if word == "password" {
                Factor::Password
            } else {
                Factor::EmailOtp
            }
        })
        .collect()
}

/// Documented: required MFA excludes factors without a password, and who has set up MFA is offered none.
fn note_code_with_mfa(place: Place, mfa: &Text<rules::Totp>, notes: &Notes) {
    let message = if mfa.value == "required" {
        "Cognito takes no e-mail codes as a first factor where MFA is required"
    } else {
        "Cognito sends no e-mail codes to users who have set up MFA"
    };
    let hint = format!(
        "write `first_factors: [password]` here, or remove `mfa` (line {})",
        mfa.place.line
    );
    notes.note(place, message, hint);
}

fn app_client(file: file::AppClient, notes: &Notes) -> Option<AppClient> {
    let access_token_minutes = file.access_token_minutes.map_or(60, |n| n.0);
    let id_token_minutes = file.id_token_minutes.map_or(60, |n| n.0);
    let refresh_token_days = file.refresh_token_days.as_ref().map_or(30, |n| n.0);
    if let Some(days) = file
        .refresh_token_days
        .filter(|n| n.0 * 1440 <= access_token_minutes.max(id_token_minutes))
    {
        let message = format!(
            "refresh tokens of {} day do not outlive access and ID tokens",
            days.0
        );
        let hint = "more days, or fewer minutes for the other tokens";
        notes.note(days.1, message, hint);
    }
    Some(AppClient {
        name: file.name.0?.value,
        session_minutes: file.session_minutes.map_or(10, |n| n.0),
        access_token_minutes,
        id_token_minutes,
        refresh_token_days,
        rotation_grace_s: file
            .refresh_rotation
            .and_then(|rotation| rotation.grace_seconds.0)
            .map(|n| n.0),
        callback_urls: file
            .callback_urls
            .map(|l| urls(l, notes))
            .unwrap_or_default(),
        logout_urls: file.logout_urls.map(|l| urls(l, notes)).unwrap_or_default(),
        scopes: file.scopes.map_or_else(
            || SCOPES.map(str::to_owned).to_vec(),
            |list| scopes(list, notes),
        ),
    })
}

fn urls(list: List<Text<rules::CallbackUrl>>, notes: &Notes) -> Vec<String> {
    let mut known = BTreeSet::new();
    for url in &list.items {
        note_twin(&mut known, &url.value, "the URL", url.place, notes);
    }
    list.items.into_iter().map(|url| url.value).collect()
}

fn scopes(list: List<Text<rules::OAuthScope>>, notes: &Notes) -> Vec<String> {
    let mut known = BTreeSet::new();
    for scope in &list.items {
        note_twin(&mut known, &scope.value, "the scope", scope.place, notes);
    }
    if list.length == 0 {
        let hint = "scopes: [openid, email], or without the key";
        notes.note(list.place, "an app that may ask for nothing", hint);
    }
    list.items.into_iter().map(|scope| scope.value).collect()
}

/// `with_code`: users may sign in with a code by mail, so that they need no password.
fn users(list: List<file::User>, with_code: bool, notes: &Notes) -> Vec<User> {
    let mut known = BTreeSet::new();
    let user = |user: file::User| {
        let email = user.email.0?;
        let address = valid_email(&email.value).ok()?;
        let twin = note_twin(&mut known, &address, "the user", email.place, notes);
        if !with_code && user.password_env.is_none() {
            let message = "who signs in with a password alone needs one";
            let hint = "name the environment variable that it is in, like `password_env: STUDENT_PASSWORD`";
            notes.note(email.place, message, hint);
        }
        (!twin).then_some(User {
            email: address,
            password_env: user.password_env.and_then(|name| Some(name.0?.value)),
        })
    };
    list.items.into_iter().filter_map(user).collect()
}
