//! What somebody changed by hand: `status` names it, `up` mends just that, and what else was set stays.

use serde_json::{Value, json};

use crate::{
    harness::{FUNCTION, Site},
    twin::{self, Account},
};

/// A lab that is up, and the hands of somebody with the account's credentials.
struct Lab {
    site: Site,
    aws: Account,
    pool: String,
    client: String,
    api: String,
    authorizer: String,
    /// `/restapis/…/resources/…/methods/GET`.
    method: String,
    role: String,
}

const USER: &str = "student@example.com";

impl Lab {
    fn up() -> Self {
        let site = Site::tutorial();
        site.ok("up --local");
        let (status, state) = (site.status(), site.state());
        let id = |name: &str| status["outputs"][name].as_str().expect("an id").to_owned();
        let api = id("api_id");
        let path = state["steps"]["path./demo"]["output"]["resource_id"].clone();
        let role = &state["steps"]["role.hello"]["output"]["name"];
        Self {
            aws: Account::new(&site.endpoint(), "000000000000"),
            pool: id("user_pool_id"),
            client: id("client_id"),
            authorizer: id("authorizer_id"),
            method: format!(
                "/restapis/{api}/resources/{}/methods/GET",
                path.as_str().expect("an id")
            ),
            role: role.as_str().expect("a name").to_owned(),
            api,
            site,
        }
    }

    fn ok(answer: twin::Answer) -> Value {
        assert!(answer.status < 300, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    fn cognito(&self, operation: &str, mut input: Value) -> Value {
        input["UserPoolId"] = json!(self.pool);
        Self::ok(self.aws.cognito(operation, &input))
    }

    fn lambda(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let path = format!("/2015-03-31/functions/{FUNCTION}{path}");
        Self::ok(self.aws.rest("lambda", method, &path, body))
    }

    fn gateway(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        Self::ok(self.aws.rest("apigateway", method, path, body))
    }

    fn patch(&self, path: &str, operations: &[(&str, &str, &str)]) {
        let operations: Vec<_> = operations
            .iter()
            .map(|(op, path, value)| json!({ "op": op, "path": path, "value": value }))
            .collect();
        let body = json!({ "patchOperations": operations });
        self.gateway("PATCH", path, Some(&body));
    }

    fn iam(&self, form: &str) {
        Self::ok(self.aws.iam(&form.replace("{role}", &self.role)));
    }

    fn pool(&self) -> Value {
        self.cognito("DescribeUserPool", json!({}))["UserPool"].clone()
    }

    fn client(&self) -> Value {
        let input = json!({ "ClientId": self.client });
        self.cognito("DescribeUserPoolClient", input)["UserPoolClient"].clone()
    }

    /// Changes members of the pool as the console does: all that can be updated is sent again.
    fn change_pool(&self, change: impl FnOnce(&mut Value)) {
        let mut pool = self.pool();
        for fixed in [
            "Id",
            "Arn",
            "Name",
            "CreationDate",
            "LastModifiedDate",
            "EstimatedNumberOfUsers",
            "SchemaAttributes",
            "UsernameAttributes",
            "UsernameConfiguration",
        ] {
            pool.as_object_mut().expect("an object").remove(fixed);
        }
        let admin = pool["AdminCreateUserConfig"].as_object_mut();
        admin
            .expect("an object")
            .remove("UnusedAccountValidityDays");
        change(&mut pool);
        self.cognito("UpdateUserPool", pool);
    }

    fn change_client(&self, change: impl FnOnce(&mut Value)) {
        let mut client = self.client();
        for fixed in ["CreationDate", "LastModifiedDate"] {
            client.as_object_mut().expect("an object").remove(fixed);
        }
        change(&mut client);
        self.cognito("UpdateUserPoolClient", client);
    }

    /// `(step, state, fields)` of what is not as it should be, by `status --json`.
    fn wrong(&self) -> Vec<(String, String, Vec<[String; 3]>)> {
        let status = self.site.status();
        let text = |v: &Value, member: &str| v[member].as_str().unwrap_or_default().to_owned();
        let field = |d: &Value| [text(d, "field"), text(d, "wanted"), text(d, "seen")];
        let chapters = status["chapters"].as_array().cloned().unwrap_or_default();
        chapters
            .iter()
            .flat_map(|c| c["resources"].as_array().cloned().unwrap_or_default())
            .filter(|r| r["state"] != "present")
            .map(|r| {
                let drift = r["drift"].as_array().cloned().unwrap_or_default();
                (
                    text(&r, "id"),
                    text(&r, "state"),
                    drift.iter().map(field).collect(),
                )
            })
            .collect()
    }

    /// `up`: which calls changed something.
    fn mend(&self) -> Vec<String> {
        twin::forget_calls(&self.aws.endpoint);
        self.site.ok("up --local");
        let reads = ["Get", "List", "Describe", "AdminGet"];
        twin::calls(&self.aws.endpoint)
            .into_iter()
            .filter(|call| {
                let (_, operation) = call.split_once(':').expect("service:Operation");
                !reads.iter().any(|read| operation.starts_with(read))
            })
            .collect()
    }
}

/// One edit by hand, and what comes of it.
struct Edit {
    what: &'static str,
    by_hand: Box<dyn Fn(&Lab)>,
    step: &'static str,
    /// Field, wanted, seen; none: the thing is missing. `*`: anything.
    fields: Vec<[&'static str; 3]>,
    calls: Vec<&'static str>,
}

fn edit(
    what: &'static str,
    by_hand: impl Fn(&Lab) + 'static,
    step: &'static str,
    fields: &[[&'static str; 3]],
    calls: &[&'static str],
) -> Edit {
    Edit {
        what,
        by_hand: Box::new(by_hand),
        step,
        fields: fields.to_vec(),
        calls: calls.to_vec(),
    }
}

const AUTHORIZER: &str = "authorizer.d-authorizer-user-pool-demo";
const SCOPE: &str = "aws.cognito.signin.user.admin";
/// `lambda_function.py`, empty, as a zip.
const EMPTY_ZIP: &str = "UEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAAAAASAAAAbGFtYmRhX2Z1bmN0aW9uLnB5UEsBAhQDFAAAAAAAAAAhAAAAAAAAAAAAAAAAABIAAAAAAAAAAAAAAKQBAAAAAGxhbWJkYV9mdW5jdGlvbi5weVBLBQYAAAAAAQABAEAAAAAwAAAAAAA=";

/// RFC 3986.
fn encoded(text: &Value) -> String {
    text.to_string()
        .bytes()
        .fold(String::new(), |text, b| text + &format!("%{b:02X}"))
}

fn configure(lab: &Lab, change: Value) {
    lab.lambda("PUT", "/configuration", Some(&change));
}

fn statement_id(lab: &Lab) -> String {
    let step = &lab.site.state()["steps"]["permission.GET /demo"];
    step["key"]["statement_id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

fn edits_of_the_function() -> Vec<Edit> {
    let configuration = "lambda:UpdateFunctionConfiguration";
    let other_trust = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }],
    });
    let more = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "logs:*", "Resource": "*" }],
    });
    vec![
        edit(
            "retention",
            |lab| {
                let keep = json!({ "logGroupName": format!("/aws/lambda/{FUNCTION}"), "retentionInDays": 3 });
                Lab::ok(lab.aws.logs("PutRetentionPolicy", &keep));
            },
            "log_group.hello",
            &[["retentionInDays", "7", "3"]],
            &["logs:PutRetentionPolicy"],
        ),
        edit(
            "protection of the log group",
            |lab| {
                let group = format!("/aws/lambda/{FUNCTION}");
                let protect =
                    json!({ "logGroupIdentifier": group, "deletionProtectionEnabled": true });
                Lab::ok(lab.aws.logs("PutLogGroupDeletionProtection", &protect));
            },
            "log_group.hello",
            &[["deletionProtectionEnabled", "false", "true"]],
            &["logs:PutLogGroupDeletionProtection"],
        ),
        edit(
            "trust of the role",
            move |lab| {
                let trust = encoded(&other_trust);
                lab.iam(&format!(
                    "Action=UpdateAssumeRolePolicy&RoleName={{role}}&PolicyDocument={trust}"
                ));
            },
            "role.hello",
            &[[
                "AssumeRolePolicyDocument",
                "*lambda.amazonaws.com*",
                "*ec2.amazonaws.com*",
            ]],
            &["iam:UpdateAssumeRolePolicy"],
        ),
        edit(
            "policy of the role",
            move |lab| {
                let more = encoded(&more);
                lab.iam(&format!(
                    "Action=PutRolePolicy&RoleName={{role}}&PolicyName=write-own-logs&PolicyDocument={more}"
                ));
            },
            "role_policy.hello",
            &[["PolicyDocument", "*logs:PutLogEvents*", "*logs:*"]],
            &["iam:PutRolePolicy"],
        ),
        edit(
            "policy of the role taken away",
            |lab| lab.iam("Action=DeleteRolePolicy&RoleName={role}&PolicyName=write-own-logs"),
            "role_policy.hello",
            &[],
            &["iam:PutRolePolicy"],
        ),
        edit(
            "code",
            |lab| drop(lab.lambda("PUT", "/code", Some(&json!({ "ZipFile": EMPTY_ZIP })))),
            "function.hello",
            &[["CodeSha256", "*", "*"]],
            &["lambda:UpdateFunctionCode"],
        ),
        edit(
            "memory and time-out",
            |lab| configure(lab, json!({ "MemorySize": 512, "Timeout": 60 })),
            "function.hello",
            &[["MemorySize", "128", "512"], ["Timeout", "*", "60"]],
            &[configuration],
        ),
        edit(
            "handler",
            |lab| configure(lab, json!({ "Handler": "other.handler" })),
            "function.hello",
            &[["Handler", "lambda_function.lambda_handler", "other.handler"]],
            &[configuration],
        ),
        edit(
            "environment",
            |lab| {
                configure(
                    lab,
                    json!({ "Environment": { "Variables": { "MODE": "secret" } } }),
                )
            },
            "function.hello",
            &[["Environment", "nothing", "MODE"]],
            &[configuration],
        ),
        edit(
            "statement taken away",
            |lab| {
                let path = format!("/policy/{}", statement_id(lab));
                lab.lambda("DELETE", &path, None);
            },
            "permission.GET /demo",
            &[],
            &["lambda:AddPermission"],
        ),
        edit(
            "statement for everybody",
            |lab| {
                let id = statement_id(lab);
                lab.lambda("DELETE", &format!("/policy/{id}"), None);
                let open = json!({ "StatementId": id, "Action": "lambda:*", "Principal": "*" });
                lab.lambda("POST", "/policy", Some(&open));
            },
            "permission.GET /demo",
            &[
                ["Principal", "*apigateway.amazonaws.com*", "*"],
                ["Action", "lambda:InvokeFunction", "lambda:*"],
                ["SourceArn", "arn:aws:execute-api:*", "anything"],
            ],
            &["lambda:RemovePermission", "lambda:AddPermission"],
        ),
    ]
}

fn edits_of_the_pool() -> Vec<Edit> {
    let pool = "cognito-idp:UpdateUserPool";
    let client = "cognito-idp:UpdateUserPoolClient";
    vec![
        edit(
            "protection",
            |lab| lab.change_pool(|p| p["DeletionProtection"] = json!("ACTIVE")),
            "user_pool",
            &[["DeletionProtection", "INACTIVE", "ACTIVE"]],
            &[pool],
        ),
        edit(
            "first factors",
            |lab| {
                lab.change_pool(|p| {
                    p["Policies"]["SignInPolicy"]["AllowedFirstAuthFactors"] = json!(["PASSWORD"]);
                });
            },
            "user_pool",
            &[["SignInPolicy", "EMAIL_OTP, PASSWORD", "PASSWORD"]],
            &[pool],
        ),
        edit(
            "sign-up by anybody",
            |lab| {
                lab.change_pool(|p| {
                    p["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] = json!(false)
                })
            },
            "user_pool",
            &[["AllowAdminCreateUserOnly", "true", "false"]],
            &[pool],
        ),
        edit(
            "tags",
            |lab| lab.change_pool(|p| p["UserPoolTags"] = json!({ "team": "other" })),
            "user_pool",
            &[["tag labctl:lab", "cognito-authorizer", "nothing"]],
            &["cognito-idp:TagResource"],
        ),
        edit(
            "flows",
            |lab| {
                lab.change_client(|c| c["ExplicitAuthFlows"] = json!(["ALLOW_USER_PASSWORD_AUTH"]))
            },
            "app_client",
            &[[
                "ExplicitAuthFlows",
                "ALLOW_REFRESH_TOKEN_AUTH, ALLOW_USER_AUTH",
                "ALLOW_USER_PASSWORD_AUTH",
            ]],
            &[client],
        ),
        edit(
            "rotation, which excludes the refresh flow",
            |lab| {
                lab.change_client(|c| {
                    c["ExplicitAuthFlows"] = json!(["ALLOW_USER_AUTH"]);
                    c["RefreshTokenRotation"] = json!({ "Feature": "ENABLED" });
                });
            },
            "app_client",
            &[
                [
                    "ExplicitAuthFlows",
                    "ALLOW_REFRESH_TOKEN_AUTH, ALLOW_USER_AUTH",
                    "ALLOW_USER_AUTH",
                ],
                ["RefreshTokenRotation", "DISABLED", "ENABLED"],
            ],
            &[client],
        ),
        edit(
            "lifetimes",
            |lab| {
                lab.change_client(|c| {
                    c["AccessTokenValidity"] = json!(5);
                    c["RefreshTokenValidity"] = json!(1);
                });
            },
            "app_client",
            &[
                ["AccessTokenValidity", "60", "5"],
                ["RefreshTokenValidity", "*", "1"],
            ],
            &[client],
        ),
        edit(
            "what a client may learn of users",
            |lab| {
                lab.change_client(|c| {
                    c["PreventUserExistenceErrors"] = json!("LEGACY");
                    c["EnableTokenRevocation"] = json!(false);
                });
            },
            "app_client",
            &[
                ["PreventUserExistenceErrors", "ENABLED", "LEGACY"],
                ["EnableTokenRevocation", "true", "false"],
            ],
            &[client],
        ),
        edit(
            "client deleted",
            |lab| {
                drop(lab.cognito("DeleteUserPoolClient", json!({ "ClientId": lab.site.state()["steps"]["app_client"]["output"]["client_id"] })))
            },
            "app_client",
            &[],
            &["cognito-idp:CreateUserPoolClient"],
        ),
        edit(
            "user disabled",
            |lab| drop(lab.cognito("AdminDisableUser", json!({ "Username": USER }))),
            "user.student@example.com",
            &[["Enabled", "true", "false"]],
            &["cognito-idp:AdminEnableUser"],
        ),
        edit(
            "address not verified",
            |lab| {
                let unverified = json!([{ "Name": "email_verified", "Value": "false" }]);
                let input = json!({ "Username": USER, "UserAttributes": unverified });
                lab.cognito("AdminUpdateUserAttributes", input);
            },
            "user.student@example.com",
            &[["email_verified", "true", "false"]],
            &["cognito-idp:AdminUpdateUserAttributes"],
        ),
        edit(
            "user deleted",
            |lab| drop(lab.cognito("AdminDeleteUser", json!({ "Username": USER }))),
            "user.student@example.com",
            &[],
            &["cognito-idp:AdminCreateUser"],
        ),
    ]
}

fn edits_of_the_api() -> Vec<Edit> {
    let (api, method) = ("apigateway:UpdateRestApi", "apigateway:UpdateMethod");
    let authorizer = "apigateway:UpdateAuthorizer";
    let path = |lab: &Lab| format!("/restapis/{}", lab.api);
    let of_authorizer = |lab: &Lab| format!("/restapis/{}/authorizers/{}", lab.api, lab.authorizer);
    vec![
        edit(
            "name and address of the API",
            move |lab| {
                lab.patch(
                    &path(lab),
                    &[
                        ("replace", "/name", "mine"),
                        ("replace", "/disableExecuteApiEndpoint", "true"),
                    ],
                );
            },
            "api",
            &[
                ["name", "d-apigw-cmp-demo", "mine"],
                ["disableExecuteApiEndpoint", "false", "true"],
            ],
            &[api],
        ),
        edit(
            "endpoint type",
            move |lab| {
                lab.patch(
                    &path(lab),
                    &[("replace", "/endpointConfiguration/types/REGIONAL", "EDGE")],
                )
            },
            "api",
            &[["endpointConfiguration", "REGIONAL", "EDGE"]],
            &[api],
        ),
        edit(
            "header and cache of the authorizer",
            move |lab| {
                lab.patch(
                    &of_authorizer(lab),
                    &[
                        (
                            "replace",
                            "/identitySource",
                            "method.request.header.X-Token",
                        ),
                        ("replace", "/authorizerResultTtlInSeconds", "0"),
                    ],
                );
            },
            AUTHORIZER,
            &[
                [
                    "identitySource",
                    "method.request.header.Authorization",
                    "method.request.header.X-Token",
                ],
                ["authorizerResultTtlInSeconds", "300", "0"],
            ],
            &[authorizer],
        ),
        edit(
            "authorizer detached",
            |lab| {
                lab.patch(
                    &lab.method,
                    &[
                        ("remove", "/authorizationScopes", SCOPE),
                        ("replace", "/authorizationType", "NONE"),
                    ],
                );
            },
            "method.GET /demo",
            &[
                ["authorizationType", "COGNITO_USER_POOLS", "NONE"],
                ["authorizerId", "*", "nothing"],
                ["authorizationScopes", SCOPE, "nothing"],
            ],
            &[method],
        ),
        edit(
            "scope removed",
            |lab| lab.patch(&lab.method, &[("remove", "/authorizationScopes", SCOPE)]),
            "method.GET /demo",
            &[["authorizationScopes", SCOPE, "nothing"]],
            &[method],
        ),
        edit(
            "scope added, key required",
            |lab| {
                lab.patch(
                    &lab.method,
                    &[
                        ("add", "/authorizationScopes", "email"),
                        ("replace", "/apiKeyRequired", "true"),
                    ],
                );
            },
            "method.GET /demo",
            &[
                [
                    "authorizationScopes",
                    SCOPE,
                    "aws.cognito.signin.user.admin, email",
                ],
                ["apiKeyRequired", "false", "true"],
            ],
            &[method],
        ),
        edit(
            "integration of another kind",
            |lab| {
                let mock = json!({ "type": "MOCK", "requestTemplates": { "application/json": "{\"statusCode\": 200}" } });
                lab.gateway("PUT", &format!("{}/integration", lab.method), Some(&mock));
            },
            "integration.GET /demo",
            &[
                ["type", "AWS_PROXY", "MOCK"],
                ["httpMethod", "POST", "nothing"],
                ["uri", "*", "nothing"],
            ],
            &["apigateway:PutIntegration"],
        ),
        edit(
            "integration taken away",
            |lab| drop(lab.gateway("DELETE", &format!("{}/integration", lab.method), None)),
            "integration.GET /demo",
            &[],
            &["apigateway:PutIntegration"],
        ),
        edit(
            "stage moved to another deployment",
            |lab| {
                let made = lab.gateway(
                    "POST",
                    &format!("/restapis/{}/deployments", lab.api),
                    Some(&json!({})),
                );
                let id = made["id"].as_str().expect("an id");
                lab.patch(
                    &format!("/restapis/{}/stages/dev", lab.api),
                    &[("replace", "/deploymentId", id)],
                );
            },
            "stage",
            &[["deploymentId", "*", "*"]],
            &["apigateway:UpdateStage"],
        ),
        edit(
            "stage deleted",
            |lab| drop(lab.gateway("DELETE", &format!("/restapis/{}/stages/dev", lab.api), None)),
            "stage",
            &[],
            &["apigateway:CreateStage"],
        ),
    ]
}

/// Whether `text` is `pattern`, in which a `*` at either end stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        _ if pattern == "*" => true,
        (Some(_), Some(_)) => text.contains(pattern.trim_matches('*')),
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => text == pattern,
    }
}

fn mended_one_by_one(edits: Vec<Edit>) {
    let lab = Lab::up();
    for Edit {
        what,
        by_hand,
        step,
        fields,
        calls,
    } in edits
    {
        by_hand(&lab);
        let wrong = lab.wrong();
        let [(id, state, drift)] = &wrong[..] else {
            panic!("{what}: one resource is wrong, not {wrong:?}");
        };
        let word = if fields.is_empty() {
            "missing"
        } else {
            "drifted"
        };
        assert_eq!(
            (id.as_str(), state.as_str()),
            (step, word),
            "{what}: {wrong:?}"
        );
        let all = drift.len() == fields.len()
            && drift.iter().zip(&fields).all(|(seen, field)| {
                seen.iter()
                    .zip(field)
                    .all(|(seen, wanted)| fits(wanted, seen))
            });
        assert!(all, "{what}: {fields:?} in {drift:?}");
        let shown = lab.site.labctl("status").code(3).out;
        for [field, wanted, seen] in drift {
            let line = format!("{field}: wanted {wanted}, seen {seen}");
            assert!(shown.contains(&line), "{what}: {line} in {shown}");
        }
        assert_eq!(lab.mend(), calls, "{what}");
        lab.site.ok("status");
        assert_eq!(
            lab.mend(),
            Vec::<String>::new(),
            "{what}: nothing is left to do"
        );
    }
    lab.site.ok("verify");
    lab.site.ok("down");
    assert_eq!(twin::everything(&lab.aws.endpoint), Vec::<String>::new());
}

#[test]
fn edits_of_the_function_are_named_and_mended() {
    mended_one_by_one(edits_of_the_function());
}

#[test]
fn edits_of_the_pool_are_named_and_mended() {
    mended_one_by_one(edits_of_the_pool());
}

#[test]
fn edits_of_the_api_are_named_and_mended() {
    mended_one_by_one(edits_of_the_api());
}

/// Without what no update can keep.
fn settings(mut of: Value) -> Value {
    of.as_object_mut()
        .expect("an object")
        .remove("LastModifiedDate");
    of
}

#[test]
fn what_was_set_elsewhere_survives_the_mending_of_pool_and_client() {
    let lab = Lab::up();
    lab.change_pool(|p| {
        p["Policies"]["PasswordPolicy"]["MinimumLength"] = json!(14);
        p["Policies"]["PasswordPolicy"]["RequireSymbols"] = json!(false);
        p["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"] = json!(3);
        p["AdminCreateUserConfig"]["InviteMessageTemplate"] =
            json!({ "EmailSubject": "Welcome", "EmailMessage": "{username} {####}" });
        p["VerificationMessageTemplate"] =
            json!({ "DefaultEmailOption": "CONFIRM_WITH_CODE", "EmailSubject": "Your code" });
        p["UserAttributeUpdateSettings"] =
            json!({ "AttributesRequireVerificationBeforeUpdate": ["email"] });
        p["DeviceConfiguration"] = json!({ "ChallengeRequiredOnNewDevice": true, "DeviceOnlyRememberedOnUserPrompt": false });
        p["AccountRecoverySetting"] =
            json!({ "RecoveryMechanisms": [{ "Priority": 1, "Name": "verified_email" }] });
        p["UserPoolTags"]["team"] = json!("workshop");
    });
    lab.change_client(|c| {
        c["CallbackURLs"] = json!(["https://example.com/callback"]);
        c["LogoutURLs"] = json!(["https://example.com/logout"]);
        c["DefaultRedirectURI"] = json!("https://example.com/callback");
        c["AllowedOAuthFlows"] = json!(["code"]);
        c["AllowedOAuthScopes"] = json!(["openid", "email"]);
        c["AllowedOAuthFlowsUserPoolClient"] = json!(true);
        c["SupportedIdentityProviders"] = json!(["COGNITO"]);
        c["ReadAttributes"] = json!(["email", "name"]);
        c["WriteAttributes"] = json!(["name"]);
    });
    assert_eq!(lab.wrong(), [], "none of it is the lab's business");
    let before = (settings(lab.pool()), settings(lab.client()));
    assert_eq!(lab.mend(), Vec::<String>::new());

    lab.change_pool(|p| p["DeletionProtection"] = json!("ACTIVE"));
    lab.change_client(|c| c["IdTokenValidity"] = json!(7));
    assert_ne!(settings(lab.pool()), before.0);
    assert_ne!(settings(lab.client()), before.1);
    let calls = lab.mend();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert_eq!(settings(lab.pool()), before.0);
    assert_eq!(settings(lab.client()), before.1);

    let integration = format!("{}/integration", lab.method);
    let mut seen = lab.gateway("GET", &integration, None);
    seen["integrationHttpMethod"] = json!("POST");
    seen["timeoutInMillis"] = json!(5000);
    seen["passthroughBehavior"] = json!("NEVER");
    lab.gateway("PUT", &integration, Some(&seen));
    let before = lab.gateway("GET", &integration, None);
    assert_eq!(lab.mend(), Vec::<String>::new());
    let uri = seen["uri"]
        .as_str()
        .expect("a URI")
        .replace(FUNCTION, "another");
    seen["uri"] = json!(uri);
    lab.gateway("PUT", &integration, Some(&seen));
    assert_eq!(lab.mend(), ["apigateway:PutIntegration"]);
    assert_eq!(lab.gateway("GET", &integration, None), before);
}

#[test]
fn a_pool_made_anew_is_the_one_that_the_stage_asks() {
    let lab = Lab::up();
    lab.cognito("DeleteUserPool", json!({}));
    let wrong: Vec<_> = lab
        .wrong()
        .into_iter()
        .map(|(id, state, _)| (id, state))
        .collect();
    let missing = |id: &str| (id.to_owned(), "missing".to_owned());
    for id in ["user_pool", "app_client", "user.student@example.com"] {
        assert!(wrong.contains(&missing(id)), "{wrong:?}");
    }
    lab.mend();
    lab.site.ok("status");
    lab.site.ok("verify");
    lab.site.ok("down");
    assert_eq!(twin::everything(&lab.aws.endpoint), Vec::<String>::new());
}

#[test]
fn an_authorizer_made_anew_is_deployed() {
    let lab = Lab::up();
    let none = [
        ("remove", "/authorizationScopes", SCOPE),
        ("replace", "/authorizationType", "NONE"),
    ];
    lab.patch(&lab.method, &none);
    let authorizer = format!("/restapis/{}/authorizers/{}", lab.api, lab.authorizer);
    lab.gateway("DELETE", &authorizer, None);
    assert_eq!(
        lab.mend(),
        [
            "apigateway:CreateAuthorizer",
            "apigateway:UpdateMethod",
            "apigateway:CreateDeployment",
            "apigateway:UpdateStage"
        ]
    );
    lab.site.ok("status");
    lab.site.ok("verify");
}

#[test]
fn down_turns_off_protection_of_what_is_ours_and_says_so() {
    let lab = Lab::up();
    let input = json!({ "PoolName": "d-user-pool-demo", "DeletionProtection": "ACTIVE" });
    let other = Lab::ok(lab.aws.cognito("CreateUserPool", &input));
    lab.change_pool(|p| p["DeletionProtection"] = json!("ACTIVE"));
    let down = lab.site.ok("down").out;
    let said = format!(
        "turned off deletion protection of our user pool {}",
        lab.pool
    );
    assert!(down.contains(&said), "{down}");
    let left = twin::everything(&lab.aws.endpoint);
    assert_eq!(left, ["UserPools: d-user-pool-demo"]);
    let id = json!({ "UserPoolId": other["UserPool"]["Id"] });
    let seen = Lab::ok(lab.aws.cognito("DescribeUserPool", &id));
    assert_eq!(
        seen["UserPool"]["DeletionProtection"], "ACTIVE",
        "another's is left alone"
    );
}
