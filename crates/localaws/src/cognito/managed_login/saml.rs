//! SAML as far as it is served: a provider's metadata, and the request that a user is sent there with.

use base64::{Engine, engine::general_purpose::STANDARD};
use xmlparser::{ElementEnd, Token, Tokenizer};

use super::{Site, with};
use crate::ids;

/// Of `ProviderDetails`: where users are sent.
pub(super) const ENDPOINT: &str = "SSORedirectBindingURI";
const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";

/// The address of the redirect binding in a provider's metadata. `None`: it is no such metadata.
pub(super) fn endpoint(metadata: &str) -> Option<String> {
    let mut inside = false;
    let (mut binding, mut location) = (String::new(), String::new());
    for token in Tokenizer::from(metadata) {
        match token.ok()? {
            Token::ElementStart { local, .. } => {
                inside = local.as_str() == "SingleSignOnService";
                binding.clear();
                location.clear();
            }
            Token::Attribute { local, value, .. } if inside => match local.as_str() {
                "Binding" => value.as_str().clone_into(&mut binding),
                "Location" => location = value.as_str().replace("&amp;", "&"),
                _ => {}
            },
            Token::ElementEnd {
                end: ElementEnd::Open | ElementEnd::Empty,
                ..
            } if inside && binding == REDIRECT && !location.is_empty() => return Some(location),
            _ => {}
        }
    }
    None
}

/// The provider's address with an authentication request (SAML 2.0 bindings, 3.4: deflated, base64, escaped).
pub(super) fn request(site: &Site, endpoint: &str, relay_state: &str) -> String {
    let id = ids::uuid();
    let at = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    let attribute = |text: &str| text.replace('&', "&amp;").replace('"', "&quot;");
    let xml = format!(
        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_{id}\" Version=\"2.0\" \
         IssueInstant=\"{at}\" Destination=\"{}\" AssertionConsumerServiceURL=\"{}/saml2/idpresponse\" \
         ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\">\
         <saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">urn:amazon:cognito:sp:{}</saml:Issuer>\
         </samlp:AuthnRequest>",
        attribute(endpoint),
        attribute(&site.url),
        site.place.pool
    );
    let request = STANDARD.encode(stored(xml.as_bytes()));
    with(
        endpoint,
        &[("SAMLRequest", &request), ("RelayState", relay_state)],
    )
}

/// DEFLATE without compressing anything (RFC 1951, 3.2.4): one block, of less than 64 KiB.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let bytes = bytes.get(..usize::from(length)).unwrap_or(bytes);
    let mut out = vec![1];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(bytes);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_say_where_users_are_sent() {
        let metadata = |binding: &str| {
            format!(
                "<?xml version=\"1.0\"?><md:EntityDescriptor xmlns:md=\"m\" entityID=\"x\"><md:IDPSSODescriptor>\
                 <md:SingleSignOnService Binding=\"urn:other\" Location=\"https://idp.example/post\"/>\
                 <md:SingleSignOnService Location=\"https://idp.example/sso?a=1&amp;b=2\" Binding=\"{binding}\"/>\
                 </md:IDPSSODescriptor></md:EntityDescriptor>"
            )
        };
        let found = endpoint(&metadata(REDIRECT));
        assert_eq!(found.as_deref(), Some("https://idp.example/sso?a=1&b=2"));
        assert_eq!(endpoint(&metadata("urn:another")), None);
        assert_eq!(endpoint("<a"), None);
        assert_eq!(stored(b"ab"), [1, 2, 0, 0xfd, 0xff, b'a', b'b']);
    }
}
