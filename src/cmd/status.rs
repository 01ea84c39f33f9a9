//! `labctl status`: what is really there.

mod text;

use std::sync::Arc;

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
use text::{Status, blocks, end, lines};

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
        let command = |name| scene::command(name, looked.link.local.is_some());
        let (up, down) = (command("up"), command("down"));
        let end = match looked.of_another() {
            Some(whose) => format!(
                "There is {whose}, and this user did not make it here: `{up} --adopt` takes it over, \
                 `{down} --adopt` removes it."
            ),
            None if looked.there().next().is_some() => {
                format!("Found without a state here: `{up}` adopts it, `{down}` removes it.")
            }
            None => format!(
                "Write the old names in lab.yaml, and `{up}` adopts them, or `{down}` removes them; `{down} --prove` prints a \
                 command for each."
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
