//! The checks of the managed login domain and of the identity providers behind it, as far as a client without a
//! user of theirs can see.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use serde::Deserialize;

use super::{checks::Prober, function::query, want::short};
use crate::aws::{Answer, Cx, Effect, Fault, Http, Request};

/// The managed login domain, and an app client of it.
#[derive(Debug, Clone)]
pub struct Login {
    /// `https://PREFIX.auth.REGION.amazoncognito.com`.
    pub url: String,
    /// The app client.
    pub client_id: String,
    /// Where a sign-in may end.
    pub callback: String,
    /// What may be asked for.
    pub scopes: Vec<String>,
}

/// An identity provider.
#[derive(Debug, Clone)]
pub struct Federation {
    /// Its name in the user pool.
    pub name: String,
    /// How it is spoken to.
    pub via: Via,
}

/// How an identity provider is spoken to.
#[derive(Debug, Clone)]
pub enum Via {
    /// `OpenID` Connect.
    Oidc {
        /// Where the provider describes itself.
        issuer: String,
        /// What it knows the user pool as.
        client_id: String,
        /// What it is asked for.
        scopes: Vec<String>,
    },
    /// SAML.
    Saml,
}

/// Nobody's callback: reserved names lead nowhere (RFC 2606).
const STRANGER: &str = "https://stranger.example/callback";

/// The S256 challenge of RFC 7636, appendix B; nothing here needs its verifier.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

impl Login {
    /// The address that a sign-in begins at.
    fn authorize(&self, callback: &str, provider: Option<&str>) -> String {
        let mut parts = vec![
            query("response_type", "code"),
            query("client_id", &self.client_id),
            query("redirect_uri", callback),
            query("scope", &self.scopes.join(" ")),
            query("state", "labctl-verify"),
            query("code_challenge", CHALLENGE),
            query("code_challenge_method", "S256"),
        ];
        parts.extend(provider.map(|name| query("identity_provider", name)));
        format!("{}/oauth2/authorize?{}", self.url, parts.join("&"))
    }
}

impl Prober<'_> {
    /// The page, the app client with its callback, and nobody else's.
    pub async fn login(&mut self, login: &Login) {
        let page = format!(
            "{}/login?{}&{}&{}",
            login.url,
            query("response_type", "code"),
            query("client_id", &login.client_id),
            query("redirect_uri", &login.callback),
        );
        let expected = "200 and a page";
        let is_page = |answer: &Answer| {
            let kind = answer.header("content-type").unwrap_or_default();
            answer.status == 200 && kind.starts_with("text/html")
        };
        self.at_domain("the sign-in page", expected, &page, |answer| {
            let ok = is_page(answer);
            let seen = if ok {
                expected.to_owned()
            } else {
                short(&format!("{} {}", answer.status, answer.body))
            };
            (ok, seen)
        })
        .await;

        let url = login.authorize(&login.callback, None);
        let expected = "302 to the sign-in page";
        self.at_domain("/oauth2/authorize of the app", expected, &url, |answer| {
            let to = location(answer);
            let ok = is_redirect(answer) && to.contains("/login?") && !to.contains("error=");
            (ok, told(answer, ok.then_some("the sign-in page")))
        })
        .await;

        let url = login.authorize(STRANGER, None);
        let expected = "an error, and no way to the stranger's callback";
        let name = "/oauth2/authorize with a stranger's callback";
        self.at_domain(name, expected, &url, |answer| {
            let to = location(answer);
            let refused = (400..500).contains(&answer.status)
                || (is_redirect(answer) && to.contains("error="));
            let ok = refused && !to.starts_with(STRANGER);
            (ok, told(answer, None))
        })
        .await;
    }

    /// Where a sign-in through a provider leads.
    pub async fn federation(&mut self, pool_id: &str, login: &Login, federation: &Federation) {
        let since = Instant::now();
        let name = format!("sign-in through {}", federation.name);
        let provider = Some(federation.name.as_str());
        let url = login.authorize(&login.callback, provider);
        let back = format!("{}/oauth2/idpresponse", login.url);
        match &federation.via {
            Via::Oidc {
                issuer,
                client_id,
                scopes,
            } => {
                let endpoint = match authorization_endpoint(issuer).await {
                    Ok(endpoint) => endpoint,
                    Err(why) => {
                        let expected = "the provider's description of itself".to_owned();
                        self.tell(name, false, expected, why, since);
                        return;
                    }
                };
                let expected = format!("302 to {endpoint} with client, callback and scopes");
                self.at_domain(&name, &expected, &url, |answer| {
                    let (to, given) = taken_apart(location(answer));
                    let has = |name: &str, value: &str| {
                        given.get(name).is_some_and(|given| given == value)
                    };
                    let asked = given.get("scope").map(|s| words(s)).unwrap_or_default();
                    let ok = is_redirect(answer)
                        && to == taken_apart(&endpoint).0
                        && has("response_type", "code")
                        && has("client_id", client_id)
                        && has("redirect_uri", &back)
                        && asked == words(&scopes.join(" "));
                    (
                        ok,
                        if ok {
                            expected.clone()
                        } else {
                            told(answer, None)
                        },
                    )
                })
                .await;
            }
            Via::Saml => {
                let endpoint = match sso_url(self.cx, pool_id, &federation.name).await {
                    Ok(endpoint) => endpoint,
                    Err(fault) => {
                        let expected = "the provider's sign-in address".to_owned();
                        self.tell(name, false, expected, fault.to_string(), since);
                        return;
                    }
                };
                let expected = format!("302 to {endpoint} with a SAMLRequest");
                self.at_domain(&name, &expected, &url, |answer| {
                    let (to, given) = taken_apart(location(answer));
                    let request = given.get("SAMLRequest");
                    let ok = is_redirect(answer)
                        && to == taken_apart(&endpoint).0
                        && request.is_some_and(|request| !request.is_empty());
                    (
                        ok,
                        if ok {
                            expected.clone()
                        } else {
                            told(answer, None)
                        },
                    )
                })
                .await;
            }
        }
        let message = format!(
            "not proven: sign-in through {} to its end, which takes a user of that provider: try it in a browser",
            federation.name
        );
        self.cx.warn(message);
    }

    /// GETs an address of the domain, which is there some time after it was made.
    async fn at_domain(
        &mut self,
        name: &str,
        expected: &str,
        url: &str,
        judge: impl Fn(&Answer) -> (bool, String),
    ) {
        let since = Instant::now();
        let (ok, seen) = self
            .patiently(
                async || match self.http.send(&Request::new("GET", url)).await {
                    Ok(answer) => judge(&answer),
                    Err(error) => (false, error.to_string()),
                },
            )
            .await;
        self.tell(name.to_owned(), ok, expected.to_owned(), seen, since);
    }
}

fn is_redirect(answer: &Answer) -> bool {
    matches!(answer.status, 302 | 303 | 307)
}

fn location(answer: &Answer) -> &str {
    answer.header("location").unwrap_or_default()
}

/// An answer in a line; `to`: what it leads to, when it is known.
fn told(answer: &Answer, to: Option<&str>) -> String {
    match (to, location(answer)) {
        (Some(to), _) => format!("{} to {to}", answer.status),
        (None, "") => short(&format!("{} {}", answer.status, answer.body)),
        (None, to) => format!("{} to {}", answer.status, short(to)),
    }
}

/// An address without its query, and the query's parameters.
fn taken_apart(url: &str) -> (String, BTreeMap<String, String>) {
    let (place, rest) = url.split_once('?').unwrap_or((url, ""));
    let pairs = rest.split('&').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(name, value)| (unescaped(name), unescaped(value)));
    (place.to_owned(), pairs.collect())
}

fn words(scopes: &str) -> BTreeSet<&str> {
    scopes.split(' ').filter(|word| !word.is_empty()).collect()
}

/// A value of a query, with what is not UTF-8 replaced.
pub(crate) fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let hex = tail.get(..2).filter(|_| *first == b'%');
        let hex = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None if *first == b'+' => bytes.push(b' '),
            None => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What an OIDC provider says of itself.
#[derive(Deserialize)]
struct Discovery {
    authorization_endpoint: String,
}

async fn authorization_endpoint(issuer: &str) -> Result<String, String> {
    let url = format!("{issuer}/.well-known/openid-configuration");
    let answer = Http::new(&url).get(&url, None).await;
    let answer = answer.map_err(|error| error.to_string())?;
    let said: Result<Discovery, _> = serde_json::from_str(&answer.body);
    match said {
        Ok(said) if answer.status == 200 => Ok(said.authorization_endpoint),
        _ => Err(format!(
            "{url} answers {} {}",
            answer.status,
            short(&answer.body)
        )),
    }
}

/// Where Cognito sends users of a SAML provider, by the provider's metadata as Cognito has read it.
async fn sso_url(cx: &Cx, pool_id: &str, name: &str) -> Result<String, Fault> {
    let operation = "cognito-idp:DescribeIdentityProvider";
    let member = "SSORedirectBindingURI";
    let answer = cx
        .call(operation, Effect::Read, || {
            let describe = cx.clients().cognito.describe_identity_provider();
            describe.user_pool_id(pool_id).provider_name(name).send()
        })
        .await?;
    let details = answer.identity_provider.and_then(|p| p.provider_details);
    let url = details.and_then(|mut details| details.remove(member));
    url.ok_or_else(|| Fault::missing(operation, member))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let (place, given) = taken_apart("https://a.example/x?scope=openid+email&state=a%3Db%2&x");
        assert_eq!(place, "https://a.example/x");
        assert_eq!(given["scope"], "openid email");
        assert_eq!(given["state"], "a=b%2");
        assert_eq!(taken_apart("").0, "");
    }
}
