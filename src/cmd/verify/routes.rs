//! The routes of a lab as they are deployed.

use crate::{
    engine::State,
    error::Error,
    lab::Route,
    plan::method_step,
    resource::{Method, Recorded},
};

/// API Gateway's id of each route's path.
pub(super) fn resource_ids(routes: &[Route], state: &State) -> Result<Vec<String>, Error> {
    let id = |route: &Route| {
        let name = route.name();
        let record = method_step(&name).record(state);
        let method = record.and_then(Recorded::output::<Method>);
        let method = method.ok_or_else(|| {
            Error::failed(format!("{name} is in lab.yaml, but not built"))
                .hint("`labctl up` (with `--local` as before) builds the rest")
        });
        Ok(method?.resource_id)
    };
    routes.iter().map(id).collect()
}
