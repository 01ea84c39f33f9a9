//! `labctl output`: what a student needs, for people and for scripts.

use serde_json::json;

use super::{
    link, lookup,
    scene::{self, Site},
    status,
};
use crate::{
    cli::Global,
    error::{Error, Exit},
    event::Outputs,
    report,
};

pub(super) async fn run(global: &Global, name: Option<&str>) -> Result<Exit, Error> {
    let outputs = outputs(global).await?;
    let known = outputs.named();
    let Some(name) = name else {
        if global.json {
            report::print_json(&outputs);
        } else {
            let wide = known
                .iter()
                .map(|(name, _)| name.len())
                .max()
                .unwrap_or_default();
            let line = |(name, values): &(String, Vec<&str>)| {
                format!("  {name:<wide$}  {}", values.join(", "))
            };
            report::print_lines(&known.iter().map(line).collect::<Vec<_>>());
        }
        return Ok(Exit::Ok);
    };
    let Some((_, values)) = known.iter().find(|(known, _)| known == name) else {
        let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
        return Err(Error::usage(format!(
            "this lab has no output {}",
            crate::lab::quote(name)
        ))
        .hint(format!("there is: {}", names.join(", "))));
    };
    if global.json {
        report::print_json(&match values.as_slice() {
            [one] if name != "users" => json!(one),
            all => json!(all),
        });
    } else {
        report::print_raw(&values.iter().map(ToString::to_string).collect::<Vec<_>>());
    }
    Ok(Exit::Ok)
}

/// From the state alone; without one, from what AWS shows.
async fn outputs(global: &Global) -> Result<Outputs, Error> {
    let site = Site::of(global);
    let known = scene::known(global, &site)?;
    if let Some(state) = known.state()?.filter(|state| !state.steps.is_empty()) {
        let link = link::on_record(global, &site, &state).await?;
        return Ok(link.outputs(&state).await);
    }
    let nothing = || {
        Error::new(Exit::Nothing, format!("{}: nothing there", known.name))
            .hint("`labctl up` builds it, `labctl up --local` without an account")
    };
    let lab = known.lab.as_ref().ok_or_else(nothing)?;
    let plan = status::planned(lab, None)?;
    let reporter = scene::quiet_reporter();
    let looked = lookup::look(global, &site, lab, &plan, reporter.sink()).await;
    reporter.finish();
    let looked = looked?;
    if let Some(looked) = &looked {
        looked.refuse_another(&scene::command("up", global.local))?;
    }
    let looked = looked.filter(|looked| looked.there().next().is_some());
    let looked = looked.ok_or_else(nothing)?;
    Ok(looked.link.outputs(&looked.state).await)
}
