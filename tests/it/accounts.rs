//! Which account labctl works in: keys in the environment, `--profile`, variables, and the files of the AWS CLI.
//! The table is shared with `tests/outside/test_accounts.py`, which holds boto3 to it too.

use std::{collections::BTreeMap, fs, net::TcpListener, path::PathBuf, process::Command};

use serde::Deserialize;

use crate::{
    harness::{Said, Site},
    twin::Account,
};

#[derive(Deserialize)]
struct Table {
    /// Accounts that have a role `R`.
    roles: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    /// Account of the keys in the environment.
    env: Option<String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    profile: Option<String>,
    config: Option<BTreeMap<String, String>>,
    credentials: Option<BTreeMap<String, String>>,
    account: Option<String>,
    #[serde(default)]
    fails: Vec<String>,
}

fn table() -> Table {
    serde_json::from_str(include_str!("../accounts.json")).expect("the table")
}

/// Keys, when the first line has twelve digits.
fn file(sections: &BTreeMap<String, String>) -> String {
    let one = |(name, text): (&String, &String)| {
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let keys = first.len() == 12 && first.bytes().all(|b| b.is_ascii_digit());
        let first = if keys {
            format!("aws_access_key_id = {first}\naws_secret_access_key = x")
        } else {
            first.to_owned()
        };
        format!("[{name}]\n{first}\n{rest}\n")
    };
    sections.iter().map(one).collect()
}

/// A lab, and beside it a twin that is reached as AWS is: by its endpoint.
struct World {
    site: Site,
    endpoint: String,
}

impl World {
    fn new() -> Self {
        let site = Site::tutorial();
        site.ok("local start --port 0");
        let endpoint = site.endpoint();
        Self { site, endpoint }
    }

    fn home(&self) -> PathBuf {
        self.site.path("../home")
    }

    fn files(&self, config: Option<&str>, credentials: Option<&str>) {
        let folder = self.home().join(".aws");
        fs::create_dir_all(&folder).expect("a folder");
        for (name, text) in [("config", config), ("credentials", credentials)] {
            let path = folder.join(name);
            let _ = fs::remove_file(&path);
            if let Some(text) = text {
                fs::write(path, text).expect("a file");
            }
        }
    }

    /// labctl with this environment; the instance's role is not asked for.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.site.command(args);
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    fn run(&self, row: &Row, args: &[&str]) -> Said {
        let text = |sections: &Option<BTreeMap<_, _>>| sections.as_ref().map(file);
        self.files(
            text(&row.config).as_deref(),
            text(&row.credentials).as_deref(),
        );
        let option = row.profile.as_ref().map(|name| format!("--profile={name}"));
        let args: Vec<&str> = args.iter().copied().chain(option.as_deref()).collect();
        let mut command = self.command(&args);
        if let Some(account) = &row.env {
            command
                .env("AWS_ACCESS_KEY_ID", account)
                .env("AWS_SECRET_ACCESS_KEY", "x");
        }
        let home = self.home().canonicalize().expect("a folder");
        for (name, value) in &row.variables {
            let value = value.replace("@HOME@", &home.to_string_lossy());
            command.env(name, value);
        }
        Said::of(&mut command)
    }
}

/// The account in `up`'s question.
fn asked(said: &Said) -> Option<&str> {
    let (_, rest) = said.err.split_once("resources in account ")?;
    rest.get(..12)
}

#[test]
fn each_row_of_the_table_leads_to_its_account_or_its_error() {
    let world = World::new();
    let table = table();
    for account in &table.roles {
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{account}:root"}},"Action":"sts:AssumeRole"}}]}}"#
        );
        let form = format!(
            "Action=CreateRole&Version=2010-05-08&RoleName=R&AssumeRolePolicyDocument={}",
            crate::twin::percent(&trust)
        );
        let made = Account::new(&world.endpoint, account).iam(&form);
        assert_eq!(made.status, 200, "{}", made.body);
    }
    for row in &table.rows {
        // Without `--yes` and without a terminal, `up` asks, and builds nothing.
        let said = world.run(row, &["up"]);
        assert_eq!(
            asked(&said),
            row.account.as_deref(),
            "{}:\n{}",
            row.name,
            said.err
        );
        for words in &row.fails {
            assert!(
                said.err.contains(words),
                "{}: no {words:?} in:\n{}",
                row.name,
                said.err
            );
        }
    }
}

/// What a lab needs after `up` (AWS keys of a caller, the sign-in, `down`) goes to the same account.
#[test]
fn every_command_works_in_the_account_of_the_profile() {
    let world = World::new();
    for file in ["lab.yaml", "artifacts/hello/lambda_function.py"] {
        let ready = format!("labs/iam-authorizer/{file}");
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(ready);
        world.site.write(file, fs::read(root).expect("a ready lab"));
    }
    world.files(
        Some("[profile teach]\nregion = eu-west-1\naws_access_key_id = 222222222222\naws_secret_access_key = x\n"),
        None,
    );
    let run = |args: &[&str]| {
        let mut command = world.command(args);
        command
            .args(["--profile", "teach"])
            .env("AWS_ACCESS_KEY_ID", "999999999999")
            .env("AWS_SECRET_ACCESS_KEY", "x");
        Said::of(&mut command)
    };
    run(&["up", "--yes"]).code(0);
    let state = world.site.read(".labctl/iam-authorizer/state.json");
    let state: serde_json::Value = serde_json::from_str(&state).expect("JSON");
    assert_eq!(state["account"], "222222222222");
    assert_eq!(state["region"], "us-east-1", "the lab's, not the profile's");
    run(&["status"]).code(0);
    run(&["verify"]).code(0);
    run(&["down", "--yes"]).code(0);
}

/// Neither an unknown profile nor one without keys leads to the role of the instance.
#[test]
fn with_a_profile_the_instance_is_not_asked() {
    let world = World::new();
    world.files(Some("[profile bare]\nregion = us-east-1\n"), None);
    let instance = TcpListener::bind("127.0.0.1:0").expect("a port");
    instance.set_nonblocking(true).expect("a socket");
    let address = format!("http://{}", instance.local_addr().expect("its port"));
    let up = |args: &[&str]| {
        let mut command = world.site.command(args);
        command
            .env("AWS_ENDPOINT_URL", &world.endpoint)
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &address);
        assert_eq!(asked(&Said::of(&mut command)), None, "{args:?}");
    };
    for name in ["bare", "nosuch"] {
        up(&["up", "--profile", name]);
        assert!(instance.accept().is_err(), "--profile {name}");
    }
    // A profile that a variable names, and that says where its keys come from: the instance's are others.
    for profile in [
        "role_arn = arn:aws:iam::222222222222:role/r\nsource_profile = nosuch\n",
        "role_arn = arn:aws:iam::222222222222:role/r\n",
        "credential_process = false\n",
        "sso_session = nosuch\nsso_account_id = 222222222222\nsso_role_name = r\n",
        "login_session = arn:aws:iam::222222222222:user/u\n",
    ] {
        world.files(Some(&format!("[profile broken]\n{profile}")), None);
        let mut command = world.site.command(["up"]);
        command
            .env("AWS_PROFILE", "broken")
            .env("AWS_ENDPOINT_URL", &world.endpoint)
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &address);
        assert_eq!(asked(&Said::of(&mut command)), None, "{profile}");
        assert!(instance.accept().is_err(), "{profile}");
    }
    // Without a profile it is: the test can fail.
    up(&["up"]);
    assert!(instance.accept().is_ok(), "no profile");
}
