//! AWS's request rates, as far as they are published: one row a quota, each for one account in one region.
//!
//! Sources: the pages "Amazon API Gateway quotas", "Lambda quotas", "Quotas in Amazon Cognito", "AWS WAF quotas",
//! "Amazon Route 53 API request throttling" and ACM's "Quotas". IAM, STS, `CloudFront` and the tagging API publish none. That a quota is also the burst, but
//! for API Gateway's total, is an assumption.

use crate::call::Service;

/// One quota.
#[derive(Debug)]
pub(super) struct Rate {
    pub(super) service: Service,
    pub(super) operations: Operations,
    /// Calls at once, after a pause.
    pub(super) burst: u32,
    /// Calls allowed in `seconds`.
    pub(super) calls: u32,
    pub(super) seconds: u32,
    pub(super) each: Each,
}

/// What a quota counts together.
#[derive(Debug)]
pub(super) enum Operations {
    All,
    Only(&'static [&'static str]),
    AllBut(&'static [&'static str]),
}

/// What has a quota of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Each {
    Account,
    /// Each operation on each user pool.
    OperationAndPool,
}

impl Rate {
    pub(super) fn covers(&self, service: Service, operation: &str) -> bool {
        service == self.service
            && match self.operations {
                Operations::All => true,
                Operations::Only(names) => names.contains(&operation),
                Operations::AllBut(names) => !names.contains(&operation),
            }
    }
}

const fn rate(service: Service, only: &'static [&'static str], calls: u32, seconds: u32) -> Rate {
    Rate {
        service,
        operations: Operations::Only(only),
        burst: calls,
        calls,
        seconds,
        each: Each::Account,
    }
}

const fn each_pool(only: &'static [&'static str], calls: u32) -> Rate {
    Rate {
        each: Each::OperationAndPool,
        ..rate(Service::Cognito, only, calls, 1)
    }
}

const CLIENT_READ: &[&str] = &["DescribeUserPoolClient", "ListUserPoolClients"];
const CLIENT_UPDATE: &[&str] = &[
    "CreateUserPoolClient",
    "UpdateUserPoolClient",
    "DeleteUserPoolClient",
];
const RESOURCE_READ: &[&str] = &[
    "DescribeIdentityProvider",
    "ListIdentityProviders",
    "DescribeUserPoolDomain",
    "GetUserPoolMfaConfig",
    "ListTagsForResource",
];
const RESOURCE_UPDATE: &[&str] = &[
    "CreateIdentityProvider",
    "DeleteIdentityProvider",
    "UpdateIdentityProvider",
    "CreateUserPoolDomain",
    "DeleteUserPoolDomain",
    "SetUserPoolMfaConfig",
    "TagResource",
];

pub(super) const RATES: &[Rate] = &[
    rate(Service::ApiGateway, &["CreateRestApi"], 1, 3),
    rate(Service::ApiGateway, &["DeleteRestApi"], 1, 30),
    rate(Service::ApiGateway, &["CreateDeployment"], 1, 5),
    rate(Service::ApiGateway, &["CreateResource"], 5, 1),
    rate(Service::ApiGateway, &["DeleteResource"], 5, 1),
    rate(Service::ApiGateway, &["GetResources"], 5, 2),
    rate(Service::ApiGateway, &["CreateApiKey"], 5, 1),
    rate(Service::ApiGateway, &["DeleteApiKey"], 5, 1),
    rate(Service::ApiGateway, &["UpdateUsagePlan"], 1, 20),
    Rate {
        operations: Operations::All,
        burst: 40,
        ..rate(Service::ApiGateway, &[], 10, 1)
    },
    rate(Service::Lambda, &["GetFunction"], 100, 1),
    rate(Service::Lambda, &["GetPolicy"], 15, 1),
    Rate {
        operations: Operations::AllBut(&["GetFunction", "GetPolicy", "Invoke"]),
        ..rate(Service::Lambda, &[], 15, 1)
    },
    // UserAuthentication, and the answers to challenges, which have three times its quota.
    rate(
        Service::Cognito,
        &[
            "InitiateAuth",
            "AdminInitiateAuth",
            "GetTokensFromRefreshToken",
        ],
        120,
        1,
    ),
    rate(
        Service::Cognito,
        &["RespondToAuthChallenge", "AdminRespondToAuthChallenge"],
        360,
        1,
    ),
    // UserCreation, UserRead, UserUpdate, UserList, UserToken, UserAccountRecovery, UserResourceUpdate.
    rate(
        Service::Cognito,
        &[
            "AdminCreateUser",
            "AdminConfirmSignUp",
            "SignUp",
            "ConfirmSignUp",
        ],
        50,
        1,
    ),
    rate(Service::Cognito, &["AdminGetUser", "GetUser"], 120, 1),
    rate(
        Service::Cognito,
        &[
            "AdminDeleteUser",
            "AdminDisableUser",
            "AdminEnableUser",
            "AdminUpdateUserAttributes",
            "GlobalSignOut",
        ],
        25,
        1,
    ),
    rate(Service::Cognito, &["ListUsers"], 30, 1),
    rate(Service::Cognito, &["RevokeToken"], 120, 1),
    rate(
        Service::Cognito,
        &[
            "AdminSetUserPassword",
            "ForgotPassword",
            "ConfirmForgotPassword",
        ],
        30,
        1,
    ),
    rate(
        Service::Cognito,
        &[
            "AssociateSoftwareToken",
            "VerifySoftwareToken",
            "SetUserMFAPreference",
            "ResendConfirmationCode",
        ],
        25,
        1,
    ),
    // UserPoolRead and UserPoolUpdate.
    rate(
        Service::Cognito,
        &["DescribeUserPool", "ListUserPools"],
        15,
        1,
    ),
    rate(
        Service::Cognito,
        &["CreateUserPool", "UpdateUserPool", "DeleteUserPool"],
        15,
        1,
    ),
    // UserPoolResourceRead and UserPoolResourceUpdate; the documentation of TagResource has a rate of its own.
    rate(Service::Cognito, RESOURCE_READ, 20, 1),
    each_pool(RESOURCE_READ, 5),
    rate(Service::Cognito, RESOURCE_UPDATE, 15, 1),
    each_pool(RESOURCE_UPDATE, 5),
    rate(Service::Cognito, &["TagResource"], 5, 1),
    // UserPoolClientRead and UserPoolClientUpdate.
    rate(Service::Cognito, CLIENT_READ, 15, 1),
    each_pool(CLIENT_READ, 5),
    rate(Service::Cognito, CLIENT_UPDATE, 15, 1),
    each_pool(CLIENT_UPDATE, 5),
    // Each operation has its own.
    rate(Service::Waf, &["AssociateWebACL"], 1, 2),
    rate(Service::Waf, &["DisassociateWebACL"], 1, 2),
    rate(Service::Waf, &["GetWebACLForResource"], 1, 1),
    rate(Service::Waf, &["CreateWebACL"], 1, 1),
    rate(Service::Waf, &["UpdateWebACL"], 1, 1),
    rate(Service::Waf, &["GetWebACL"], 5, 1),
    rate(Service::Waf, &["ListWebACLs"], 5, 1),
    rate(Service::Waf, &["ListTagsForResource"], 5, 1),
    // It was 5 until 2026. Record sets changed have a quota besides, which is not enforced here.
    Rate {
        operations: Operations::All,
        ..rate(Service::Route53, &[], 10, 1)
    },
    rate(Service::Acm, &["RequestCertificate"], 5, 1),
    rate(Service::Acm, &["AddTagsToCertificate"], 5, 1),
    rate(Service::Acm, &["RemoveTagsFromCertificate"], 5, 1),
    rate(Service::Acm, &["ListCertificates"], 8, 1),
    rate(Service::Acm, &["DescribeCertificate"], 10, 1),
    rate(Service::Acm, &["DeleteCertificate"], 10, 1),
    rate(Service::Acm, &["ListTagsForCertificate"], 10, 1),
];
