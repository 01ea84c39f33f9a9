//! Resources: the tree of path parts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    api::{self, Api, Paging},
    fault,
    method::Method,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer, empty},
    ids,
};

const RESOURCES: usize = 300;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Resource {
    pub(super) id: String,
    /// None for `/`.
    parent_id: Option<String>,
    path_part: Option<String>,
    pub(super) path: String,
    pub(super) methods: BTreeMap<String, Method>,
}

impl Resource {
    pub(super) fn root() -> Self {
        Self {
            id: ids::lower(10),
            parent_id: None,
            path_part: None,
            path: "/".to_owned(),
            methods: BTreeMap::new(),
        }
    }

    fn below(parent: &Self, part: String) -> Self {
        Self {
            id: ids::lower(6),
            parent_id: Some(parent.id.clone()),
            path: format!("{}/{part}", parent.path.trim_end_matches('/')),
            path_part: Some(part),
            methods: BTreeMap::new(),
        }
    }

    /// `Resource` of the model; methods in full only when asked for.
    fn shown(&self, embed: &[String]) -> Answer {
        let mut shown = json!({ "id": self.id, "path": self.path });
        if let (Some(parent), Some(part)) = (&self.parent_id, &self.path_part) {
            shown["parentId"] = json!(parent);
            shown["pathPart"] = json!(part);
        }
        if !self.methods.is_empty() {
            shown["resourceMethods"] = if embed.iter().any(|what| what == "methods") {
                answer(&self.methods)?
            } else {
                let names = self.methods.keys();
                Value::Object(
                    names
                        .map(|name| (name.clone(), json!({})))
                        .collect::<Map<_, _>>(),
                )
            };
        }
        Ok(shown)
    }
}

/// One segment of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part<'a> {
    Literal(&'a str),
    /// `{name}`
    Variable(&'a str),
    /// `{name+}`
    Greedy(&'a str),
}

impl<'a> Part<'a> {
    /// `None`: not a part that a path may have.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let plain = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-:".contains(&b))
        };
        let (part, name) = match text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
            None => (Self::Literal(text), text),
            Some(inner) => match inner.strip_suffix('+') {
                None => (Self::Variable(inner), inner),
                Some(name) => (Self::Greedy(name), name),
            },
        };
        plain(name).then_some(part)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    rest_api_id: String,
    parent_id: String,
    path_part: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdInput {
    rest_api_id: String,
    resource_id: String,
    #[serde(default)]
    embed: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListInput {
    rest_api_id: String,
    #[serde(default)]
    embed: Vec<String>,
    #[serde(flatten)]
    paging: Paging,
}

/// Whether a resource may be made below `parent`.
fn check(api: &Api, parent: &Resource, text: &str) -> Result<(), ApiError> {
    let Some(part) = Part::of(text) else {
        return Err(fault::bad_request(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable \
             and curly braces at the beginning and the end.",
        ));
    };
    let parent_part = parent.path_part.as_deref().and_then(Part::of);
    if let Some(Part::Greedy(name)) = parent_part {
        return Err(fault::bad_request(format!(
            "Cannot create a child of a resource with a greedy path variable: {{{name}+}}"
        )));
    }
    let siblings = api
        .resources
        .values()
        .filter(|r| r.parent_id.as_deref() == Some(&parent.id));
    for sibling in siblings.filter_map(|sibling| sibling.path_part.as_deref()) {
        if sibling == text {
            return Err(fault::conflict(format!(
                "Another resource with the same parent already has this name: {text}"
            )));
        }
        let variable = |part| !matches!(part, Part::Literal(_));
        if variable(part) && Part::of(sibling).is_some_and(variable) {
            return Err(fault::bad_request(format!(
                "A sibling ({sibling}) of this resource already has a variable path part -- \
                 only one is allowed"
            )));
        }
    }
    if api.resources.len() >= RESOURCES {
        return Err(fault::limit("Resources"));
    }
    Ok(())
}

pub(super) fn create(app: &App, call: &Call) -> Answer {
    let input: CreateInput = call.input()?;
    api::change(app, call, &input.rest_api_id, |api| {
        let parent = api.resource(&input.parent_id)?;
        check(api, parent, &input.path_part)?;
        let resource = Resource::below(parent, input.path_part);
        let shown = resource.shown(&[])?;
        api.resources.insert(resource.id.clone(), resource);
        Ok(shown)
    })
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    api::read(app, call, &input.rest_api_id, |api| {
        api.resource(&input.resource_id)?.shown(&input.embed)
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: ListInput = call.input()?;
    api::read(app, call, &input.rest_api_id, |api| {
        let shown: Result<Vec<Value>, ApiError> = api
            .resources
            .values()
            .map(|r| r.shown(&input.embed))
            .collect();
        let id = |shown: &Value| shown["id"].as_str().unwrap_or_default().to_owned();
        answer(input.paging.list(shown?, id)?)
    })
}

/// Takes the resources below with it.
pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    api::change(app, call, &input.rest_api_id, |api| {
        let resource = api.resource(&input.resource_id)?;
        if resource.parent_id.is_none() {
            return Err(fault::bad_request("Root resource cannot be deleted"));
        }
        let (path, below) = (resource.path.clone(), format!("{}/", resource.path));
        api.resources
            .retain(|_, r| r.path != path && !r.path.starts_with(&below));
        empty()
    })
}
