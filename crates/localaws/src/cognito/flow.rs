//! Which ways to sign in an app client has enabled.

use serde::{Deserialize, Serialize};

/// `ExplicitAuthFlowsType` of the model; the first three are the legacy names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Flow {
    AdminNoSrpAuth,
    CustomAuthFlowOnly,
    UserPasswordAuth,
    AllowAdminUserPasswordAuth,
    AllowCustomAuth,
    AllowUserPasswordAuth,
    AllowUserSrpAuth,
    AllowRefreshTokenAuth,
    AllowUserAuth,
}

impl Flow {
    pub(super) fn is_legacy(self) -> bool {
        matches!(
            self,
            Self::AdminNoSrpAuth | Self::CustomAuthFlowOnly | Self::UserPasswordAuth
        )
    }

    /// Whether a client with these flows may use this one (an `ALLOW_` value).
    pub(super) fn is_allowed(self, flows: &[Self]) -> bool {
        if flows.is_empty() {
            return matches!(
                self,
                Self::AllowRefreshTokenAuth | Self::AllowUserSrpAuth | Self::AllowCustomAuth
            );
        }
        if !flows.iter().any(|flow| flow.is_legacy()) {
            return flows.contains(&self);
        }
        match self {
            Self::AllowAdminUserPasswordAuth => flows.contains(&Self::AdminNoSrpAuth),
            Self::AllowUserPasswordAuth => flows.contains(&Self::UserPasswordAuth),
            Self::AllowUserSrpAuth => !flows.contains(&Self::CustomAuthFlowOnly),
            Self::AllowRefreshTokenAuth | Self::AllowCustomAuth => true,
            _ => false,
        }
    }
}
