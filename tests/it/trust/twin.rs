//! The twin's folder: what it holds, and the code that it runs.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::elsewhere;
use crate::{
    harness::{FUNCTION, Said, Site},
    twin,
};

const LOCAL: &str = ".labctl/local";
const WORLD: &str = ".labctl/local/world.json";
const HANDLER: &str = "lambda_function.lambda_handler";
const RECORD: &str = ".labctl/local/daemon.json";

/// A lab that is up on a twin that has stopped.
fn stopped() -> Site {
    let site = Site::tutorial();
    // Not the usual port, which other tests may take.
    site.ok("local start --port 0");
    site.ok("up --local");
    site.ok("local stop");
    site
}

fn world(site: &Site) -> Value {
    serde_json::from_str(&site.read(WORLD)).expect("JSON")
}

fn function(world: &mut Value) -> &mut Value {
    let region = &mut world["accounts"]["000000000000"]["regions"]["us-east-1"];
    &mut region["lambda"]["functions"]["d-lambda-nonvpc-cmp-demo-function"]
}

/// Where the function's code is: the zip, and unpacked.
fn code(site: &Site) -> (PathBuf, PathBuf) {
    let mut world = world(site);
    let function = function(&mut world);
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    let folder = site.path(LOCAL).join("lambda").join(text(&function["id"]));
    let code = text(&function["code"]["id"]);
    (folder.join(format!("{code}.zip")), folder.join(code))
}

/// What a `git pull` brings is noticed before anything of it runs, and the honest user is not asked.
#[test]
fn a_world_that_was_changed_is_asked_about() {
    let site = stopped();
    site.ok("local start");
    site.ok("status");
    site.ok("local stop");
    let good = site.read(WORLD);
    assert!(good.contains(HANDLER));
    let without = |good: &str| {
        let mut world: Value = serde_json::from_str(good).expect("JSON");
        world.as_object_mut().expect("fields").remove("seal");
        world.to_string()
    };
    let cases = [
        (
            good.replace(HANDLER, "evil.handler"),
            "was changed after labctl wrote it",
        ),
        (format!("{good}\n"), "was changed after labctl wrote it"),
        (without(&good), "has no seal"),
        (
            without(&good).replace(HANDLER, "evil.handler"),
            "has no seal",
        ),
    ];
    for (bad, told) in cases {
        fs::write(site.path(WORLD), &bad).expect("a file");
        for line in [
            "local start",
            "up --local",
            "down --yes",
            "status",
            "local serve",
        ] {
            let said = site.labctl(line).code(2);
            let _ = said.complains(&[
                WORLD,
                told,
                "the code of its functions runs on this machine",
                "d-lambda-nonvpc-cmp-demo-function: .labctl/local/lambda/",
                "mv ",
            ]);
        }
        assert_eq!(site.read(WORLD), bad, "{told}");
    }
    fs::write(site.path(WORLD), without(&good)).expect("a file");
    site.ok("trust");
    site.ok("local start");
    site.ok("status");
    site.ok("local stop");
    // For one command, and what the twin writes then is its own.
    let bad = without(&site.read(WORLD));
    fs::write(site.path(WORLD), bad).expect("a file");
    site.labctl("local start").code(2);
    site.ok("local start --trust");
    site.ok("verify");
    site.ok("down");
}

/// What runs is what was uploaded, whoever has written to the folder since.
#[test]
fn code_that_was_changed_does_not_run() {
    let site = Site::tutorial();
    site.ok("up --local --until 1");
    site.ok("local stop");
    let (zip, unpacked) = code(&site);
    let handler = unpacked.join("lambda_function.py");
    let good = fs::read(&handler).expect("the handler");
    let evil = [&b"raise Exception('evil')\n"[..], &good].concat();
    // Whether it answers as it was uploaded, in a new process.
    let runs = || {
        let endpoint = site.endpoint();
        let path = format!("/2015-03-31/functions/{FUNCTION}");
        let settings = json!({"Description": uuid::Uuid::new_v4().to_string()});
        let ended = twin::rest(
            &endpoint,
            "lambda",
            "PUT",
            &format!("{path}/configuration"),
            Some(&settings),
        );
        assert_eq!(ended.status, 200, "{}", ended.body);
        let ready = format!("{path}/configuration");
        while twin::rest(&endpoint, "lambda", "GET", &ready, None).json()["LastUpdateStatus"]
            != "Successful"
        {
            std::thread::yield_now();
        }
        let path = format!("{path}/invocations");
        let said = twin::rest(&endpoint, "lambda", "POST", &path, Some(&json!({})));
        assert!(!said.body.contains("evil"), "{}", said.body);
        said.status == 200 && !said.body.contains("errorMessage")
    };
    fs::write(&handler, &evil).expect("a file");
    site.ok("local start");
    assert!(runs());
    assert_eq!(fs::read(&handler).expect("a file"), good);
    // While the twin runs: a link out of the folder, and one file more.
    fs::remove_file(&handler).expect("a file");
    let other = site.path("../other.py");
    fs::write(&other, &evil).expect("a file");
    symlink(&other, &handler).expect("a link");
    fs::write(unpacked.join("json.py"), &evil).expect("a file");
    assert!(runs());
    assert!(!unpacked.join("json.py").exists() && !handler.is_symlink());
    // Nor does another zip.
    fs::write(&zip, b"PK").expect("a file");
    fs::write(&handler, &evil).expect("a file");
    assert!(!runs());
    fs::remove_file(&zip).expect("a file");
    assert!(!runs());
    site.ok("down");
}

/// The address of a twin that has stopped is believed if the twin wrote it.
#[test]
fn an_address_without_a_seal_is_not_believed() {
    let site = stopped();
    let output = || site.ok("output invoke_url").out;
    let good = output();
    let record = site.read(RECORD);
    let mut value: Value = serde_json::from_str(&record).expect("JSON");
    value["endpoint"] = "http://127.0.0.1:9".into();
    value["inbox"] = "http://127.0.0.1:9".into();
    fs::write(site.path(RECORD), value.to_string()).expect("a file");
    for name in ["invoke_url", "inbox"] {
        let said = site.ok(&format!("output {name}"));
        assert!(!said.out.contains(":9/"), "{}", said.out);
    }
    fs::write(site.path(RECORD), record).expect("a file");
    assert_eq!(output(), good);
    site.ok("local start");
    assert_eq!(output(), good, "the address stays");
    site.ok("down");
}

/// What is below the twin's folder is the user's own, too, or the start says what to type.
#[test]
fn code_that_others_could_change_is_refused_at_the_start() {
    let site = stopped();
    let function = format!("{LOCAL}/lambda");
    let aside = site.path("../aside");
    fs::rename(site.path(&function), &aside).expect("it is moved");
    symlink(&aside, site.path(&function)).expect("a link");
    for line in ["local start", "up --local"] {
        let said = site.labctl(line).code(1);
        let _ = said.complains(&["lambda is a link", "`rm "]);
    }
    fs::remove_file(site.path(&function)).expect("a link");
    fs::rename(&aside, site.path(&function)).expect("it is moved back");
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    };
    for entry in fs::read_dir(site.path(&function)).expect("a folder") {
        let path = entry.expect("an entry").path();
        let before = path.metadata().expect("it is there").permissions().mode();
        mode(&path, 0o777);
        let said = site.labctl("local start").code(1);
        let _ = said.complains(&["can be changed by other users", "chmod"]);
        mode(&path, before & 0o777);
    }
    site.ok("local start");
    site.ok("verify");
    site.ok("down");
}

/// One folder has one name, however it is typed; and no spelling leads around the question.
#[test]
fn a_folder_may_be_spelled_otherwise() {
    let site = stopped();
    let here = site.path("");
    symlink(&here, site.path("../link")).expect("a link");
    symlink(site.path(".labctl"), site.path("../own")).expect("a link");
    let full = here.join(LOCAL);
    let spelled = [
        LOCAL.to_owned(),
        format!("./{LOCAL}/"),
        format!(".labctl/../{LOCAL}"),
        "../lab/.labctl//local".to_owned(),
        "../link/.labctl/local".to_owned(),
        "../own/local".to_owned(),
        full.display().to_string(),
        format!("{}/./.labctl/local/", here.display()),
        format!("{LOCAL}/lambda/.."),
        format!("{LOCAL}/missing/.."),
        format!("{LOCAL}/missing/../../local"),
        format!("../lab/{LOCAL}/handlers/../."),
    ];
    for dir in &spelled {
        site.ok(&format!("local start --dir {dir}"));
        let status = site.ok("local status --json").json();
        assert_eq!(status["running"], true, "{dir}");
        site.ok(&format!("local stop --dir {dir}"));
        let stranger = Said::of(&mut elsewhere(&site, &format!("local start --dir {dir}")));
        let _ = stranger.code(2).complains(&["was not made by your labctl"]);
    }
    let listed = site.ok("trust --list").out;
    assert_eq!(listed.matches(".labctl").count(), 1, "{listed}");
    // A link below is none of these.
    fs::rename(site.path(LOCAL), site.path("../moved")).expect("it is moved");
    symlink(site.path("../moved"), site.path(LOCAL)).expect("a link");
    for dir in ["../link/.labctl/local", "../own/local", LOCAL] {
        let said = site.labctl(&format!("local start --dir {dir}"));
        if dir == "../own/local" {
            // Its last part is not followed either.
            let _ = said.code(1).complains(&["is a link"]);
        } else {
            let _ = said.code(1).complains(&["local is a link"]);
        }
    }
}
