//! The choices of a user pool: a second factor, the managed login domain, identity providers.

use std::{fs, net::TcpListener, path::PathBuf, process::Command};

use serde_json::{Value, json};

use crate::{
    harness::{Said, Site, changes, standings},
    twin,
};

const PASSWORD: &str = "Correct-Horse-1-Battery";
const SECRET: &str = "only-for-this-test";
const CALLBACK: &str = "http://localhost:8000/";
const PREFIX: &str = "d-choices-4711";
const STUDENT: &str = "student@example.com";

/// The ready lab, with its provider on a port of its own.
struct Lab {
    site: Site,
    provider: PathBuf,
}

impl Lab {
    fn new() -> Self {
        let site = Site::ready("user-pool-choices");
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.expect("a port").port().to_string();
        for file in ["lab.yaml", "artifacts/provider/metadata.xml"] {
            site.write(file, site.read(file).replace("8010", &port));
        }
        let provider = site.path("artifacts/provider/provider.py");
        let said = Said::of(
            Command::new("python3")
                .arg(&provider)
                .args(["start", &port])
                .env("CORPORATE_SECRET", SECRET),
        );
        said.code(0);
        Self { site, provider }
    }

    fn run(&self, line: &str) -> Said {
        let mut command = self.site.command(line.split_whitespace());
        Said::of(
            command
                .env("STUDENT_PASSWORD", PASSWORD)
                .env("CORPORATE_SECRET", SECRET),
        )
    }

    fn up() -> Self {
        let lab = Self::new();
        lab.run("up --local").code(0);
        lab
    }

    fn outputs(&self) -> Value {
        self.site.status()["outputs"].clone()
    }

    fn pool(&self) -> Value {
        self.outputs()["user_pool_id"].clone()
    }

    fn cognito(&self, operation: &str, input: &Value) -> twin::Answer {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        twin::json_call(&self.site.endpoint(), "cognito-idp", &target, input)
    }

    /// `(step, fields)` of what is not as it should be.
    fn wrong(&self) -> Vec<(String, Vec<String>)> {
        let status = self.site.status();
        let chapters = status["chapters"].as_array().cloned().unwrap_or_default();
        let all = chapters
            .iter()
            .flat_map(|c| c["resources"].as_array().cloned().unwrap_or_default());
        all.filter(|r| r["state"] != "present")
            .map(|r| {
                let drift = r["drift"].as_array().cloned().unwrap_or_default();
                let fields = drift.iter().map(|d| text(&d["field"])).collect();
                (text(&r["id"]), fields)
            })
            .collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = Command::new("python3")
            .arg(&self.provider)
            .arg("stop")
            .output();
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// One request as a browser makes it, whose redirects are looked at: status, `Location`, body.
pub(crate) fn browse(url: &str, form: Option<&str>) -> (u16, String, String) {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .new_agent();
    let answer = match form {
        None => agent.get(url).call(),
        Some(form) => agent
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .send(form),
    };
    let mut answer = answer.expect("an answer");
    let location = answer.headers().get("location");
    let location = location
        .map_or("", |to| to.to_str().expect("ASCII"))
        .to_owned();
    let body = answer.body_mut().read_to_string().expect("UTF-8");
    (answer.status().as_u16(), location, body)
}

/// A parameter of an address, as it stands there.
pub(crate) fn parameter(url: &str, name: &str) -> String {
    let (_, query) = url.split_once('?').unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.into_iter().find(|(n, _)| *n == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {url}"))
        .1
        .to_owned()
}

fn authorize(outputs: &Value, more: &str) -> String {
    format!(
        "{}/oauth2/authorize?response_type=code&client_id={}&redirect_uri={}&scope=openid+email+aws.cognito.signin.user.admin\
         &state=x%2Fy&nonce=n-1{more}",
        text(&outputs["login_url"]),
        text(&outputs["client_id"]),
        twin::percent(CALLBACK),
    )
}

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Signs a person of the provider in; answers where the browser ends.
fn federated(outputs: &Value, who: &str) -> String {
    let pkce = format!("&code_challenge={CHALLENGE}&code_challenge_method=S256");
    let begin = authorize(outputs, &format!("&identity_provider=Corporate{pkce}"));
    let (status, at_provider, _) = browse(&begin, None);
    assert_eq!(status, 302);
    let (status, back, body) = browse(&at_provider, Some(&format!("who={who}")));
    assert_eq!(status, 302, "{body}");
    let (status, callback, body) = browse(&back, None);
    assert_eq!(status, 302, "{body}");
    // The state that brought the user back is used up.
    assert_eq!(browse(&back, None).0, 400);
    callback
}

fn exchange(outputs: &Value, code: &str, verifier: &str) -> (u16, Value) {
    let form = format!(
        "grant_type=authorization_code&client_id={}&redirect_uri={}&code={code}&code_verifier={verifier}",
        text(&outputs["client_id"]),
        twin::percent(CALLBACK),
    );
    token(outputs, &form)
}

fn token(outputs: &Value, form: &str) -> (u16, Value) {
    let url = format!("{}/oauth2/token", text(&outputs["login_url"]));
    let (status, _, body) = browse(&url, Some(form));
    (status, serde_json::from_str(&body).expect("JSON"))
}

/// The claims of a token, not verified: API Gateway does that.
pub(crate) fn claims(token: &Value) -> Value {
    let payload = text(token);
    let payload = payload.split('.').nth(1).expect("a JWT");
    let json = Said::of(Command::new("python3").args([
        "-c",
        "import base64,sys; p=sys.argv[1]; print(base64.urlsafe_b64decode(p+'='*(-len(p)%4)).decode())",
        payload,
    ]));
    json.json()
}

#[test]
fn the_lab_goes_up_is_proven_and_leaves_nothing() {
    let lab = Lab::new();
    // Neither secret is asked for where nobody can type it.
    let refused = lab.site.labctl("up --local").code(2);
    refused.complains(&["STUDENT_PASSWORD", "terminal"]);
    let created = changes(&lab.run("up --local --json").code(0).events());
    assert!(created.iter().all(|(_, change)| change == "created"));
    for step in [
        "mfa",
        "domain",
        "identity_provider.Corporate",
        "identity_provider.Campus",
    ] {
        assert!(created.iter().any(|(id, _)| id == step), "{created:?}");
    }
    let (endpoint, pool) = (lab.site.endpoint(), lab.pool());
    assert_eq!(
        standings(&lab.site.ok("status --json").json()).len(),
        created.len()
    );
    // Once they are set, nobody is asked for secrets again.
    let again = changes(&lab.site.ok("up --local --json").events());
    assert!(
        again.iter().all(|(_, change)| change == "unchanged"),
        "{again:?}"
    );

    let proven = lab.site.ok("verify --json");
    let checks: Vec<_> = proven
        .events()
        .into_iter()
        .filter(|e| e["event"] == "check")
        .collect();
    assert_eq!(checks.len(), 16, "{checks:?}");
    assert!(
        proven
            .out
            .contains("not proven: sign-in through Corporate to its end")
    );
    let users = lab
        .cognito("ListUsers", &json!({ "UserPoolId": pool }))
        .json();
    assert_eq!(users["Users"].as_array().map(Vec::len), Some(1), "{users}");

    // What signs in by e-mail code says that it cannot here.
    for line in ["token", "call GET /demo", "export spa app"] {
        let refused = lab.site.labctl(line).code(2);
        refused.complains(&["sign in with a password", "labctl verify"]);
    }
    for secret in [PASSWORD, SECRET] {
        let state = lab.site.read(".labctl/user-pool-choices/state.json");
        assert!(!state.contains(secret) && !proven.out.contains(secret));
    }
    let down = lab.site.ok("down --prove --json");
    assert_eq!(changes(&down.events()).len(), created.len());
    assert!(down.out.contains("DescribeUserPoolDomain"), "{}", down.out);
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
    let domain = lab
        .cognito("DescribeUserPoolDomain", &json!({ "Domain": PREFIX }))
        .json();
    assert_eq!(domain["DomainDescription"], json!({}));
}

#[test]
fn a_federated_sign_in_goes_all_the_way_to_the_api() {
    let lab = Lab::up();
    let outputs = lab.outputs();
    let callback = federated(&outputs, "ada");
    assert!(callback.starts_with(CALLBACK), "{callback}");
    assert_eq!(parameter(&callback, "state"), "x%2Fy");
    let code = parameter(&callback, "code");
    let (status, tokens) = exchange(&outputs, &code, VERIFIER);
    assert_eq!(status, 200, "{tokens}");
    let invoke = text(&outputs["invoke_url"]);
    let answer = twin::get(&invoke, Some(&text(&tokens["access_token"])));
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, "Hello from Lambda!")
    );
    assert_eq!(
        twin::get(&invoke, Some(&text(&tokens["id_token"]))).status,
        401
    );

    let id = claims(&tokens["id_token"]);
    let expected = [
        ("cognito:username", "Corporate_ada-1815"),
        ("email", "ada@corporate.example"),
        ("name", "Ada Lovelace"),
        ("nonce", "n-1"),
    ];
    for (name, value) in expected {
        assert_eq!(id[name], value, "{id}");
    }
    assert_eq!(id["identities"][0]["userId"], "ada-1815");
    let group = format!("{}_Corporate", text(&lab.pool()));
    assert_eq!(id["cognito:groups"], json!([group]));
    let access = claims(&tokens["access_token"]);
    assert_eq!(
        access["scope"],
        "openid email aws.cognito.signin.user.admin"
    );
    assert_eq!(access["version"], 2);

    let user = json!({ "UserPoolId": lab.pool(), "Username": "Corporate_ada-1815" });
    let user = lab.cognito("AdminGetUser", &user).json();
    assert_eq!(user["UserStatus"], "EXTERNAL_PROVIDER");

    // A code is good once; a wrong verifier, and none, get nothing; nor does another's callback.
    let error = |answer: (u16, Value)| (answer.0, text(&answer.1["error"]));
    let refused = |why: &str| (400, why.to_owned());
    assert_eq!(
        error(exchange(&outputs, &code, VERIFIER)),
        refused("invalid_grant")
    );
    let code = parameter(&federated(&outputs, "ada"), "code");
    assert_eq!(
        error(exchange(&outputs, &code, "wrong")),
        refused("invalid_request")
    );
    assert_eq!(
        error(exchange(&outputs, &code, VERIFIER)),
        refused("invalid_grant")
    );
    assert_eq!(
        error(token(&outputs, "grant_type=password&client_id=x")),
        refused("invalid_client")
    );

    // Refreshed tokens keep the scopes.
    let refresh = format!(
        "grant_type=refresh_token&client_id={}&refresh_token={}",
        text(&outputs["client_id"]),
        text(&tokens["refresh_token"])
    );
    let (status, fresh) = token(&outputs, &refresh);
    assert_eq!(status, 200, "{fresh}");
    assert_eq!(claims(&fresh["access_token"])["scope"], access["scope"]);

    // The same person again is the same user; another one is another.
    federated(&outputs, "ada");
    federated(&outputs, "bob");
    let users = lab
        .cognito("ListUsers", &json!({ "UserPoolId": lab.pool() }))
        .json();
    assert_eq!(users["Users"].as_array().map(Vec::len), Some(3), "{users}");

    // With another secret the provider gives nothing, and the app hears of it at its callback.
    let mut up = lab.site.command(["up", "--local", "--json"]);
    let said = Said::of(up.env("CORPORATE_SECRET", "another-secret")).code(0);
    let updated: Vec<_> = changes(&said.events())
        .into_iter()
        .filter(|(_, c)| c == "updated")
        .collect();
    assert_eq!(
        updated,
        [(
            "identity_provider.Corporate".to_owned(),
            "updated".to_owned()
        )]
    );
    assert!(
        !said.out.contains("another-secret") && !said.out.contains(SECRET),
        "{}",
        said.out
    );
    let callback = federated(&outputs, "ada");
    assert_eq!(parameter(&callback, "error"), "invalid_request");
    assert!(
        parameter(&callback, "error_description").contains("401"),
        "{callback}"
    );
    lab.site.ok("down");
}

#[test]
fn what_the_domain_does_not_know_it_refuses() {
    let lab = Lab::up();
    let outputs = lab.outputs();
    let login = text(&outputs["login_url"]);
    let client = text(&outputs["client_id"]);
    for (more, error) in [
        ("&scope=phone", "scope"),
        ("&identity_provider=Nobody", "error=invalid_request"),
        ("&code_challenge=x", "error=invalid_request"),
    ] {
        let (status, to, _) = browse(&authorize(&outputs, more), None);
        assert_eq!(status, 302);
        assert!(to.contains(error), "{more}: {to}");
    }
    let at = |query: &str| browse(&format!("{login}/oauth2/authorize?{query}"), None).1;
    let callback = twin::percent(CALLBACK);
    let token = at(&format!(
        "response_type=token&client_id={client}&redirect_uri={callback}&state=s"
    ));
    assert_eq!(
        token,
        format!("{CALLBACK}?error=unauthorized_client&state=s")
    );
    let scope = at(&format!(
        "response_type=code&client_id={client}&redirect_uri={callback}&scope=phone"
    ));
    assert_eq!(scope, format!("{CALLBACK}?error=invalid_scope"));
    // Letter by letter, as on AWS.
    for other in [
        "http://localhost:8000",
        "http://localhost:8000/x",
        "https://localhost:8000/",
    ] {
        let to = at(&format!(
            "response_type=code&client_id={client}&redirect_uri={}",
            twin::percent(other)
        ));
        assert!(to.contains("/error?error=redirect_mismatch"), "{to}");
    }
    let (status, _, page) = browse(
        &format!("{login}/saml2/idpresponse"),
        Some("SAMLResponse=x"),
    );
    assert!(status == 501 && page.contains("SAML responses"), "{page}");
    // After the right password comes MFA: a generator has to be set up.
    let page = authorize(&outputs, "").replace("/oauth2/authorize", "/login");
    let (status, _, body) = browse(&page, Some(&format!("username={STUDENT}&password=wrong")));
    assert!(
        status == 200 && body.contains("Incorrect username or password."),
        "{body}"
    );
    let (status, _, body) = browse(
        &page,
        Some(&format!("username={STUDENT}&password={PASSWORD}")),
    );
    assert!(
        status == 200 && body.contains("Set up your authenticator app"),
        "{body}"
    );
    let bye = format!("{login}/logout?client_id={client}&logout_uri=");
    assert_eq!(
        browse(&format!("{bye}http://localhost:8000/bye"), None).1,
        "http://localhost:8000/bye"
    );
    assert!(
        browse(&format!("{bye}{CALLBACK}"), None)
            .1
            .contains("error=redirect_mismatch")
    );
    lab.site.ok("down");
}

/// Without a second factor, the page signs the pool's own users in.
#[test]
fn a_password_at_the_page_leads_to_tokens() {
    let lab = Lab::new();
    let text_of = lab.site.read("lab.yaml");
    let (before, rest) = text_of.split_once("  mfa:\n").expect("MFA");
    let (_, after) = rest.split_once('\n').expect("its line");
    lab.site.write("lab.yaml", format!("{before}{after}"));
    lab.run("up --local").code(0);
    let outputs = lab.outputs();
    let page = authorize(&outputs, "").replace("/oauth2/authorize", "/login");
    let (status, callback, body) = browse(
        &page,
        Some(&format!("username={STUDENT}&password={PASSWORD}")),
    );
    assert_eq!(status, 302, "{body}");
    let (status, tokens) = exchange(&outputs, &parameter(&callback, "code"), "");
    assert_eq!(status, 200, "{tokens}");
    let invoke = text(&outputs["invoke_url"]);
    assert_eq!(
        twin::get(&invoke, Some(&text(&tokens["access_token"]))).status,
        200
    );
    // A password alone is proven too.
    let proven = lab.site.ok("verify");
    assert!(
        proven
            .out
            .contains("sign-in by password of a user made for this"),
        "{}",
        proven.out
    );
    assert!(!proven.out.contains("code generator"));
    lab.site.ok("down");
}

#[test]
fn a_generator_of_the_student_s_own_stays_and_optional_mfa_is_proven() {
    let lab = Lab::new();
    lab.site.edit("totp: required", "totp: optional");
    lab.run("up --local").code(0);
    let student = json!({ "UserPoolId": lab.pool(), "Username": STUDENT });
    let client = lab.outputs()["client_id"].clone();
    let begin = json!({
        "ClientId": client, "AuthFlow": "USER_AUTH",
        "AuthParameters": { "USERNAME": STUDENT, "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": PASSWORD },
    });
    let tokens = lab.cognito("InitiateAuth", &begin).json();
    let access = &tokens["AuthenticationResult"]["AccessToken"];
    let secret = lab
        .cognito("AssociateSoftwareToken", &json!({ "AccessToken": access }))
        .json();
    let code = Said::of(Command::new("python3").args([
        "-c",
        "import base64,hmac,struct,sys,time\n\
         s=sys.argv[1]; k=base64.b32decode(s+'='*(-len(s)%8)); d=hmac.digest(k,struct.pack('>Q',int(time.time())//30),'sha1')\n\
         o=d[-1]&15; print('%06d'%((struct.unpack('>I',d[o:o+4])[0]&0x7fffffff)%10**6))",
        &text(&secret["SecretCode"]),
    ]));
    let verify = json!({ "AccessToken": access, "UserCode": code.code(0).out.trim() });
    assert_eq!(lab.cognito("VerifySoftwareToken", &verify).status, 200);
    let on = json!({ "Enabled": true, "PreferredMfa": true });
    let prefer = json!({ "AccessToken": access, "SoftwareTokenMfaSettings": on });
    assert_eq!(lab.cognito("SetUserMFAPreference", &prefer).status, 200);
    let before = lab.cognito("AdminGetUser", &student).json();
    assert_eq!(before["PreferredMfaSetting"], "SOFTWARE_TOKEN_MFA");

    // A user that an earlier proof left is no trouble.
    let left = json!({ "UserPoolId": lab.pool(), "Username": "labctl-verify@example.com", "MessageAction": "SUPPRESS" });
    assert_eq!(lab.cognito("AdminCreateUser", &left).status, 200);
    let proven = lab.site.ok("verify");
    assert!(
        proven.out.contains("sign-in by password and code"),
        "{}",
        proven.out
    );
    assert_eq!(lab.cognito("AdminGetUser", &student).json(), before);
    let asked = lab.cognito("InitiateAuth", &begin).json();
    assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA", "{asked}");
    let users = lab
        .cognito("ListUsers", &json!({ "UserPoolId": lab.pool() }))
        .json();
    assert_eq!(users["Users"].as_array().map(Vec::len), Some(1), "{users}");
    lab.site.ok("down");
}

#[test]
fn what_is_changed_by_hand_is_named_and_mended() {
    let lab = Lab::up();
    let pool = lab.pool();
    let with = |mut input: Value| {
        input["UserPoolId"] = pool.clone();
        input
    };
    let done = |operation: &str, input: Value| {
        let answer = lab.cognito(operation, &with(input));
        assert_eq!(answer.status, 200, "{operation}: {}", answer.body);
        serde_json::from_str::<Value>(&answer.body).unwrap_or_default()
    };
    let mended = |step: &str, fields: &[&str]| {
        let fields = fields.iter().map(|f| (*f).to_owned()).collect();
        assert_eq!(lab.wrong(), [(step.to_owned(), fields)]);
        lab.site.ok("up --local");
        assert_eq!(lab.wrong(), []);
    };
    let off =
        json!({ "MfaConfiguration": "OFF", "SoftwareTokenMfaConfiguration": { "Enabled": false } });
    done("SetUserPoolMfaConfig", off);
    mended(
        "mfa",
        &["MfaConfiguration", "SoftwareTokenMfaConfiguration.Enabled"],
    );

    let mapping = json!({ "email": "upn" });
    done(
        "UpdateIdentityProvider",
        json!({ "ProviderName": "Corporate", "AttributeMapping": mapping }),
    );
    mended("identity_provider.Corporate", &["AttributeMapping"]);
    let kept = done(
        "DescribeIdentityProvider",
        json!({ "ProviderName": "Corporate" }),
    );
    assert_eq!(
        kept["IdentityProvider"]["ProviderDetails"]["client_secret"],
        SECRET
    );

    done(
        "DeleteIdentityProvider",
        json!({ "ProviderName": "Campus" }),
    );
    mended("identity_provider.Campus", &[]);

    done("DeleteUserPoolDomain", json!({ "Domain": PREFIX }));
    mended("domain", &[]);

    let client = done(
        "DescribeUserPoolClient",
        json!({ "ClientId": lab.outputs()["client_id"] }),
    );
    let mut client = client["UserPoolClient"].clone();
    let members = client.as_object_mut().expect("an object");
    members.remove("CreationDate");
    members.remove("LastModifiedDate");
    members.insert(
        "CallbackURLs".to_owned(),
        json!(["https://stranger.example/"]),
    );
    members.insert("SupportedIdentityProviders".to_owned(), json!(["COGNITO"]));
    done("UpdateUserPoolClient", client);
    mended(
        "app_client",
        &["CallbackURLs", "SupportedIdentityProviders"],
    );
    lab.site.ok("verify");

    // What the file no longer wants goes.
    let text_of = lab.site.read("lab.yaml");
    let (before, rest) = text_of.split_once("    Campus:\n").expect("a provider");
    let (_, after) = rest.split_once("  app_client:").expect("a client");
    lab.site
        .write("lab.yaml", format!("{before}  app_client:{after}"));
    lab.site.edit(PREFIX, "d-choices-4712");
    let events = changes(&lab.site.ok("up --local --replace --json").events());
    let changed: Vec<_> = events.iter().filter(|(_, c)| c != "unchanged").collect();
    let ids: Vec<_> = changed
        .iter()
        .map(|(id, change)| format!("{id} {change}"))
        .collect();
    assert!(
        ids.contains(&"identity_provider.Campus deleted".to_owned()),
        "{ids:?}"
    );
    assert!(ids.contains(&"app_client updated".to_owned()), "{ids:?}");
    assert!(ids.iter().any(|id| id.starts_with("domain ")), "{ids:?}");
    lab.site.ok("verify");
    lab.site.ok("down");
    assert_eq!(twin::everything(&lab.site.endpoint()), Vec::<String>::new());
}

#[test]
fn a_prefix_that_is_taken_is_said_so_and_left_alone() {
    let lab = Lab::new();
    lab.site.ok("local start");
    let stranger = lab
        .cognito("CreateUserPool", &json!({ "PoolName": "stranger" }))
        .json();
    let stranger = stranger["UserPool"]["Id"].clone();
    let domain = json!({ "UserPoolId": stranger, "Domain": PREFIX });
    assert_eq!(lab.cognito("CreateUserPoolDomain", &domain).status, 200);
    lab.run("up --local")
        .code(1)
        .complains(&[PREFIX, &text(&stranger), "lab.yaml"]);
    lab.site.ok("down");
    let described = lab
        .cognito("DescribeUserPoolDomain", &json!({ "Domain": PREFIX }))
        .json();
    assert_eq!(described["DomainDescription"]["UserPoolId"], stranger);
    assert_eq!(twin::everything(&lab.site.endpoint()).len(), 1);
}

/// Killed after AWS has answered, before the journal hears of it, then on to the end, or down from there.
#[test]
fn the_lab_survives_being_killed() {
    let lab = Lab::new();
    let killed = |line: &str, operation: &str| {
        let mut command = lab.site.command(line.split_whitespace());
        command
            .env("STUDENT_PASSWORD", PASSWORD)
            .env("CORPORATE_SECRET", SECRET)
            .env("LABCTL_CRASH", format!("answered:{operation}:1"));
        let said = Said::of(&mut command);
        assert_eq!(said.code, -1, "{operation}: {}{}", said.out, said.err);
    };
    for operation in [
        "cognito-idp:SetUserPoolMfaConfig",
        "cognito-idp:CreateIdentityProvider",
        "cognito-idp:CreateUserPoolDomain",
    ] {
        killed("up --local", operation);
        lab.site.ok("down");
        let endpoint = lab.site.endpoint();
        assert_eq!(
            twin::everything(&endpoint),
            Vec::<String>::new(),
            "{operation}"
        );

        killed("up --local", operation);
        lab.run("up --local").code(0);
        assert_eq!(lab.wrong(), []);
        lab.site.ok("down");
        assert_eq!(
            twin::everything(&endpoint),
            Vec::<String>::new(),
            "{operation}"
        );
    }
    lab.run("up --local").code(0);
    killed("down", "cognito-idp:DeleteUserPoolDomain");
    lab.site.ok("down");
    let endpoint = lab.site.endpoint();
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
    // Without a state: found by tags and names.
    lab.run("up --local").code(0);
    fs::remove_dir_all(lab.site.path(".labctl/user-pool-choices")).expect("removed");
    lab.site.ok("down --local");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}
