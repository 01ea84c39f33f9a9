//! The tutorial's chapters.

/// The tutorial's chapters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the titles say it")]
pub enum Chapter {
    Function = 1,
    UserPool,
    RestApi,
    Authorizer,
    User,
    Edge,
}

impl Chapter {
    /// All chapters that have resources, in order. `labctl verify` comes after them.
    pub const ALL: [Self; 6] = [
        Self::Function,
        Self::UserPool,
        Self::RestApi,
        Self::Authorizer,
        Self::User,
        Self::Edge,
    ];

    /// 1, 2, …
    pub fn number(self) -> u8 {
        self as u8
    }

    /// What a person calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Function => "Lambda function",
            Self::UserPool => "User pool",
            Self::RestApi => "REST API",
            Self::Authorizer => "Authorizer",
            Self::User => "Test user",
            Self::Edge => "Edge",
        }
    }
}
