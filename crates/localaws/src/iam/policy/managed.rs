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

/// The actions that an AWS-managed policy allows; `None`: no such policy here.
pub(crate) fn managed(arn: &str) -> Option<&'static [&'static str]> {
    let name = arn.strip_prefix("arn:aws:iam::aws:policy/")?;
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
