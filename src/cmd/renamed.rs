//! `lab:` was changed in the file of a lab that is up: AWS has its resources under the old lab's tags, so a second lab
//! would come to half.

use super::scene::Site;
use crate::{
    engine::{Plan, Record, State},
    error::Error,
    lab::Lab,
};

/// Refuses to build a lab without a state beside one here that has the same resources. `fresh`: the state that it would
/// begin with.
pub(super) fn check(site: &Site, lab: &Lab, plan: &Plan, fresh: &State) -> Result<(), Error> {
    let place = |state: &State| {
        let (account, region) = (state.account.clone(), state.region.clone());
        (state.local.is_some(), account, region)
    };
    for other in site.others(&lab.name)? {
        if place(&other) != place(fresh) {
            continue;
        }
        let same = |record: &&Record| {
            let mut steps = plan.steps().iter();
            // What carries tags is a lab's own; a policy's name, for one, says nothing.
            record.kind.tagged()
                && record.within.is_none()
                && steps.any(|step| (step.kind, &step.name) == (record.kind, &record.name))
        };
        let same: Vec<&Record> = other.steps.values().filter(same).collect();
        let Some(first) = same.first() else { continue };
        let rest = match same.len() - 1 {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let (old, new) = (&other.lab, &lab.name);
        return Err(Error::usage(format!(
            "nothing was changed: lab.yaml calls the lab `{new}`, but its resources belong to the lab `{old}` of this \
             folder: {} `{}`{rest}",
            first.kind.title(),
            first.name
        ))
        .hint(format!(
            "write `lab: {old}` in lab.yaml: a lab that is up keeps its name"
        ))
        .hint(format!(
            "for another name: `labctl down` with `lab: {old}`, then `lab: {new}` and `labctl up`"
        ))
        .hint("for a second lab beside it: `labctl up --as NAME`, or other names for its resources"));
    }
    Ok(())
}
