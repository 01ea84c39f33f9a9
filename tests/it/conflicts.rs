//! Other changes under way: AWS refuses a call because of them, in words and codes that vary. labctl sends it again.

use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::{
    harness::{Running, Said, Site},
    twin,
    unruly::{Whim, proxy, waited_for},
};

const GATEWAY: &str = "content-type: application/json\r\nx-amzn-errortype: ConflictException\r\n";
const GATEWAY_BAD: &str =
    "content-type: application/json\r\nx-amzn-errortype: BadRequestException\r\n";
const LAMBDA: &str =
    "content-type: application/json\r\nx-amzn-errortype: ResourceConflictException\r\n";
const JSON: &str = "content-type: application/x-amz-json-1.1\r\n";
const XML: &str = "content-type: text/xml\r\n";

const CONCURRENT: &str = r#"{"message":"Unable to complete operation due to concurrent modification. Please try again later."}"#;
const SHORT: &str = r#"{"message":"Concurrent modification, please retry"}"#;
const UPDATE: &str = r#"{"Type":"User","message":"The function could not be updated due to a concurrent update operation."}"#;
const IN_PROGRESS: &str = r#"{"Type":"User","Message":"The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:us-east-1:000000000000:function:already-exists"}"#;
const UNKNOWN: &str = r#"{"Type":"User","message":"Words that nobody has recorded."}"#;
const COGNITO: &str =
    r#"{"__type":"ConcurrentModificationException","message":"Another thing happens."}"#;
const IAM: &str = "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type><Code>ConcurrentModification</Code><Message>again</Message></Error><RequestId>r</RequestId></ErrorResponse>";
const STILL_ENABLED: &str = "<ErrorResponse xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Error><Type>Sender</Type><Code>DistributionNotDisabled</Code><Message>The distribution you are trying to delete has not been disabled.</Message></Error><RequestId>r</RequestId></ErrorResponse>";
const OUTDATED: &str = "<ErrorResponse xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Error><Type>Sender</Type><Code>PreconditionFailed</Code><Message>old</Message></Error><RequestId>r</RequestId></ErrorResponse>";

/// Which calls are refused: those whose line has both words, from the `nth` on, `times` times.
struct Refused {
    call: [&'static str; 2],
    nth: usize,
    times: usize,
    answer: (u16, &'static str, &'static str),
}

const fn refused(
    call: [&'static str; 2],
    nth: usize,
    times: usize,
    answer: (u16, &'static str, &'static str),
) -> Refused {
    Refused {
        call,
        nth,
        times,
        answer,
    }
}

/// A refusal, and how many calls it has met and has yet to refuse.
struct Live {
    refused: Refused,
    met: usize,
    left: usize,
}

/// A lab whose AWS refuses calls: a proxy before its twin.
struct Unruly {
    site: Site,
    endpoint: String,
    refusals: Arc<Mutex<Vec<Live>>>,
}

impl Unruly {
    fn new(site: Site) -> Self {
        site.ok("local start --port 0");
        let refusals = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&refusals);
        let endpoint = proxy(&site.endpoint(), move |request| {
            let mut refusals = shared.lock().expect("no thread panicked");
            refusals.iter_mut().find_map(|live: &mut Live| {
                if !live.refused.call.iter().all(|word| request.contains(word)) {
                    return None;
                }
                live.met += 1;
                if live.met < live.refused.nth || live.left == 0 {
                    return None;
                }
                live.left -= 1;
                let (status, head, body) = live.refused.answer;
                Some(Whim::Answer(status, head, body))
            })
        });
        Self {
            site,
            endpoint,
            refusals,
        }
    }

    /// Runs labctl while these calls are refused: it succeeds, and every refusal was met.
    fn ok(&self, line: &str, refusals: Vec<Refused>) -> Said {
        let live = |refused: Refused| Live {
            left: refused.times,
            refused,
            met: 0,
        };
        *self.refusals.lock().expect("no thread panicked") =
            refusals.into_iter().map(live).collect();
        let said = Said::of(
            self.site
                .command(line.split(' '))
                .env("AWS_ENDPOINT_URL", &self.endpoint)
                .env("AWS_ACCESS_KEY_ID", "000000000000")
                .env("AWS_SECRET_ACCESS_KEY", "secret"),
        )
        .code(0);
        for live in self.refusals.lock().expect("no thread panicked").iter() {
            assert_eq!(
                live.left, 0,
                "{:?} was met {} times",
                live.refused.call, live.met
            );
        }
        said
    }

    fn is_empty(&self) {
        assert_eq!(
            twin::everything(&self.site.endpoint()),
            Vec::<String>::new()
        );
    }
}

/// A lab that goes up and down while AWS refuses some calls of each.
fn survives(site: Site, up: Vec<Refused>, down: Vec<Refused>) {
    let lab = Unruly::new(site);
    let events = lab.ok("up --yes --json", up).events();
    assert!(waited_for(&events, "change"), "{events:#?}");
    lab.ok("status", Vec::new());
    lab.ok("down --yes", down);
    lab.is_empty();
}

#[test]
fn conflicts_of_the_tutorial_are_retried() {
    survives(
        Site::tutorial(),
        vec![
            refused(
                ["POST /restapis/", "/authorizers "],
                1,
                2,
                (409, GATEWAY, CONCURRENT),
            ),
            refused(
                ["POST /restapis/", "/resources/"],
                1,
                1,
                (400, GATEWAY_BAD, SHORT),
            ),
            refused(
                ["PUT /restapis/", "/integration "],
                1,
                1,
                (400, GATEWAY, CONCURRENT),
            ),
            refused(
                ["POST /2015-03-31/functions/", "/policy"],
                1,
                2,
                (409, LAMBDA, UPDATE),
            ),
            refused(["POST /restapis/", "/stages "], 1, 1, (409, GATEWAY, SHORT)),
            refused(["CreateUserPoolClient", ""], 1, 1, (400, JSON, COGNITO)),
        ],
        vec![
            refused(
                ["DELETE /2015-03-31/functions/", ""],
                1,
                1,
                (409, LAMBDA, UNKNOWN),
            ),
            refused(["DeleteUserPool", ""], 1, 2, (400, JSON, COGNITO)),
        ],
    );
}

#[test]
fn conflicts_of_many_routes_and_functions_are_retried() {
    survives(
        Site::ready("all-authorizers"),
        vec![
            refused(
                ["PUT /restapis/", "/methods/"],
                3,
                1,
                (409, GATEWAY, CONCURRENT),
            ),
            refused(
                ["PUT /restapis/", "/responses/"],
                2,
                2,
                (400, GATEWAY_BAD, CONCURRENT),
            ),
            refused(
                ["POST /2015-03-31/functions/", "/policy"],
                2,
                3,
                (409, LAMBDA, UNKNOWN),
            ),
            refused(
                ["POST /restapis/", "/deployments "],
                1,
                1,
                (409, GATEWAY, SHORT),
            ),
        ],
        // Sent again when the account's rate allows it: in 30 s.
        vec![refused(
            ["DELETE /restapis/", ""],
            1,
            1,
            (400, GATEWAY_BAD, CONCURRENT),
        )],
    );
}

#[test]
fn a_distribution_that_still_counts_as_enabled_is_deleted_later() {
    survives(
        Site::ready("cloudfront-edge"),
        vec![refused(
            ["POST /restapis/", "/resources/"],
            1,
            1,
            (409, GATEWAY, CONCURRENT),
        )],
        vec![
            refused(
                ["DELETE /2020-05-31/distribution/", ""],
                1,
                3,
                (409, XML, STILL_ENABLED),
            ),
            refused(
                ["PUT /2020-05-31/distribution/", "/config"],
                1,
                2,
                (412, XML, OUTDATED),
            ),
            refused(
                ["DELETE /usageplans/", ""],
                1,
                1,
                (409, GATEWAY, CONCURRENT),
            ),
        ],
    );
}

#[test]
fn conflicts_of_changes_are_retried() {
    let lab = Unruly::new(Site::tutorial());
    let site = &lab.site;
    lab.ok("up --yes", Vec::new());
    let code = site.read("artifacts/hello/lambda_function.py");
    site.write(
        "artifacts/hello/lambda_function.py",
        format!("{code}\n# changed\n"),
    );
    site.edit("runtime: python3.13", "runtime: python3.13\n    timeout: 7");
    site.edit("scopes: [aws.cognito.signin.user.admin]", "scopes: []");
    lab.ok(
        "up --yes",
        vec![
            refused(
                ["PUT /2015-03-31/functions/", "/code"],
                1,
                1,
                (409, LAMBDA, IN_PROGRESS),
            ),
            refused(
                ["PUT /2015-03-31/functions/", "/configuration"],
                1,
                2,
                (409, LAMBDA, UNKNOWN),
            ),
            refused(
                ["PATCH /restapis/", "/methods/GET"],
                1,
                2,
                (400, GATEWAY_BAD, CONCURRENT),
            ),
            refused(
                ["PATCH /restapis/", "/stages/dev"],
                1,
                1,
                (409, GATEWAY, SHORT),
            ),
        ],
    );
    lab.ok("status", Vec::new());
}

#[test]
fn conflicts_of_roles_are_retried() {
    let lab = Unruly::new(Site::tutorial());
    let refuse = |call| refused([call, ""], 1, 2, (409, XML, IAM));
    lab.ok(
        "up --yes --until 1",
        vec![refuse("CreateRole"), refuse("PutRolePolicy")],
    );
    lab.ok(
        "down --yes",
        vec![refuse("DeleteRolePolicy"), refuse("DeleteRole")],
    );
    lab.is_empty();
}

/// A conflict that labctl has never heard of, on a create: it looks, finds nothing, and sends it again.
#[test]
fn an_unknown_conflict_of_a_create_is_looked_at_and_retried() {
    let lab = Unruly::new(Site::tutorial());
    let strange = r#"{"message":"Something is up."}"#;
    let answer = (409, GATEWAY, strange);
    lab.ok(
        "up --yes",
        vec![refused(["POST /restapis/", "/authorizers "], 1, 2, answer)],
    );
    lab.ok("status", Vec::new());
}

/// Lambda refuses, or loses, one of two statements that are added to one policy at the same time.
#[test]
fn statements_of_one_policy_are_added_one_after_another() {
    let site = Site::ready("all-authorizers");
    site.ok("local start --port 0");
    let endpoint = site.endpoint();
    let hold = json!({ "operation": "lambda:AddPermission", "action": "hold", "when": "before", "times": 0 });
    let held = twin::Rule::set(&endpoint, &hold);
    // The API is deployed without waiting for permissions: all that could be sent are sent by then.
    let deploy = json!({ "operation": "apigateway:CreateDeployment", "action": "delay", "ms": 0 });
    let deployed = twin::Rule::set(&endpoint, &deploy);
    let running = Running::start(&mut site.command(["up", "--local", "--parallel", "64"]));
    held.hit();
    deployed.hit();
    let asked = || {
        let calls = twin::calls(&endpoint);
        calls
            .iter()
            .filter(|o| *o == "lambda:AddPermission")
            .count()
    };
    let at_once = asked();
    drop(held);
    running.end().code(0);
    let functions = functions_with_a_policy(&endpoint);
    assert_eq!(at_once, functions, "one for each function");
    assert!(
        asked() > at_once + functions,
        "some functions have more statements"
    );
    site.ok("status");
}

fn functions_with_a_policy(endpoint: &str) -> usize {
    let path = "/2015-03-31/functions";
    let all = twin::rest(endpoint, "lambda", "GET", path, None).json();
    let all = all["Functions"].as_array().expect("functions").iter();
    all.filter(|f| {
        let name = f["FunctionName"].as_str().expect("a name");
        let policy = format!("{path}/{name}/policy");
        twin::rest(endpoint, "lambda", "GET", &policy, None).status == 200
    })
    .count()
}
