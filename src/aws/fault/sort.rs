//! What an AWS error means to labctl, by service, code and a stem of the message.
//!
//! The table is read from the top: the first row that fits decides. Services share codes but not their meaning, so
//! a row names the service unless every service means the same. Stems are lower-case phrases with a space in them
//! wherever a message may quote a name that the user chose: no name of ours has a space.

use std::time::Duration;

use super::FaultKind;

/// What a row of the table says.
#[derive(Debug, Clone, Copy)]
enum Sorted {
    Absent,
    Exists,
    Stale,
    /// Nothing was done; the text completes "waiting for …".
    NotYet(&'static str),
    Throttled,
    Denied,
    Credentials,
}

/// One row: `""` as a service fits all; no stems fit any message.
struct Row {
    service: &'static str,
    codes: &'static [&'static str],
    stems: &'static [&'static str],
    sorted: Sorted,
}

const fn row(
    service: &'static str,
    codes: &'static [&'static str],
    stems: &'static [&'static str],
    sorted: Sorted,
) -> Row {
    Row {
        service,
        codes,
        stems,
        sorted,
    }
}

/// What names a duplicate, in the words of API Gateway and Lambda.
const DUPLICATE: &[&str] = &["already exist", "already has", "must be unique"];
/// What names another change under way. Recorded for API Gateway ("… due to concurrent modification. Please try again
/// later.": terraform-provider-aws issues 776, 16439, 27027; with code `BadRequestException`:
/// aws-api-gateway-for-cloudformation issue 27) and for Lambda ("… due to a concurrent update operation.":
/// terraform-provider-aws issue 5154, sst issue 6923). AWS has done nothing then, so that a create may be sent again.
const BUSY: &[&str] = &[
    "concurrent modification",
    "concurrent update",
    "concurrent change",
    "concurrent operation",
    "concurrent request",
    "modified concurrently",
    "try again later",
    "is in progress",
    "another operation",
];
const ANOTHER_CHANGE: Sorted = Sorted::NotYet("AWS to finish another change of the same resource");
const LAMBDA_CHANGE: Sorted = Sorted::NotYet("Lambda to finish an earlier change");

const TABLE: &[Row] = &[
    row(
        "lambda",
        &["InvalidParameterValueException"],
        // The second: Lambda encrypts environment variables for the role (terraform-provider-aws issue 4633).
        &[
            "cannot be assumed by lambda",
            "kms key is invalid for creategrant",
        ],
        Sorted::NotYet("IAM to let Lambda assume the role"),
    ),
    // Lambda has one code for "exists" and for every kind of "not now" (model: ResourceConflictException).
    row(
        "lambda",
        &["ResourceConflictException"],
        DUPLICATE,
        Sorted::Exists,
    ),
    row("lambda", &["ResourceConflictException"], &[], LAMBDA_CHANGE),
    // So has API Gateway; a duplicate authorizer name is a bad request (code not settled).
    row(
        "apigateway",
        &["ConflictException", "BadRequestException"],
        DUPLICATE,
        Sorted::Exists,
    ),
    row(
        "apigateway",
        &["ConflictException", "BadRequestException"],
        BUSY,
        ANOTHER_CHANGE,
    ),
    row("apigateway", &["ConflictException"], &[], Sorted::Exists),
    row(
        "cognito-identity",
        &["InvalidIdentityPoolConfigurationException"],
        &[],
        Sorted::NotYet("IAM to let the identity pool assume its role"),
    ),
    row(
        "cloudfront",
        &["PreconditionFailed", "InvalidIfMatchVersion"],
        &[],
        Sorted::Stale,
    ),
    // A distribution may count as enabled for a while after its last change is deployed: recorded in
    // terraform-provider-aws pull request 3034.
    row(
        "cloudfront",
        &["DistributionNotDisabled"],
        &[],
        Sorted::Stale,
    ),
    row(
        "cloudfront",
        &["DistributionAlreadyExists"],
        &[],
        Sorted::Exists,
    ),
    row("wafv2", &["WAFOptimisticLockException"], &[], Sorted::Stale),
    row("wafv2", &["WAFDuplicateItemException"], &[], Sorted::Exists),
    row(
        "wafv2",
        &["WAFAssociatedItemException"],
        &[],
        Sorted::NotYet("CloudFront to let go of the web ACL"),
    ),
    row(
        "wafv2",
        &["WAFUnavailableEntityException"],
        &[],
        Sorted::NotYet("WAF to know what was just made"),
    ),
    row(
        "route53",
        &["PriorRequestNotComplete"],
        &[],
        Sorted::Throttled,
    ),
    row(
        "",
        &[
            "NoSuchEntity",
            "ResourceNotFoundException",
            "NotFoundException",
            "UserNotFoundException",
            "NoSuchDistribution",
            "WAFNonexistentItemException",
        ],
        &[],
        Sorted::Absent,
    ),
    row(
        "",
        &[
            "ConcurrentModification",
            "ConcurrentModificationException",
            "EntityTemporarilyUnmodifiable",
            "OperationAbortedException",
        ],
        &[],
        ANOTHER_CHANGE,
    ),
    // No service but those above is on record with this text; each could answer so.
    row(
        "",
        &["ConflictException", "ResourceConflictException"],
        BUSY,
        ANOTHER_CHANGE,
    ),
    row(
        "",
        &[
            "EntityAlreadyExists",
            "ResourceConflictException",
            "ResourceAlreadyExistsException",
            "ConflictException",
            "DuplicateProviderException",
            "UsernameExistsException",
        ],
        &[],
        Sorted::Exists,
    ),
    row(
        "",
        &[
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottled",
            "RequestThrottledException",
            "TooManyRequestsException",
            "RequestLimitExceeded",
            "SlowDown",
        ],
        &[],
        Sorted::Throttled,
    ),
    row(
        "",
        &[
            "AccessDenied",
            "AccessDeniedException",
            "UnauthorizedException",
        ],
        &[],
        Sorted::Denied,
    ),
    row(
        "",
        &[
            "ExpiredToken",
            "ExpiredTokenException",
            "RequestExpired",
            "RequestTimeTooSkewed",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "MissingAuthenticationToken",
        ],
        &[],
        Sorted::Credentials,
    ),
];

/// Sorts AWS's answer to `operation` (`service:Operation`).
pub(super) fn sort(
    operation: &str,
    code: &str,
    message: &str,
    status: u16,
    retry_after: Option<Duration>,
) -> FaultKind {
    let service = operation.split(':').next().unwrap_or_default();
    let message = message.to_lowercase();
    let fits = |row: &&Row| {
        (row.service.is_empty() || row.service == service)
            && row.codes.contains(&code)
            && (row.stems.is_empty() || row.stems.iter().any(|stem| message.contains(stem)))
    };
    match TABLE.iter().find(fits).map(|row| row.sorted) {
        Some(Sorted::Absent) => FaultKind::Absent,
        Some(Sorted::Exists) => FaultKind::Exists,
        Some(Sorted::Stale) => FaultKind::Stale,
        Some(Sorted::NotYet(what)) => FaultKind::NotYet(what.to_owned()),
        Some(Sorted::Throttled) => FaultKind::Throttled(retry_after),
        Some(Sorted::Denied) => FaultKind::Denied,
        Some(Sorted::Credentials) => FaultKind::Credentials,
        None if status >= 500 && status != 501 => FaultKind::Unsure,
        None => FaultKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(operation: &str, code: &str, message: &str) -> FaultKind {
        // The status says nothing that the code does not: 409 and 400 must sort alike.
        let [conflict, bad] = [409, 400].map(|status| sort(operation, code, message, status, None));
        assert_eq!(conflict, bad, "{operation} {code} {message}");
        conflict
    }

    fn waits(kind: &FaultKind) -> bool {
        matches!(kind, FaultKind::NotYet(_))
    }

    #[test]
    fn another_change_under_way_is_waited_for_and_a_duplicate_is_looked_up() {
        let gateway = "apigateway:PutMethod";
        let conflict = "ConflictException";
        let lambda = "lambda:AddPermission";
        let resource_conflict = "ResourceConflictException";
        for (operation, code, message) in [
            (
                gateway,
                conflict,
                "Unable to complete operation due to concurrent modification. Please try again later.",
            ),
            (
                gateway,
                "BadRequestException",
                "Unable to complete operation due to CONCURRENT MODIFICATION.",
            ),
            (
                "apigateway:DeleteRestApi",
                conflict,
                "Please try again later",
            ),
            (
                "apigateway:UpdateStage",
                conflict,
                "Another update is in progress.",
            ),
            (
                lambda,
                resource_conflict,
                "The function could not be updated due to a concurrent update operation.",
            ),
            (
                "lambda:RemovePermission",
                resource_conflict,
                "words that nobody has recorded yet",
            ),
            (
                "lambda:UpdateFunctionCode",
                resource_conflict,
                "The operation cannot be performed at this time. An update is in progress for resource: \
                 arn:aws:lambda:us-east-1:111122223333:function:already-existing",
            ),
            (
                "lambda:CreateFunction",
                resource_conflict,
                "The operation cannot be performed at this time. The function is currently in the following state: Pending",
            ),
            (
                "lambda:CreateFunction",
                "InvalidParameterValueException",
                "Lambda was unable to configure access to your environment variables because the KMS key is invalid for \
                 CreateGrant. Please check your KMS key settings.",
            ),
            ("iam:DeleteRole", "ConcurrentModification", ""),
            (
                "cognito-idp:UpdateUserPool",
                "ConcurrentModificationException",
                "again",
            ),
            (
                "cognito-identity:UpdateIdentityPool",
                "ResourceConflictException",
                "due to a concurrent request",
            ),
        ] {
            let kind = sorted(operation, code, message);
            assert!(waits(&kind), "{operation} {code} {message}: {kind:?}");
        }
        for (operation, code, message) in [
            (
                "apigateway:CreateResource",
                conflict,
                "Another resource with the same parent already has this name: concurrent",
            ),
            (gateway, conflict, "Method already exists for this resource"),
            (
                "apigateway:CreateAuthorizer",
                "BadRequestException",
                "Authorizer name must be unique. Authorizer x already exists",
            ),
            (
                lambda,
                resource_conflict,
                "The statement id (labctl-concurrent-update-Pending) provided already exists.",
            ),
            (
                "lambda:CreateFunction",
                resource_conflict,
                "Function already exist: is-in-progress",
            ),
            (
                "iam:CreateRole",
                "EntityAlreadyExists",
                "Role with name d-x already exists.",
            ),
            (
                "cognito-idp:AdminCreateUser",
                "UsernameExistsException",
                "User account already exists",
            ),
        ] {
            assert_eq!(
                sorted(operation, code, message),
                FaultKind::Exists,
                "{message}"
            );
        }
    }

    #[test]
    fn one_code_means_what_its_service_means() {
        assert_eq!(
            sorted(
                "apigateway:PutMethod",
                "BadRequestException",
                "Invalid scope"
            ),
            FaultKind::Other
        );
        assert_eq!(
            sorted("cloudfront:UpdateDistribution", "PreconditionFailed", ""),
            FaultKind::Stale
        );
        assert_eq!(
            sorted("lambda:CreateFunction", "PreconditionFailed", ""),
            FaultKind::Other
        );
        let broken = |status| sort("iam:CreateRole", "ServiceFailure", "", status, None);
        assert_eq!(
            [500, 503, 501, 400].map(broken),
            [
                FaultKind::Unsure,
                FaultKind::Unsure,
                FaultKind::Other,
                FaultKind::Other
            ]
        );
    }
}
