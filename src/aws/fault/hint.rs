//! Why a fault usually happens and what to do about it, for a person.

use super::{Fault, FaultKind};

/// Whether the signature was refused for its time.
fn is_of_clock(fault: &Fault) -> bool {
    fault.is_code("RequestTimeTooSkewed")
        || fault.message.contains("Signature expired")
        || fault.message.contains("Signature not yet current")
}

/// Why this usually happens and what to do, for a person.
pub fn usual_cause(fault: &Fault) -> Option<String> {
    let text = match &fault.kind {
        FaultKind::Denied => format!(
            "the credentials in use lack the permission `{}`; the README lists what labctl needs",
            fault.operation
        ),
        FaultKind::Credentials if is_of_clock(fault) => {
            "AWS refuses requests signed more than some minutes early or late; set this machine's clock, \
             then the same command again".to_owned()
        }
        FaultKind::Credentials => {
            "the credentials are missing, wrong or expired; sign in again, or try `labctl up --local`".to_owned()
        }
        FaultKind::Throttled(_) => {
            "the account's request rate is used up, perhaps by other tools; run the same command again".to_owned()
        }
        FaultKind::Unreachable => "the endpoint does not answer; check the network and AWS_ENDPOINT_URL, \
             or `labctl local status`".to_owned(),
        FaultKind::Unsure => {
            "the connection broke before AWS answered; the same command finds out what was done and goes on".to_owned()
        }
        FaultKind::Foreign => "it does not carry this lab's ownership tags, so labctl leaves it alone: choose another name in \
             lab.yaml, remove it yourself, or `labctl up --adopt` (shows it and asks before it becomes the lab's)".to_owned(),
        FaultKind::NotYet(what) => format!("still waiting for {what}; run the same command again"),
        FaultKind::Other if fault.code.as_deref().is_some_and(is_quota) => {
            "a quota of the account is used up; remove what is not needed, or ask AWS to raise it".to_owned()
        }
        FaultKind::Other if fault.is_code("InvalidViewerCertificate") => {
            "CloudFront takes a certificate that ACM has issued in us-east-1, and that names the domain: see \
             `edge.domain` in lab.yaml".to_owned()
        }
        FaultKind::Other if fault.is_code("CNAMEAlreadyExists") => {
            "another distribution, perhaps of another account, has the domain: choose another in lab.yaml, or \
             remove it there".to_owned()
        }
        FaultKind::Other if fault.is_code("NoSuchHostedZone") => {
            "Route 53 has no such hosted zone in this account: see `edge.domain.zone` in lab.yaml".to_owned()
        }
        _ => return None,
    };
    Some(text)
}

/// Codes of quotas; CloudFront has one for each of its own.
fn is_quota(code: &str) -> bool {
    code.starts_with("LimitExceeded")
        || code == "WAFLimitsExceededException"
        || code.starts_with("TooManyDistribution")
}
