//! `ListUsers` and its filter language: one attribute, `=` or `^=`, a quoted value.

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    fault,
    paging::{page, with_token},
    place::Place,
    pool::Pool,
    user::User,
    users::Description,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    user_pool_id: String,
    attributes_to_get: Option<Vec<String>>,
    limit: Option<usize>,
    pagination_token: Option<String>,
    filter: Option<String>,
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    let filter = input
        .filter
        .as_deref()
        .map(Filter::parse)
        .transpose()?
        .flatten();
    app.read(|world| {
        let pool = place.get(world)?;
        let matching = pool.users.iter().filter(|(_, user)| {
            filter
                .as_ref()
                .is_none_or(|filter| filter.matches(pool, user))
        });
        // 0 counts as not given.
        let limit = input.limit.filter(|limit| *limit > 0).unwrap_or(60);
        let (page, next) = page(matching, limit, input.pagination_token.as_deref())?;
        let wanted = input.attributes_to_get.as_deref();
        let users = page
            .into_iter()
            .map(|user| {
                answer(Description::with_attributes(user, |name| {
                    wanted.is_none_or(|wanted| wanted.iter().any(|w| w == name))
                }))
            })
            .collect::<Result<Vec<Value>, _>>()?;
        Ok(with_token(
            json!({ "Users": users }),
            "PaginationToken",
            next,
        ))
    })
}

struct Filter {
    attribute: String,
    prefix: bool,
    value: String,
}

impl Filter {
    /// `None`: an empty filter, which everyone passes.
    fn parse(text: &str) -> Result<Option<Self>, ApiError> {
        static SYNTAX: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r#"^\s*"?([\w:]+)"?\s*(\^?)=\s*"((?:[^"\\]|\\.)*)"\s*$"#)
                .expect("the expression is constant")
        });
        const SEARCHABLE: [&str; 10] = [
            "username",
            "email",
            "phone_number",
            "name",
            "given_name",
            "family_name",
            "preferred_username",
            "cognito:user_status",
            "status",
            "sub",
        ];
        if text.trim().is_empty() {
            return Ok(None);
        }
        let parts = SYNTAX
            .captures(text)
            .ok_or_else(|| fault::invalid_parameter("Error while parsing filter."))?;
        let attribute = parts[1].to_owned();
        if !SEARCHABLE.contains(&attribute.as_str()) {
            return Err(fault::invalid_parameter(format!(
                "Invalid search attribute: {attribute}"
            )));
        }
        let value = parts[3].replace("\\\"", "\"").replace("\\\\", "\\");
        Ok(Some(Self {
            attribute,
            prefix: !parts[2].is_empty(),
            value,
        }))
    }

    fn matches(&self, pool: &Pool, user: &User) -> bool {
        let actual = match self.attribute.as_str() {
            "username" => &user.username,
            "cognito:user_status" => user.status.name(),
            "status" if user.disabled => "Disabled",
            "status" => "Enabled",
            other => user.attribute(other),
        };
        let folds = match self.attribute.as_str() {
            "username" | "status" => false,
            "cognito:user_status" => true,
            _ => pool.case_sensitive == Some(false),
        };
        let fold = |text: &str| {
            if folds {
                text.to_lowercase()
            } else {
                text.to_owned()
            }
        };
        let (actual, wanted) = (fold(actual), fold(&self.value));
        if self.prefix {
            actual.starts_with(&wanted)
        } else {
            actual == wanted
        }
    }
}
