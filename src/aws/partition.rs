//! AWS's partitions: separate worlds of accounts, each with its own ARNs and host names.
//!
//! Source: `partitions.json` of botocore (`regionRegex`, `dnsSuffix`).

use super::Cx;

/// The partition of a region, as it stands in ARNs.
pub fn partition(region: &str) -> &'static str {
    match region.split('-').collect::<Vec<_>>()[..] {
        ["cn", ..] => "aws-cn",
        ["us", "gov", ..] => "aws-us-gov",
        _ => "aws",
    }
}

/// What host names of AWS's services end with in a region.
pub fn dns_suffix(region: &str) -> &'static str {
    if partition(region) == "aws-cn" {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    }
}

/// Regions that every account of the partition `aws` has
/// (<https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>); the others have to be enabled.
const ALWAYS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Whether accounts have the region without enabling it.
pub fn is_always_enabled(region: &str) -> bool {
    partition(region) != "aws" || ALWAYS.contains(&region)
}

/// The partition that an ARN names.
pub fn partition_of(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.split(':').next()
}

impl Cx {
    /// The ARN of something of this account and region. IAM's have no region, API Gateway's no account.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let (region, account) = match service {
            "iam" => ("", self.account()),
            "apigateway" => (self.region(), ""),
            _ => (self.region(), self.account()),
        };
        let partition = partition(self.region());
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    /// ARN of a function: computed, so that nothing waits for it.
    pub fn function_arn(&self, name: &str) -> String {
        self.arn("lambda", &format!("function:{name}"))
    }

    /// What API Gateway calls to invoke a function of this account and region.
    pub fn invocation_uri(&self, function: &str) -> String {
        format!(
            "arn:{}:apigateway:{}:lambda:path/2015-03-31/functions/{}/invocations",
            partition(self.region()),
            self.region(),
            self.function_arn(function)
        )
    }

    /// ARN of a role with path `/`.
    pub fn role_arn(&self, name: &str) -> String {
        self.arn("iam", &format!("role/{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_their_partitions() {
        for (region, name, suffix) in [
            ("us-east-1", "aws", "amazonaws.com"),
            ("eu-central-1", "aws", "amazonaws.com"),
            ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        ] {
            assert_eq!((partition(region), dns_suffix(region)), (name, suffix));
        }
        assert_eq!(
            partition_of("arn:aws-cn:sts::1:assumed-role/a/b"),
            Some("aws-cn")
        );
        assert_eq!(partition_of("nobody"), None);
    }
}
