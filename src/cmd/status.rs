//! `labctl status`: what is really there.

use std::sync::Arc;

use serde::Serialize;

use super::{
    link, lookup,
    plan::{Secrets, Users, last},
    scene::{self, Site},
};
use crate::{
    chapter::Chapter,
    cli::{Global, Scope},
    engine::{self, Interrupt, Plan, Seen, Standing, State},
    error::{Error, Exit},
    event::Outputs,
    lab::Lab,
    plan::{Extent, key_number, plan, reached},
    report,
};

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Status<'a> {
    lab: &'a str,
    account: &'a str,
    region: &'a str,
    /// The region that lab.yaml names, when it is another one: `up` refuses that.
    #[serde(skip_serializing_if = "Option::is_none")]
    wanted_region: Option<&'a str>,
    endpoint: Option<&'a str>,
    chapters: Vec<Block>,
    /// ARNs with the lab's tag that lab.yaml does not name, when there is no state.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<String>,
    /// Another user's lab of the same name, in words, when there is no state.
    #[serde(skip_serializing_if = "Option::is_none")]
    another: Option<String>,
    outputs: Outputs,
}

#[derive(Debug, Serialize)]
struct Block {
    number: u8,
    title: &'static str,
    resources: Vec<Seen>,
}

impl Block {
    fn is_good(&self) -> bool {
        let good = |r: &Seen| matches!(r.state, Standing::Present | Standing::Found);
        self.resources.iter().all(good)
    }
}

pub(super) async fn run(global: &Global) -> Result<Exit, Error> {
    let site = Site::of(global);
    let known = scene::known(global, &site)?;
    let Some(state) = known.state()? else {
        return match &known.lab {
            Some(lab) => without_state(global, &site, lab).await,
            None => Ok(nothing(global, &known.name)),
        };
    };
    let lab = known.lab.as_ref();
    let plan = lab.map(|lab| planned(lab, Some(&state))).transpose()?;
    let plan = plan.map(Arc::new);
    let link = link::link(global, &site, &state.region, Some(&state)).await?;
    let reporter = scene::quiet_reporter();
    let interrupt = Interrupt::listen();
    let cx = link.cx(&state, reporter.sink(), &interrupt);
    let asked = async {
        tokio::join!(
            link.identity(&cx, Some(&state)),
            engine::inspect(plan.as_ref(), &cx, &state),
            link.is_twin()
        )
    };
    let asked = interrupt.or(asked).await;
    reporter.finish();
    let Some((identity, seen, _)) = asked.filter(|_| !interrupt.is_set()) else {
        return Err(scene::interrupted());
    };
    identity?;
    let seen = seen?;
    let elsewhere = lab.and_then(|lab| link::other_region(&state, &lab.region));
    let exit = match verdict(&seen) {
        Exit::Ok if elsewhere.is_some() => Exit::Differs,
        exit => exit,
    };
    let status = Status {
        lab: &state.lab,
        account: &state.account,
        region: &state.region,
        wanted_region: elsewhere.as_ref().and(lab).map(|lab| lab.region.as_str()),
        endpoint: link.connection.endpoint.as_deref(),
        chapters: blocks(seen),
        others: Vec::new(),
        another: None,
        outputs: link.outputs(&state).await,
    };
    if global.json {
        report::print_json(&status);
    } else if !(global.quiet && exit == Exit::Ok) {
        let of = lab.map_or(Chapter::User.number(), last);
        let end = match &elsewhere {
            Some(error) => format!("{}. {}.", error.message, error.hints.join(" ")),
            None => end(&state, &status.chapters, of, exit),
        };
        report::print_lines(&lines(global, &status, &end));
    }
    Ok(exit)
}

/// The plan that the last `up` had, or the whole lab.
pub(super) fn planned(lab: &Lab, state: Option<&State>) -> Result<Plan, Error> {
    let users = Users::of(lab, &Scope::default(), state)?;
    let secrets = Secrets::said(lab);
    let extent = Extent {
        users: users.all.as_deref(),
        goes_back: false,
        until: state.and_then(|s| s.until).unwrap_or(u8::MAX),
        reached: reached(state),
        passwords: &secrets.passwords,
        key_number: key_number(state),
        client_secrets: &secrets.clients,
    };
    Ok(plan(lab, &extent)?)
}

/// Asks AWS by names and tags. Nothing is written.
async fn without_state(global: &Global, site: &Site, lab: &Lab) -> Result<Exit, Error> {
    let plan = planned(lab, None)?;
    let reporter = scene::quiet_reporter();
    let looked = lookup::look(global, site, lab, &plan, reporter.sink()).await;
    reporter.finish();
    let Some(looked) =
        looked?.filter(|l| l.there().next().is_some() || !l.others.is_empty() || l.whose.is_some())
    else {
        return Ok(nothing(global, &lab.name));
    };
    let status = Status {
        lab: &lab.name,
        account: &looked.state.account,
        region: &looked.state.region,
        wanted_region: None,
        endpoint: looked.link.connection.endpoint.as_deref(),
        chapters: blocks(looked.there().cloned().collect()),
        others: looked.others.clone(),
        another: looked.whose.clone(),
        outputs: looked.link.outputs(&looked.state).await,
    };
    if global.json {
        report::print_json(&status);
    } else {
        let local = if looked.link.local.is_some() {
            " --local"
        } else {
            ""
        };
        let end = match looked.of_another() {
            Some(whose) => format!(
                "There is {whose}, and this user did not make it here: `labctl up{local} --adopt` takes it over, \
                 `labctl down{local} --adopt` removes it."
            ),
            None => format!(
                "Found without a state here: `labctl up{local}` adopts it, `labctl down{local}` removes it."
            ),
        };
        report::print_lines(&lines(global, &status, &end));
    }
    Ok(Exit::Differs)
}

fn verdict(seen: &[Seen]) -> Exit {
    let all = |standings: &[Standing]| seen.iter().all(|s| standings.contains(&s.state));
    if all(&[Standing::Missing, Standing::NotBuilt]) {
        Exit::Nothing
    } else if all(&[Standing::Present]) {
        Exit::Ok
    } else {
        Exit::Differs
    }
}

fn nothing(global: &Global, lab: &str) -> Exit {
    if global.json {
        report::print_json(
            &serde_json::json!({ "lab": lab, "chapters": [], "outputs": Outputs::default() }),
        );
    } else if !global.quiet {
        report::print_lines(&[format!(
            "  {lab}: nothing there. `labctl up` builds it, `labctl up --local` without an account."
        )]);
    }
    Exit::Nothing
}

fn blocks(seen: Vec<Seen>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Chapter::ALL
        .iter()
        .map(|c| Block {
            number: c.number(),
            title: c.title(),
            resources: Vec::new(),
        })
        .collect();
    for resource in seen {
        if let Some(block) = blocks.iter_mut().find(|b| b.number == resource.chapter) {
            block.resources.push(resource);
        }
    }
    blocks
}

fn lines(global: &Global, status: &Status<'_>, end: &str) -> Vec<String> {
    let mut lines = vec![format!(
        "  {} → {}, account {}",
        status.lab, status.region, status.account
    )];
    let kinds = status.chapters.iter().flat_map(|block| &block.resources);
    let width = report::kinds_width(kinds.map(|r| r.kind));
    for block in status.chapters.iter().filter(|b| !b.resources.is_empty()) {
        let good = block.is_good();
        if global.quiet && good {
            continue;
        }
        lines.push(String::new());
        lines.push(format!(
            "  {} {} {}",
            report::mark(good),
            block.number,
            block.title
        ));
        for r in &block.resources {
            let (sign, word) = report::standing(r.state);
            let id = r
                .physical_id
                .as_deref()
                .and_then(|id| report::beside(&r.name, id));
            let id = id.map(|id| format!("  {id}")).unwrap_or_default();
            lines.push(format!(
                "    {sign} {:<width$} {word:<9} {}{id}",
                r.kind.title(),
                r.name
            ));
            lines.extend(
                r.drift
                    .iter()
                    .map(|d| format!("        {}: wanted {}, seen {}", d.field, d.wanted, d.seen)),
            );
            lines.extend(r.message.iter().map(|m| format!("        {m}")));
        }
    }
    if !status.others.is_empty() {
        lines.push(String::new());
        lines.push(
            "  Also with this lab's tag, under names that lab.yaml does not have:".to_owned(),
        );
        lines.extend(status.others.iter().map(|arn| format!("    {arn}")));
    }
    if !global.quiet {
        lines.extend(report::outputs(&status.outputs));
    }
    lines.extend([String::new(), format!("  {end}")]);
    lines
}

/// How many of each kind of trouble: `2 missing, 1 drifted`.
fn troubles(chapters: &[Block]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    let bad = chapters.iter().flat_map(|block| &block.resources);
    for seen in bad.filter(|r| r.state != Standing::Present) {
        let (_, word) = report::standing(seen.state);
        match counts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(word, n)| format!("{n} {word}"))
        .collect();
    counts.join(", ")
}

/// The last line: how far the lab is, of `of` chapters, and the command that goes on from there.
fn end(state: &State, chapters: &[Block], of: u8, exit: Exit) -> String {
    let up = if state.local.is_some() {
        "labctl up --local"
    } else {
        "labctl up"
    };
    let built = chapters.iter().filter(|block| !block.resources.is_empty());
    let complete = built.take_while(|block| block.is_good()).last();
    let complete = complete.map_or(0, |block| block.number);
    match exit {
        Exit::Ok if complete >= of => "Complete. `labctl verify` proves it.".to_owned(),
        Exit::Ok => format!("Complete up to chapter {complete} of {of}. `{up}` builds the rest."),
        Exit::Nothing => format!("Nothing there. `{up}` builds it."),
        _ => {
            let far = match complete {
                0 => String::new(),
                n => format!(" Complete up to chapter {n} of {of}."),
            };
            let troubles = troubles(chapters);
            format!(
                "Differs from lab.yaml: {troubles}.{far} `labctl plan` shows the changes, `{up}` makes them."
            )
        }
    }
}
