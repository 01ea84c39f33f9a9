//! The kinds of AWS things that labctl makes, by name. What they are is in [`crate::resource`].

use serde::{Deserialize, Serialize};

/// Hands the list to a macro: `Kind = service folder under resource/, "what a person calls it";`.
macro_rules! for_each_kind {
    ($then:ident) => {
        $then! {
            LogGroup = logs, "log group";
            Role = iam, "role";
            RolePolicy = iam, "role policy";
            Function = lambda, "function";
            Permission = lambda, "permission";
            UserPool = cognito, "user pool";
            MfaConfig = cognito, "MFA";
            IdentityProvider = cognito, "identity provider";
            UserPoolDomain = cognito, "domain";
            AppClient = cognito, "app client";
            User = cognito, "user";
            Password = cognito, "password";
            IdentityPool = cognito_identity, "identity pool";
            PoolRoles = cognito_identity, "pool roles";
            CallPolicy = iam, "call policy";
            RestApi = apigateway, "REST API";
            Path = apigateway, "path";
            Method = apigateway, "method";
            Integration = apigateway, "integration";
            MethodResponse = apigateway, "method response";
            MockIntegration = apigateway, "mock integration";
            IntegrationResponse = apigateway, "integration response";
            GatewayResponse = apigateway, "gateway response";
            Authorizer = apigateway, "authorizer";
            Deployment = apigateway, "deployment";
            Stage = apigateway, "stage";
            ApiKey = apigateway, "API key";
            UsagePlan = apigateway, "usage plan";
            UsagePlanKey = apigateway, "usage plan key";
            WebAcl = wafv2, "web ACL";
            Distribution = cloudfront, "distribution";
            EdgeDeployment = cloudfront, "edge deployment";
            RecordSet = route53, "record set";
        }
    };
}
pub(crate) use for_each_kind;

macro_rules! names {
    ($($kind:ident = $service:ident, $title:literal;)*) => {
        /// What labctl can make and unmake.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[expect(missing_docs, reason = "the titles say it")]
        pub enum Kind { $($kind,)* }

        impl Kind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// What a person calls it.
            pub fn title(self) -> &'static str {
                match self { $(Self::$kind => $title,)* }
            }
        }
    };
}

for_each_kind!(names);
