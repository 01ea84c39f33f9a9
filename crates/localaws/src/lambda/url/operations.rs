//! `CreateFunctionUrlConfig` and its like. Recorded: LocalStack's `test_url_config_lifecycle` and `…_exceptions`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{AuthType, Url, cors::Cors};
use crate::{
    app::{App, now_ms},
    call::{Answer, ApiError, Call, empty},
    lambda::{
        fault,
        function::{Function, LATEST},
        name::Named,
    },
    wire::page::{Page, page},
    world::World,
};

/// The model's pattern; the twin's regular expressions have no look-ahead.
const PATTERN: &str = r"((?!^\d+$)^[0-9a-zA-Z-_]+$)";
const MOST_LISTED: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    function_name: String,
    qualifier: Option<String>,
    auth_type: Option<AuthType>,
    cors: Option<Cors>,
    invoke_mode: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

impl Input {
    fn of(call: &Call) -> Result<(Self, Named), ApiError> {
        let input: Self = call.input()?;
        if let Some(qualifier) = &input.qualifier {
            let word = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
            let number = qualifier.bytes().all(|b| b.is_ascii_digit());
            if number || !qualifier.bytes().all(word) {
                return Err(fault::fault(
                    400,
                    "ValidationException",
                    format!(
                        "1 validation error detected: Value '{qualifier}' at 'qualifier' failed to satisfy constraint: \
                         Member must satisfy regular expression pattern: {PATTERN}"
                    ),
                ));
            }
        }
        if input.invoke_mode.as_deref() == Some("RESPONSE_STREAM") {
            return Err(fault::not_served(
                "InvokeMode RESPONSE_STREAM of function URLs",
            ));
        }
        let named = Named::of_call(call, &input.function_name, input.qualifier.as_deref())?;
        Ok((input, named))
    }
}

fn no_function() -> ApiError {
    fault::not_found("Function does not exist")
}

fn absent() -> ApiError {
    fault::not_found("The resource you requested does not exist.")
}

fn key(named: &Named) -> &str {
    named.qualifier().unwrap_or(LATEST)
}

/// `2026-01-31T12:00:00.000Z`
fn time(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

impl Url {
    fn shown(&self, named: &Named) -> Value {
        let mut shown = json!({
            "FunctionUrl": format!("https://{}/", self.host(&named.region)),
            "FunctionArn": named.arn(),
            "AuthType": self.auth_type.name(),
            "CreationTime": time(self.created),
        });
        if let Some(cors) = &self.cors {
            shown["Cors"] = json!(cors);
        }
        if let Some(mode) = &self.invoke_mode {
            shown["InvokeMode"] = json!(mode);
        }
        shown
    }

    fn shown_changed(&self, named: &Named) -> Value {
        let mut shown = self.shown(named);
        shown["LastModifiedTime"] = json!(time(self.modified));
        shown
    }

    fn shown_whole(&self, named: &Named) -> Value {
        let mut shown = self.shown_changed(named);
        shown["InvokeMode"] = json!(self.invoke_mode.as_deref().unwrap_or("BUFFERED"));
        shown
    }
}

/// The function, if what the qualifier names is there.
fn function<'w>(world: &'w mut World, named: &Named) -> Result<&'w mut Function, ApiError> {
    named.find(world).ok_or_else(no_function)?;
    named.function_mut(world).map_err(|_| no_function())
}

pub(in crate::lambda) fn create(app: &App, call: &Call) -> Answer {
    let (input, named) = Input::of(call)?;
    let auth_type = input.auth_type.unwrap_or(AuthType::AwsIam);
    app.write(|world| {
        let urls = &mut function(world, &named)?.urls;
        if urls.contains_key(key(&named)) {
            return Err(fault::conflict(format!(
                "Failed to create function url config for [functionArn = {}]. Error message:  FunctionUrlConfig exists \
                 for this Lambda function",
                named.arn()
            )));
        }
        let url = Url::new(auth_type, input.cors, input.invoke_mode);
        let shown = url.shown(&named);
        urls.insert(key(&named).to_owned(), url);
        Ok(shown)
    })
}

pub(in crate::lambda) fn get(app: &App, call: &Call) -> Answer {
    let (_, named) = Input::of(call)?;
    app.read(|world| {
        let function = named.function(world).ok_or_else(absent)?;
        let url = function.urls.get(key(&named)).ok_or_else(absent)?;
        Ok(url.shown_whole(&named))
    })
}

pub(in crate::lambda) fn update(app: &App, call: &Call) -> Answer {
    let (input, named) = Input::of(call)?;
    app.write(|world| {
        let urls = &mut function(world, &named)?.urls;
        let url = urls.get_mut(key(&named)).ok_or_else(absent)?;
        url.auth_type = input.auth_type.unwrap_or(url.auth_type);
        url.cors = input.cors.or(url.cors.take());
        url.invoke_mode = input.invoke_mode.or(url.invoke_mode.take());
        url.modified = now_ms();
        Ok(url.shown_changed(&named))
    })
}

pub(in crate::lambda) fn delete(app: &App, call: &Call) -> Answer {
    let (_, named) = Input::of(call)?;
    app.write(|world| {
        let function = named.function_mut(world).map_err(|_| absent())?;
        function.urls.remove(key(&named)).ok_or_else(absent)?;
        empty()
    })
}

pub(in crate::lambda) fn list(app: &App, call: &Call) -> Answer {
    let (input, named) = Input::of(call)?;
    let limit = input.max_items.unwrap_or(MOST_LISTED).min(MOST_LISTED);
    app.read(|world| {
        let function = named.function(world).ok_or_else(no_function)?;
        let of_item = |(qualifier, _): &(&String, &Url)| (*qualifier).clone();
        let Page { items, next } = page(&function.urls, of_item, input.marker.as_deref(), limit)
            .ok_or_else(|| fault::invalid_parameter("Invalid Marker"))?;
        let shown = items.into_iter().map(|(qualifier, url)| {
            let named = match qualifier.as_str() {
                LATEST => named.clone(),
                alias => named.at(alias),
            };
            url.shown_whole(&named)
        });
        let shown: Vec<Value> = shown.collect();
        Ok(json!({ "FunctionUrlConfigs": shown, "NextMarker": next }))
    })
}
