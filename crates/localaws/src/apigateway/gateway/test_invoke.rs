//! `TestInvokeMethod`: runs the integration of a method as it is now, past its authorizer.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use hyper::body::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::{
    super::{
        api::{self, Api, MethodPlace},
        fault,
    },
    exchange::{Caller, Exchange, Ids, Incoming, TEST_STAGE, one_slash},
    integrate,
    log::Log,
    route,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call},
    wire::percent,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TestInput {
    #[serde(flatten)]
    place: MethodPlace,
    path_with_query_string: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    multi_value_headers: BTreeMap<String, Vec<String>>,
    body: Option<String>,
    #[serde(default)]
    stage_variables: BTreeMap<String, String>,
}

impl TestInput {
    fn exchange(self, api: &Api, call: &Call) -> Result<Exchange, ApiError> {
        let resource = api.resource(&self.place.resource_id)?;
        let method = route::method(resource, &self.place.http_method)
            .ok_or_else(|| fault::absent("Method"))?;
        let integration = method
            .called()
            .ok_or_else(|| fault::bad_request("No integration defined for method"))?;
        let asked = self.path_with_query_string.filter(|path| !path.is_empty());
        let asked = asked.unwrap_or_else(|| resource.path.clone());
        let (path, query) = asked.split_once('?').unwrap_or((&asked, ""));
        let path = one_slash(path);
        let not_its_path =
            || fault::bad_request(format!("Invalid path for {}: {asked}", resource.path));
        let singles = self.headers.into_iter();
        let many = self.multi_value_headers.into_iter();
        Ok(Exchange {
            account: call.account.clone(),
            region: call.region.clone(),
            api_id: api.about.id.clone(),
            stage: TEST_STAGE.to_owned(),
            deployment_id: None,
            variables: self.stage_variables,
            binary_media_types: api.about.binary_media_types.clone(),
            edge_optimized: api.about.is_edge_optimized(),
            resource_id: resource.id.clone(),
            resource_path: resource.path.clone(),
            parameters: route::parameters(&resource.path, &path).ok_or_else(not_its_path)?,
            integration,
            caller: Caller::Anyone,
            api_key: None,
            incoming: Incoming {
                http_method: self.place.http_method,
                sent: path.clone(),
                path,
                query: percent::pairs(query).ok_or_else(not_its_path)?,
                headers: many
                    .flat_map(|(name, values)| {
                        values.into_iter().map(move |value| (name.clone(), value))
                    })
                    .chain(singles)
                    .collect(),
                body: Bytes::from(self.body.unwrap_or_default()),
            },
            ids: Ids::new(),
        })
    }
}

pub(in super::super) async fn test_invoke(app: &Arc<App>, call: &Call) -> Answer {
    let input: TestInput = call.input()?;
    let place = input.place.clone();
    let exchange = api::read_method(app, call, &place, |api| input.exchange(api, call))?;
    let mut log = Log::begin(&exchange.ids);
    log.request(&exchange);
    let started = Instant::now();
    let reply = integrate(app, &exchange, &mut log).await;
    log.line(&format!("Method completed with status: {}", reply.status));
    let mut many: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in &reply.headers {
        many.entry(name).or_default().push(value);
    }
    let last: BTreeMap<&str, &str> = reply
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    Ok(json!({
        "status": reply.status,
        "body": String::from_utf8_lossy(&reply.body),
        "headers": last,
        "multiValueHeaders": many,
        "latency": u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "log": log.text(),
    }))
}
