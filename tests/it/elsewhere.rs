//! One account, one region, one endpoint: what would lead a lab, or a part of it, elsewhere is refused before a call.

use serde_json::json;

use crate::{
    harness::{Said, Site, standings},
    twin::{self, Account, Rule},
};

/// A lab that is up on an emulator that the environment names, and another emulator.
struct Elsewhere {
    site: Site,
    other: Site,
}

impl Elsewhere {
    fn up() -> Self {
        let (site, other) = (Site::tutorial(), Site::tutorial());
        for site in [&site, &other] {
            site.ok("local start --port 0");
        }
        let lab = Self { site, other };
        lab.run("up --yes", &[]).code(0);
        lab
    }

    fn run(&self, line: &str, variables: &[(&str, &str)]) -> Said {
        let mut command = self.site.command(line.split_whitespace());
        command
            .env("AWS_ENDPOINT_URL", self.site.endpoint())
            .env("AWS_ACCESS_KEY_ID", "111122223333")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .envs(variables.iter().copied());
        Said::of(&mut command)
    }
}

#[test]
fn a_service_with_an_endpoint_of_its_own_is_refused_by_name() {
    let lab = Elsewhere::up();
    let other = lab.other.endpoint();
    let before = twin::everything(&lab.site.endpoint());
    twin::forget_calls(&lab.site.endpoint());
    for service in [
        "API_GATEWAY",
        "CLOUDFRONT",
        "CLOUDWATCH_LOGS",
        "COGNITO_IDENTITY",
        "COGNITO_IDENTITY_PROVIDER",
        "IAM",
        "LAMBDA",
        "RESOURCE_GROUPS_TAGGING_API",
        "ROUTE_53",
        "STS",
        "WAFV2",
    ] {
        let variable = format!("AWS_ENDPOINT_URL_{service}");
        lab.run("down --yes", &[(&variable, &other)])
            .code(2)
            .complains(&[&variable, &other]);
    }
    for line in [
        "up --yes",
        "status",
        "verify",
        "up --dry-run",
        "down --yes --prove",
    ] {
        lab.run(line, &[("AWS_ENDPOINT_URL_LAMBDA", &other)])
            .code(2)
            .complains(&["AWS_ENDPOINT_URL_LAMBDA"]);
    }
    assert_eq!(twin::calls(&lab.site.endpoint()), Vec::<String>::new());
    assert_eq!(twin::everything(&lab.site.endpoint()), before);

    // The same endpoint is no other.
    let same = lab.site.endpoint();
    lab.run("status", &[("AWS_ENDPOINT_URL_LAMBDA", &same)])
        .code(0);
    lab.run(
        "down --yes",
        &[("AWS_ENDPOINT_URL_LAMBDA", &format!("{same}/"))],
    )
    .code(0);
    assert_eq!(twin::everything(&same), Vec::<String>::new());
}

/// People who point only Cognito to an emulator have it in their profile.
#[test]
fn a_service_of_the_profile_is_refused() {
    let site = Site::tutorial();
    site.ok("local start --port 0");
    let config = site.path("config");
    let text = "[profile teacher]\nservices = some\n\n[services some]\ncognito_identity_provider =\n  endpoint_url = ";
    site.write("config", format!("{text}{}\n", site.endpoint()));
    let mut up = site.command(["up", "--yes", "--profile", "teacher"]);
    up.env("AWS_CONFIG_FILE", config);
    let said = Said::of(&mut up).code(2);
    said.complains(&[
        "Cognito Identity Provider",
        &site.endpoint(),
        "AWS_ENDPOINT_URL",
    ]);
    assert_eq!(twin::everything(&site.endpoint()), Vec::<String>::new());
}

#[test]
fn another_region_in_lab_yaml_is_refused_while_the_lab_is_up() {
    let site = Site::tutorial();
    site.ok("up --local");
    let before = twin::everything(&site.endpoint());
    site.edit("region: us-east-1", "region: eu-west-1");
    for line in ["up --local", "up --local --dry-run"] {
        site.labctl(line)
            .code(2)
            .complains(&["eu-west-1", "us-east-1", "labctl down"]);
    }
    // `status` shows what is there, and where.
    for line in ["status", "status --quiet"] {
        let status = site.labctl(line).code(3).out;
        let end = "  lab.yaml says eu-west-1, but this lab is up in us-east-1. `labctl down` removes it there; or set `region: us-east-1` again.";
        assert!(status.ends_with(&format!("{end}\n")), "{line}: {status}");
    }
    let status = site.labctl("status --json").code(3).json();
    assert_eq!(status["region"], "us-east-1");
    assert_eq!(status["wanted_region"], "eu-west-1");
    let standings = standings(&status);
    assert_eq!(standings.len(), 15);
    assert!(
        standings.iter().all(|(_, state)| state == "present"),
        "{standings:?}"
    );
    assert_eq!(twin::everything(&site.endpoint()), before);
    site.edit("region: eu-west-1", "region: us-east-1");
    assert!(
        site.ok("status --json")
            .json()
            .get("wanted_region")
            .is_none()
    );
    site.edit("region: us-east-1", "region: eu-west-1");
    site.ok("down");
    site.ok("up --local");
    assert_eq!(site.state()["region"], "eu-west-1");
    site.ok("down");
}

#[test]
fn a_region_of_another_partition_is_refused_before_anything_is_made() {
    for (region, words) in [
        ("us-gov-west-1", ["aws-us-gov", "us-gov-west-1"]),
        ("cn-north-1", ["user pools", "cn-north-1"]),
    ] {
        let site = Site::tutorial();
        site.ok("local start --port 0");
        site.edit("region: us-east-1", &format!("region: {region}"));
        let mut up = site.command(["up", "--yes"]);
        up.env("AWS_ENDPOINT_URL", site.endpoint())
            .env("AWS_ACCESS_KEY_ID", "111122223333")
            .env("AWS_SECRET_ACCESS_KEY", "secret");
        Said::of(&mut up).code(2).complains(&words);
        assert_eq!(twin::everything(&site.endpoint()), Vec::<String>::new());
        assert!(!site.has(".labctl/cognito-authorizer"), "{region}");
    }
}

/// Somebody clicked a sign-in domain onto the lab's pool: it lives in what is ours, so it goes with it.
#[test]
fn a_domain_that_somebody_gave_our_pool_goes_with_it() {
    a_domain_goes(false);
}

/// The console drops a pool's tags when it changes the pool.
#[test]
fn a_domain_goes_with_our_pool_that_has_lost_its_tags() {
    a_domain_goes(true);
}

fn a_domain_goes(untagged: bool) {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let pool = site.status()["outputs"]["user_pool_id"].clone();
    let account = Account::new(&endpoint, "000000000000");
    let domain = json!({ "UserPoolId": pool, "Domain": "made-by-hand-301" });
    let made = account.cognito("CreateUserPoolDomain", &domain);
    assert_eq!(made.status, 200, "{}", made.body);
    if untagged {
        let bare = json!({ "UserPoolId": pool, "PoolName": "d-user-pool-demo" });
        let updated = account.cognito("UpdateUserPool", &bare);
        assert_eq!(updated.status, 200, "{}", updated.body);
    }
    let down = site.ok("down");
    assert!(down.out.contains("made-by-hand-301"), "{}", down.out);
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}

/// An account may delete one API in 30 s: a deletion whose answer was lost is not sent again, but looked at.
#[test]
fn a_lost_answer_to_the_deletion_of_an_api_costs_no_second_one() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let lost = json!({ "operation": "apigateway:DeleteRestApi", "action": "drop", "times": 1 });
    let rule = Rule::set(&endpoint, &lost);
    twin::forget_calls(&endpoint);
    site.ok("down");
    rule.hit();
    let calls = twin::calls(&endpoint);
    let deletes = calls
        .iter()
        .filter(|call| *call == "apigateway:DeleteRestApi");
    assert_eq!(deletes.count(), 1, "{calls:?}");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}

/// `plan` refuses what `up` would refuse, before anything is asked.
#[test]
fn user_pools_are_refused_where_aws_has_none() {
    for region in ["cn-north-1", "cn-northwest-1"] {
        let site = Site::tutorial();
        site.edit("region: us-east-1", &format!("region: {region}"));
        for line in [
            "plan",
            "up --dry-run",
            "up --yes",
            "up --local",
            "plan --local",
        ] {
            let said = site.labctl(line).code(2);
            let _ = said.complains(&["no user pools", region, "region:"]);
        }
        assert!(!site.has(".labctl/local"), "no twin was started");
    }
}

/// Who names a profile or an endpoint means that account: without credentials for it, the twin of the folder is no answer.
#[test]
fn a_profile_without_credentials_does_not_lead_to_the_twin() {
    let site = Site::tutorial();
    site.ok("up --local");
    std::fs::remove_dir_all(site.path(".labctl/cognito-authorizer")).expect("a state");
    let before = twin::everything(&site.endpoint());
    let config = "[profile broken]\nregion = us-east-1\ncredential_process = false\n";
    site.write("config", config);
    let home = site.path("config");
    let run = |line: &str, name: &str, value: &str| {
        let mut command = site.command(line.split(' '));
        command.env("AWS_CONFIG_FILE", &home).env(name, value);
        Said::of(command.env("AWS_EC2_METADATA_DISABLED", "true"))
    };
    for line in [
        "plan",
        "status",
        "verify",
        "output",
        "down --dry-run",
        "down --yes",
    ] {
        for (option, name, value) in [
            (" --profile broken", "LANG", "C"),
            ("", "AWS_PROFILE", "broken"),
            ("", "AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ] {
            let said = run(&format!("{line}{option}"), name, value);
            let at = format!("{line}{option} {name}={value}: {}{}", said.out, said.err);
            assert_eq!(said.code, 1, "{at}");
            assert!(said.err.contains("no AWS credentials"), "{at}");
        }
    }
    assert_eq!(twin::everything(&site.endpoint()), before);
    // Without a name, the twin is all there is.
    run("plan", "LANG", "C").code(3);
    run("down --yes", "LANG", "C").code(0);
}

/// What goes with a role is said before it goes.
#[test]
fn policies_that_somebody_gave_our_role_are_named() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let role = "d-lambda-nonvpc-cmp-demo-function-role";
    let clean = site.ok("down --dry-run").out;
    assert!(!clean.contains("made by hand"), "{clean}");
    let statement = r#"{"Effect":"Deny","Action":"s3:*","Resource":"*"}"#;
    let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    let document = twin::percent(&document);
    let arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    for call in [
        format!("PutRolePolicy&PolicyName=by-hand&PolicyDocument={document}"),
        format!("AttachRolePolicy&PolicyArn={arn}"),
    ] {
        let answer = twin::iam(&endpoint, &format!("Action={call}&RoleName={role}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let told = site.ok("down --dry-run").out;
    let words = "made by hand: role policy AWSLambdaBasicExecutionRole, role policy by-hand";
    assert!(told.contains(words), "{told}");
    site.ok("down");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}
