//! The AWS-managed policies that can be attached.

use super::decide::glob;

/// AWS-managed policies that can be attached, by the ARN's end, with what they allow on every resource.
/// `!` excepts actions. Only the first is spelled out in full; for the others the gist is enough.
const MANAGED: &[(&str, &[&str])] = &[
    (
        "service-role/AWSLambdaBasicExecutionRole",
        &[
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ],
    ),
    (
        "service-role/AWSLambdaVPCAccessExecutionRole",
        &[
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "ec2:*NetworkInterface*",
        ],
    ),
    ("service-role/AWSLambdaRole", &["lambda:InvokeFunction"]),
    (
        "service-role/AmazonAPIGatewayPushToCloudWatchLogs",
        &["logs:*"],
    ),
    (
        "AWSXRayDaemonWriteAccess",
        &["xray:Put*", "xray:GetSampling*"],
    ),
    ("CloudWatchLogsFullAccess", &["logs:*"]),
    (
        "AmazonS3ReadOnlyAccess",
        &["s3:Get*", "s3:List*", "s3:Describe*"],
    ),
    (
        "AmazonDynamoDBReadOnlyAccess",
        &[
            "dynamodb:Get*",
            "dynamodb:List*",
            "dynamodb:Describe*",
            "dynamodb:Query",
        ],
    ),
    (
        "AmazonCognitoPowerUser",
        &["cognito-idp:*", "cognito-identity:*"],
    ),
    (
        "AWSLambdaExecute",
        &["logs:*", "s3:GetObject", "s3:PutObject"],
    ),
    ("AWSLambda_FullAccess", &["lambda:*", "logs:*"]),
    (
        "AmazonAPIGatewayInvokeFullAccess",
        &["execute-api:Invoke", "execute-api:ManageConnections"],
    ),
    ("AmazonAPIGatewayAdministrator", &["apigateway:*"]),
    (
        "PowerUserAccess",
        &["*", "!iam:*", "!organizations:*", "!account:*"],
    ),
    ("AdministratorAccess", &["*"]),
];

/// How the ARN of an AWS-managed policy begins.
const AWS_MANAGED: &str = "arn:aws:iam::aws:policy/";

/// Names of AWS's managed policies, with their paths: AWS has them, the twin need not.
const NAMES: &str = include_str!("../../../models/managed-policies.txt");

/// Whether AWS has a managed policy of this ARN.
pub(crate) fn is_of_aws(arn: &str) -> bool {
    let name = arn.strip_prefix(AWS_MANAGED);
    name.is_some_and(|name| NAMES.lines().any(|known| known == name))
}

/// The actions that an AWS-managed policy allows; `None`: no such policy here.
pub(crate) fn managed(arn: &str) -> Option<&'static [&'static str]> {
    let name = arn.strip_prefix(AWS_MANAGED)?;
    MANAGED
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, actions)| *actions)
}

/// Whether an AWS-managed policy allows an action; it does so on every resource.
pub(super) fn managed_allows(arn: &str, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    let fits = |pattern: &str| glob(&pattern.to_ascii_lowercase(), &action);
    managed(arn).is_some_and(|patterns| {
        let except = |pattern: &&str| pattern.strip_prefix('!').is_some_and(fits);
        patterns.iter().any(|pattern| fits(pattern)) && !patterns.iter().any(except)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_attached_is_aws_own() {
        for (name, _) in MANAGED {
            assert!(is_of_aws(&format!("{AWS_MANAGED}{name}")), "{name}");
        }
    }
}
