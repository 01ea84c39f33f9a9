//! Users of a pool, and how a name that someone types finds one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    fault, mailed_code::MailedCode, mfa::SoftwareToken, password::Password, pool::Pool,
    schema::NameValue, token::DAY,
};
use crate::{
    app::{now_ms, now_s},
    call::ApiError,
};

/// The states that the twin's operations lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    /// Signed up; the code has not come back yet.
    Unconfirmed,
    Confirmed,
    ForceChangePassword,
    /// Of an identity provider.
    ExternalProvider,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Unconfirmed => "UNCONFIRMED",
            Self::Confirmed => "CONFIRMED",
            Self::ForceChangePassword => "FORCE_CHANGE_PASSWORD",
            Self::ExternalProvider => "EXTERNAL_PROVIDER",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct User {
    pub(super) username: String,
    /// With `sub`.
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) status: Status,
    /// `None`: signs in without one.
    pub(super) password: Option<Password>,
    /// Seconds.
    pub(super) created: f64,
    pub(super) modified: f64,
    /// When `GlobalSignOut` was last called, seconds.
    pub(super) signed_out: Option<i64>,
    /// By `AdminDisableUser`.
    #[serde(default)]
    pub(super) disabled: bool,
    #[serde(default)]
    pub(super) software_token: Option<SoftwareToken>,
    #[serde(default)]
    pub(super) sign_up_code: Option<MailedCode>,
    #[serde(default)]
    pub(super) password_code: Option<MailedCode>,
}

impl User {
    /// Somebody of whom nothing is known yet.
    pub(super) fn new(username: String, status: Status) -> Self {
        let now = now_s();
        Self {
            username,
            attributes: BTreeMap::new(),
            status,
            password: None,
            created: now,
            modified: now,
            signed_out: None,
            disabled: false,
            software_token: None,
            sign_up_code: None,
            password_code: None,
        }
    }

    /// Who comes from a provider has no other way in: no address of theirs is a name to sign in with.
    fn is_external(&self) -> bool {
        self.status == Status::ExternalProvider
    }

    /// A disabled user cannot take any step of a sign-in.
    pub(super) fn check_enabled(&self) -> Result<(), ApiError> {
        if self.disabled {
            return Err(fault::not_authorized("User is disabled."));
        }
        Ok(())
    }

    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    pub(super) fn has_verified(&self, kind: &str) -> bool {
        !self.attribute(kind).is_empty() && self.attribute(&format!("{kind}_verified")) == "true"
    }

    /// Sets attributes; an empty value removes one. A new e-mail address is not verified, unless
    /// the same request says so.
    pub(super) fn set(&mut self, wanted: &[NameValue]) {
        for kind in ["email", "phone_number"] {
            let changes = wanted
                .iter()
                .any(|a| a.name == kind && a.value != self.attribute(kind));
            let verified = format!("{kind}_verified");
            if changes && self.attributes.contains_key(&verified) {
                self.attributes.insert(verified, "false".to_owned());
            }
        }
        for NameValue { name, value } in wanted {
            if value.is_empty() {
                self.attributes.remove(name);
            } else if name.ends_with("_verified") {
                // Unsure: that AWS keeps `True` as `true`.
                self.attributes
                    .insert(name.clone(), value.to_ascii_lowercase());
            } else {
                self.attributes.insert(name.clone(), value.clone());
            }
        }
    }
}

impl Pool {
    fn same(&self, a: &str, b: &str) -> bool {
        // Without UsernameConfiguration a pool is case sensitive (model: "true … is the default value").
        if self.case_sensitive.unwrap_or(true) {
            a == b
        } else {
            a.to_lowercase() == b.to_lowercase()
        }
    }

    /// The user who may sign in with `login`: username, `sub`, or a live alias.
    pub(super) fn find(&self, login: &str) -> Option<&User> {
        self.users.get(login).or_else(|| {
            self.users.values().find(|user| {
                self.same(&user.username, login)
                    || user.attribute("sub") == login
                    || (!user.is_external() && self.is_known_as(user, login))
            })
        })
    }

    /// Whether `login` is one of the attributes that people sign in with.
    fn is_known_as(&self, user: &User, login: &str) -> bool {
        let mut names = self.username_attributes.iter();
        let mut aliases = self.alias_attributes.iter();
        names.any(|a| self.same(user.attribute(a), login))
            || aliases.any(|a| self.is_alias(user, a, login))
    }

    /// Whether `value` is a live alias of the user: verified, where that applies.
    fn is_alias(&self, user: &User, attribute: &str, value: &str) -> bool {
        self.same(user.attribute(attribute), value)
            && (attribute == "preferred_username" || user.has_verified(attribute))
    }

    pub(super) fn user(&self, login: &str) -> Result<&User, ApiError> {
        self.find(login).ok_or_else(fault::user_absent)
    }

    pub(super) fn user_mut(&mut self, login: &str) -> Result<&mut User, ApiError> {
        let username = self.user(login)?.username.clone();
        self.users.get_mut(&username).ok_or_else(fault::user_absent)
    }

    /// Revokes all of a user's sign-ins.
    pub(super) fn sign_out(&mut self, username: &str) -> Result<(), ApiError> {
        self.user_mut(username)?.signed_out = Some(now_ms() / 1000);
        let of_user = self
            .refresh_tokens
            .values()
            .filter(|token| token.username == username);
        let origins: Vec<_> = of_user
            .map(|token| (token.origin_jti.clone(), token.expires + DAY))
            .collect();
        self.revoked.extend(origins);
        Ok(())
    }

    /// Another user who holds one of these as sign-in name or live alias: its name, and which attribute.
    pub(super) fn alias_holder(
        &self,
        username: &str,
        attributes: &BTreeMap<String, String>,
    ) -> Option<(String, String)> {
        let verified = |kind: &str| {
            kind == "preferred_username"
                || attributes
                    .get(&format!("{kind}_verified"))
                    .is_some_and(|v| v == "true")
        };
        attributes
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .find_map(|(name, value)| {
                let other = self.users.values().find(|user| {
                    user.username != username
                        && !user.is_external()
                        && ((self.username_attributes.contains(name)
                            && self.same(user.attribute(name), value))
                            || (self.alias_attributes.contains(name)
                                && verified(name)
                                && self.is_alias(user, name, value)))
                })?;
                Some((other.username.clone(), name.clone()))
            })
    }
}
