//! Managed login: its pages step by step, and `labctl login`, which ends where lab.yaml says.

mod command;
mod pages;

use std::{net::TcpListener, process::Command};

use serde_json::{Value, json};

use crate::{
    choices::browse,
    harness::{Running, Said, Site},
    twin,
};

const PASSWORD: &str = "Correct-Horse-1-Battery";
const STUDENT: &str = "student@example.com";

/// A lab with a sign-in page and users of its own.
struct Lab {
    site: Site,
    /// Where its callback leads.
    port: u16,
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    free.expect("a port").port()
}

impl Lab {
    /// `pool`: more lines of the user pool.
    fn new(pool: &str) -> Self {
        let site = Site::empty();
        let port = free_port();
        site.write(
            "artifacts/hello/lambda_function.py",
            include_str!("../../../artifacts/hello/lambda_function.py"),
        );
        site.write(
            "lab.yaml",
            format!(
                "lab: login\nregion: us-east-1\nfunctions:\n  hello:\n    name: d-login-hello\n    runtime: python3.13\n    \
                 handler: lambda_function.lambda_handler\n    source: artifacts/hello\nuser_pool:\n  name: d-login\n  \
                 domain: d-login-4711\n{pool}  app_client:\n    name: d-login-app\n    type: spa\n    \
                 callback_urls:\n      - https://app.example.com/\n      - http://localhost:{port}/callback\n  users:\n    \
                 - email: {STUDENT}\n      password_env: STUDENT_PASSWORD\napi:\n  name: d-login-api\n  authorizers:\n    \
                 d-login-pool:\n      type: cognito\n  routes:\n    GET /demo:\n      function: hello\n      \
                 authorizer: d-login-pool\n      scopes: [openid]\n      expect: Hello from Lambda!\n  stage: dev\n"
            ),
        );
        Self { site, port }
    }

    fn up(pool: &str) -> Self {
        let lab = Self::new(pool);
        lab.run("up --local").code(0);
        lab
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.site.command(line.split_whitespace());
        command.env("STUDENT_PASSWORD", PASSWORD);
        command
    }

    fn run(&self, line: &str) -> Said {
        Said::of(&mut self.command(line))
    }

    fn start(&self, line: &str) -> Running {
        Running::start(&mut self.command(line))
    }

    fn callback(&self) -> String {
        format!("http://localhost:{}/callback", self.port)
    }

    fn outputs(&self) -> Value {
        self.site.status()["outputs"].clone()
    }

    fn cognito(&self, operation: &str, input: &Value) -> twin::Answer {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        twin::json_call(&self.site.endpoint(), "cognito-idp", &target, input)
    }

    /// A user with a temporary password.
    fn invite(&self, email: &str, password: &str) {
        let user = json!({
            "UserPoolId": self.outputs()["user_pool_id"], "Username": email, "TemporaryPassword": password,
            "MessageAction": "SUPPRESS",
            "UserAttributes": [{ "Name": "email", "Value": email }, { "Name": "email_verified", "Value": "true" }],
        });
        assert_eq!(self.cognito("AdminCreateUser", &user).status, 200);
    }

    /// The code in the newest mail to someone.
    fn mailed(&self, to: &str) -> String {
        let mails = twin::local(
            &self.site.endpoint(),
            "GET",
            &format!("/inbox.json?to={to}"),
            None,
        )
        .json();
        mails[0]["code"].as_str().expect("a code").to_owned()
    }
}

/// A browser at the pages: where it is, and what it shows.
struct Visit {
    /// Scheme, host and port.
    origin: String,
    page: String,
}

/// Where a form led to.
enum Led {
    Page(Visit),
    Back(String),
}

impl Visit {
    /// Opens an address, and follows it to the page.
    fn to(url: &str) -> Self {
        let (status, location, body) = browse(url, None);
        let rest = url.strip_prefix("http://").expect("http");
        let (host, _) = rest.split_once('/').expect("a path");
        let origin = format!("http://{host}");
        if status == 302 {
            assert!(location.starts_with('/'), "{location}");
            return Self::to(&format!("{origin}{location}"));
        }
        assert_eq!(status, 200, "{body}");
        Self { origin, page: body }
    }

    #[track_caller]
    fn shows(self, words: &str) -> Self {
        assert!(self.page.contains(words), "no {words:?} in:\n{}", self.page);
        self
    }

    fn between(&self, before: &str, after: &str) -> String {
        let (_, rest) = self
            .page
            .split_once(before)
            .unwrap_or_else(|| panic!("{}", self.page));
        rest.split(after).next().unwrap_or_default().to_owned()
    }

    /// Sends the page's form, as it stands with these fields filled in.
    fn send(&self, fields: &[(&str, &str)]) -> Led {
        let action = self
            .between("<form method=\"post\" action=\"", "\"")
            .replace("&amp;", "&");
        let url = format!("{}{action}", self.origin);
        let mut form: Vec<(String, String)> = Vec::new();
        if self.page.contains("name=\"session\"") {
            let session = self.between("name=\"session\" value=\"", "\"");
            assert!(!url.contains(&session), "a session in an address: {url}");
            form.push(("session".to_owned(), session));
        }
        for (name, value) in fields {
            // Buttons are no inputs.
            assert!(
                self.page.contains(&format!("name=\"{name}\"")),
                "no field {name} in:\n{}",
                self.page
            );
            form.push(((*name).to_owned(), (*value).to_owned()));
        }
        let pairs: Vec<String> = form
            .iter()
            .map(|(name, value)| format!("{name}={}", twin::percent(value)))
            .collect();
        match browse(&url, Some(&pairs.join("&"))) {
            (302, to, _) => Led::Back(to),
            (200, _, page) => Led::Page(Self {
                origin: self.origin.clone(),
                page,
            }),
            (status, _, body) => panic!("{status} {body}"),
        }
    }

    /// The next page.
    #[track_caller]
    fn next(&self, fields: &[(&str, &str)]) -> Self {
        match self.send(fields) {
            Led::Page(page) => page,
            Led::Back(to) => panic!("back to {to}"),
        }
    }

    /// The callback that the sign-in ends at.
    #[track_caller]
    fn back(&self, fields: &[(&str, &str)]) -> String {
        match self.send(fields) {
            Led::Back(to) => to,
            Led::Page(page) => panic!("no end:\n{}", page.page),
        }
    }
}

/// What a generator shows now, or in so many steps of 30 s.
fn generated(secret: &str, steps: i64) -> String {
    let said = Said::of(Command::new("python3").args([
        "-c",
        "import base64,hashlib,hmac,struct,sys,time\n\
         key = base64.b32decode(sys.argv[1] + '=' * (-len(sys.argv[1]) % 8))\n\
         d = hmac.new(key, struct.pack('>q', int(time.time()) // 30 + int(sys.argv[2])), hashlib.sha1).digest()\n\
         at = d[19] & 15\n\
         print('%06d' % ((struct.unpack('>I', d[at:at + 4])[0] & 0x7fffffff) % 1000000))",
        secret,
        &steps.to_string(),
    ]));
    said.code(0).out.trim().to_owned()
}
