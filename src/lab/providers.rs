//! Identity providers of the user pool: which keys go with which type.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Component, Path},
};

use super::{
    file,
    forms::{LOOPBACK, is_plain_to},
    kinds::{Map, Text},
    problem::{Notes, Place, quote},
    read::Need,
    rules,
};

/// An identity provider whose users may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityProvider {
    /// How it is spoken to.
    pub provider: Provider,
    /// The provider's claims by the users' attributes that they become.
    pub attributes: BTreeMap<String, String>,
}

/// How a provider is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// `OpenID` Connect.
    Oidc {
        /// Without `/` at its end.
        issuer: String,
        /// What the provider knows the user pool as.
        client_id: String,
        /// The environment variable with the client's secret.
        client_secret_env: String,
        /// What is asked for.
        scopes: Vec<String>,
    },
    /// SAML 2.0.
    Saml {
        /// What the provider says of itself.
        metadata: Metadata,
    },
}

/// Where a SAML provider describes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Metadata {
    /// An address.
    Url(String),
    /// The file's text.
    File(String),
}

/// The most that Cognito takes as one of a provider's details.
const MOST_METADATA_BYTES: u64 = 131_072;

/// What an OIDC provider is asked for when the file does not say it.
const SCOPES: [&str; 2] = ["openid", "email"];

pub(super) fn check(
    map: Map<rules::ProviderName, file::IdentityProvider>,
    dir: &Path,
    notes: &Notes,
) -> BTreeMap<String, IdentityProvider> {
    if map.entries.is_empty() {
        let hint = "give it one, or remove the key";
        notes.note(map.place, "`identity_providers` has no provider", hint);
    }
    let entry = |(name, file): (Text<_>, Option<file::IdentityProvider>)| {
        let provider = provider(&name, file?, dir, notes)?;
        Some((name.value, provider))
    };
    map.entries.into_iter().filter_map(entry).collect()
}

fn provider(
    name: &Text<rules::ProviderName>,
    mut file: file::IdentityProvider,
    dir: &Path,
    notes: &Notes,
) -> Option<IdentityProvider> {
    let attributes = file.attributes.take().map(|map| {
        let entries = map.entries.into_iter();
        let claims = entries.filter_map(|(name, claim)| Some((name.value, claim?.value)));
        claims.collect::<BTreeMap<String, String>>()
    });
    if file.r#type.0.as_ref()?.value == "saml" {
        return Some(IdentityProvider {
            provider: saml(name.place, file, dir, notes)?,
            attributes: attributes.unwrap_or_default(),
        });
    }
    let of_oidc = || BTreeMap::from([("email".to_owned(), "email".to_owned())]);
    Some(IdentityProvider {
        provider: oidc(name.place, file, notes)?,
        attributes: attributes.unwrap_or_else(of_oidc),
    })
}

/// A key that this type needs, or a note of what to write. What is there and wrong is noted already.
fn needed<T>(
    value: Option<Need<T>>,
    what: &str,
    hint: &str,
    place: Place,
    notes: &Notes,
) -> Option<T> {
    if value.is_none() {
        notes.note(place, what, hint);
    }
    value?.0
}

/// Where a key of another type is.
fn place_of<R>(value: Option<Need<Text<R>>>) -> Option<Place> {
    value.and_then(|value| value.0).map(|text| text.place)
}

fn oidc(place: Place, file: file::IdentityProvider, notes: &Notes) -> Option<Provider> {
    if let Some(place) = place_of(file.metadata) {
        let message = "a provider of type `oidc` has no `metadata`";
        let hint = "remove it, or write `type: saml`";
        notes.note(place, message, hint);
    }
    let issuer = needed(
        file.issuer,
        "a provider of type `oidc` needs `issuer`",
        "like `issuer: https://idp.example.com`",
        place,
        notes,
    );
    let client_id = needed(
        file.client_id,
        "a provider of type `oidc` needs `client_id`",
        "the id that the provider gave you for the user pool",
        place,
        notes,
    );
    let client_secret_env = needed(
        file.client_secret_env,
        "a provider of type `oidc` needs `client_secret_env`",
        "the environment variable that the client's secret is in",
        place,
        notes,
    );
    let scopes = match file.scopes {
        None => SCOPES.map(str::to_owned).to_vec(),
        Some(list) => {
            let place = list.place;
            let all_read = list.items.len() == list.length;
            let scopes: Vec<String> = list.items.into_iter().map(|scope| scope.value).collect();
            if all_read && !scopes.iter().any(|scope| scope == "openid") {
                let message = "without the scope `openid` a provider sends no ID token";
                notes.note(place, message, "scopes: [openid, email]");
            }
            scopes
        }
    };
    Some(Provider::Oidc {
        issuer: issuer?.value,
        client_id: client_id?.value,
        client_secret_env: client_secret_env?.value,
        scopes,
    })
}

fn saml(place: Place, file: file::IdentityProvider, dir: &Path, notes: &Notes) -> Option<Provider> {
    let others = [
        ("issuer", place_of(file.issuer)),
        ("client_id", place_of(file.client_id)),
        ("client_secret_env", place_of(file.client_secret_env)),
        ("scopes", file.scopes.map(|l| l.place)),
    ];
    for (key, place) in others {
        if let Some(place) = place {
            let message = format!("a provider of type `saml` has no `{key}`");
            notes.note(place, message, "remove it, or write `type: oidc`");
        }
    }
    let metadata = needed(
        file.metadata,
        "a provider of type `saml` needs `metadata`",
        "a file beside lab.yaml or an address, like `metadata: artifacts/saml/metadata.xml`",
        place,
        notes,
    )?;
    let metadata = metadata_of(&metadata, dir, notes)?;
    Some(Provider::Saml { metadata })
}

fn metadata_of(text: &Text<rules::Metadata>, dir: &Path, notes: &Notes) -> Option<Metadata> {
    let value = &text.value;
    if value.starts_with("https://") || is_plain_to(value, LOOPBACK) {
        return Some(Metadata::Url(value.clone()));
    }
    let wrong = |message: String, hint: &str| {
        notes.note(text.place, message, hint);
        None
    };
    let name = quote(value);
    if value.contains("://") {
        let hint = "an https address, or a file beside lab.yaml";
        return wrong(format!("{name} is no address that Cognito reads"), hint);
    }
    let inside = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    let path = dir.join(value);
    let real = path.canonicalize().ok().zip(dir.canonicalize().ok());
    if !Path::new(value).components().all(inside)
        || real.is_some_and(|(file, dir)| !file.starts_with(dir))
    {
        let hint = "copy it beside lab.yaml, like `artifacts/saml/metadata.xml`";
        return wrong(format!("{name} leaves the lab's folder"), hint);
    }
    // A pipe or a device may never end.
    if !path.is_file() {
        let hint = "`metadata` is looked for beside lab.yaml";
        return wrong(format!("the file {name} is not there"), hint);
    }
    let mut xml = String::new();
    let read = File::open(&path).and_then(|file| {
        let mut some = file.take(MOST_METADATA_BYTES + 1);
        some.read_to_string(&mut xml)
    });
    if let Err(error) = read {
        return wrong(
            format!("{name} cannot be read: {error}"),
            "save it as UTF-8",
        );
    }
    if xml.len() as u64 > MOST_METADATA_BYTES {
        let message = format!("{name} has more than {MOST_METADATA_BYTES} bytes");
        return wrong(message, "write the address that it is found at");
    }
    let missing = ["EntityDescriptor", "SingleSignOnService"]
        .into_iter()
        .find(|element| !xml.contains(element));
    if let Some(element) = missing {
        let message =
            format!("{name} has no `{element}`: it is not an identity provider's metadata");
        let hint = "the provider's administrator has the right file";
        return wrong(message, hint);
    }
    Some(Metadata::File(xml))
}
