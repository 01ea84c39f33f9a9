//! What labctl wrote once, put back.

use std::fs;

use super::STATE;
use crate::harness::Site;

const WORLD: &str = ".labctl/local/world.json";

#[test]
fn an_old_state_is_asked_about() {
    let site = Site::tutorial();
    site.ok("up --local --until 1");
    let first = site.read(STATE);
    site.ok("up --local --until 2");
    let second = site.read(STATE);
    let put_back = |state: &str| {
        fs::create_dir_all(site.path(STATE).parent().expect("a folder")).expect("a folder");
        fs::write(site.path(STATE), state).expect("a file");
    };
    let asks = || {
        for line in ["status", "down --yes", "up --local"] {
            let said = site.labctl(line).code(2);
            let _ = said.complains(&["state.json is older than what labctl wrote last", "backup"]);
        }
    };
    put_back(&first);
    asks();
    put_back(&second);
    site.ok("status");
    // A backup: the user agrees, and then it is the newest.
    put_back(&first);
    site.ok("trust");
    site.ok("status");
    put_back(&second);
    asks();
    site.ok("status --trust");
    site.ok("trust");
    site.ok("up --local --until 2 --adopt --yes");
    site.ok("status");
    let third = site.read(STATE);
    site.ok("down");
    // What was removed is old, too.
    put_back(&third);
    asks();
    fs::remove_file(site.path(STATE)).expect("a file");
    site.ok("up --local --until 1");
    site.ok("status");
    site.ok("down");
}

/// A run that is killed leaves a state that is newer than what is noted: nobody is asked.
#[test]
fn a_world_that_was_put_back_is_asked_about_and_a_crash_is_not() {
    let site = Site::tutorial();
    site.ok("up --local --until 1");
    site.ok("local stop");
    let old = site.read(WORLD);
    site.ok("up --local --until 2");
    let pid = site.ok("local status --json").json()["pid"].to_string();
    let killed = site.program("kill").args(["-9", &pid]).status();
    assert!(killed.expect("kill runs").success());
    // Its lock goes with it.
    while site.labctl("local status").code == 0 {
        std::thread::yield_now();
    }
    site.ok("local start");
    site.ok("local stop");
    let new = site.read(WORLD);
    fs::write(site.path(WORLD), old).expect("a file");
    let said = site.labctl("local start").code(2);
    let _ = said.complains(&["local/world.json is older than what labctl wrote last"]);
    fs::write(site.path(WORLD), new).expect("a file");
    site.ok("local start");
    site.ok("down");
}
