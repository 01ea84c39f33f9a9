//! Before anything is built: which AWS or twin it is, whether it can run the lab, what is there already.

use crate::{
    aws::Cx,
    cli::{Global, How},
    cmd::{
        link::{self, Link},
        lookup,
        scene::Site,
    },
    engine::{Plan, State, Step},
    error::Error,
    event::{Event, EventSink},
    lab::Lab,
    local::Started,
};

/// `--local` starts the twin; then, and otherwise, the link.
pub(super) async fn start_and_link(
    global: &Global,
    site: &Site,
    lab: &Lab,
    known: Option<&State>,
    events: &EventSink,
) -> Result<Link, Error> {
    if known.is_some_and(|s| s.local.is_some()) && !global.local {
        return Err(Error::usage("this lab is up on the local twin")
            .hint("`labctl up --local` goes on there; `labctl down` removes it, then `labctl up` builds it in an account"));
    }
    if global.local && known.is_none_or(|s| s.local.is_some()) {
        require_interpreters(lab)?;
        let twin = match known.and_then(|s| s.local.as_deref()) {
            Some(dir) => site.recorded_twin(dir),
            None => site.twin(None),
        };
        let Started {
            daemon,
            fresh,
            warnings,
        } = twin.start(&How::default()).await?;
        events.send(Event::Local {
            endpoint: daemon.endpoint.to_string(),
            started: fresh,
            dir: twin.dir().to_owned(),
        });
        for message in warnings {
            events.send(Event::warning(message));
        }
    }
    link::link(global, site, &lab.region, known).await
}

/// The twin runs handlers for real, with this machine's interpreters.
fn require_interpreters(lab: &Lab) -> Result<(), Error> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = |program| std::env::split_paths(&path).any(|dir| dir.join(program).is_file());
    for (language, prefix, program, package) in [
        ("Python", "python", "python3", "python3"),
        ("Node.js", "nodejs", "node", "nodejs"),
    ] {
        let needed = lab
            .functions
            .values()
            .any(|f| f.runtime.starts_with(prefix));
        if needed && !found(program) {
            return Err(Error::failed(format!(
                "{program} is not on the PATH: the local AWS twin runs {language} functions with it"
            ))
            .hint(format!(
                "install {language} (Debian: `apt install {package}`), then the same command again"
            )));
        }
    }
    Ok(())
}

/// ARNs of what has this lab's tag though there is no state, if there may be something. Without an answer: look.
pub(super) async fn leftovers(cx: &Cx, lab: &Lab) -> Option<Vec<String>> {
    match lookup::tagged(cx, lab.edge.is_some()).await {
        Ok(arns) if arns.is_empty() => None,
        arns => Some(arns.unwrap_or_default()),
    }
}

/// What the user should know before anything is made. `told`: the state was kept aside, with a word.
pub(super) fn warn(plan: &Plan, link: &Link, leftovers: bool, told: bool, events: &EventSink) {
    if leftovers && !told {
        events.send(Event::warning(
            "no state here, but resources of this lab may exist: looking for each before making it"
                .to_owned(),
        ));
    }
    let is_user = |s: &&Step| s.kind == crate::resource::Kind::User;
    let mut users = plan.steps().iter().filter(is_user);
    // The first one is who `verify` signs in.
    let nobody = users.next().filter(|user| is_example(&user.name));
    if let (Some(user), None) = (nobody, &link.connection.endpoint) {
        events.send(Event::warning(format!(
            "{} cannot get mail: `labctl up --user YOUR@ADDRESS` makes a user who can",
            user.name
        )));
    }
}

/// Domains that RFC 2606 keeps for examples.
fn is_example(email: &str) -> bool {
    let domain = email.rsplit('@').next().unwrap_or_default();
    ["example.com", "example.org", "example.net"]
        .iter()
        .any(|d| domain == *d || domain.ends_with(&format!(".{d}")))
        || [".example", ".test", ".invalid", ".localhost"]
            .iter()
            .any(|d| domain.ends_with(d))
}

#[cfg(test)]
mod tests {
    use super::is_example;

    #[test]
    fn addresses_that_get_no_mail() {
        for nobody in [
            "a@example.com",
            "a@sub.example.org",
            "a@school.test",
            "a@x.invalid",
        ] {
            assert!(is_example(nobody), "{nobody}");
        }
        for somebody in ["a@example.co", "a@myexample.com", "a@test.com"] {
            assert!(!is_example(somebody), "{somebody}");
        }
    }
}
