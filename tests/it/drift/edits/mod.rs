//! What a person may change by hand, one thing at a time.

mod api;
mod function;
mod pool;

use serde_json::Value;

use super::lab::Lab;

pub(super) use api::of_the_api;
pub(super) use function::of_the_function;
pub(super) use pool::of_the_pool;

/// One edit by hand, and what comes of it.
pub(super) struct Edit {
    pub(super) what: &'static str,
    pub(super) by_hand: Box<dyn Fn(&Lab)>,
    pub(super) step: &'static str,
    /// Field, wanted, seen; none: the thing is missing. `*`: anything.
    pub(super) fields: Vec<[&'static str; 3]>,
    pub(super) calls: Vec<&'static str>,
}

pub(super) fn edit(
    what: &'static str,
    by_hand: impl Fn(&Lab) + 'static,
    step: &'static str,
    fields: &[[&'static str; 3]],
    calls: &[&'static str],
) -> Edit {
    Edit {
        what,
        by_hand: Box::new(by_hand),
        step,
        fields: fields.to_vec(),
        calls: calls.to_vec(),
    }
}

pub(super) const AUTHORIZER: &str = "authorizer.d-authorizer-user-pool-demo";
pub(super) const SCOPE: &str = "aws.cognito.signin.user.admin";

pub(super) fn configure(lab: &Lab, change: Value) {
    lab.change_function("/configuration", &change);
}

pub(super) fn statement_id(lab: &Lab) -> String {
    let step = &lab.site.state()["steps"]["permission.GET /demo"];
    step["key"]["statement_id"]
        .as_str()
        .expect("an id")
        .to_owned()
}
