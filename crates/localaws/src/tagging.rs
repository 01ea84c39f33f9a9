//! The Resource Groups Tagging API: what is tagged in one region. As on AWS, IAM roles are not in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::App,
    call::{Answer, ApiError, Call},
    wire::page::{Page, page},
    world::Account,
};

type Tags = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetResources {
    #[serde(default)]
    tag_filters: Vec<TagFilter>,
    #[serde(default)]
    resource_type_filters: Vec<String>,
    #[serde(rename = "ResourceARNList")]
    arns: Option<BTreeSet<String>>,
    resources_per_page: Option<i64>,
    pagination_token: Option<String>,
}

/// A key, and the values that count; with no values, all do.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagFilter {
    key: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

impl TagFilter {
    fn matches(&self, tags: &Tags) -> bool {
        let value = self.key.as_ref().and_then(|key| tags.get(key));
        value.is_some_and(|value| self.values.is_empty() || self.values.contains(value))
    }
}

#[expect(clippy::unused_async, reason = "every service answers alike")]
pub(crate) async fn handle(app: &Arc<App>, call: &Call) -> Answer {
    match call.operation.as_str() {
        "GetResources" => {
            let input = call.input()?;
            let resources = app.read(|world| {
                let account = world.accounts.get(&call.account);
                account
                    .map(|account| tagged(account, &call.account, &call.region))
                    .unwrap_or_default()
            });
            get_resources(resources, &input)
        }
        _ => Err(call.not_served()),
    }
}

/// Every resource of a region that has tags, by ARN. What belongs to no region is in us-east-1.
fn tagged(of: &Account, account: &str, region: &str) -> BTreeMap<String, Tags> {
    let here = of.regions.get(region).into_iter().flat_map(|state| {
        [
            state.lambda.tagged(account, region),
            state.logs.tagged(account, region),
            state.cognito.tagged(account, region),
            state.cognito_identity.tagged(account, region),
            state.apigateway.tagged(account, region),
            state.wafv2.tagged(account, region),
            state.acm.tagged(),
        ]
    });
    let global = (region == "us-east-1")
        .then(|| [of.cloudfront.tagged(account), of.route53.tagged()])
        .into_iter()
        .flatten();
    here.chain(global)
        .flatten()
        .filter(|(_, tags)| !tags.is_empty())
        .collect()
}

fn get_resources(resources: BTreeMap<String, Tags>, input: &GetResources) -> Answer {
    let invalid = |message: &str| ApiError::new(400, "InvalidParameterException", message);
    let filtered = !input.tag_filters.is_empty() || !input.resource_type_filters.is_empty();
    if input.arns.is_some() && (filtered || input.resources_per_page.is_some()) {
        return Err(invalid(
            "ResourceARNList cannot be used with filters or paging",
        ));
    }
    let limit = usize::try_from(input.resources_per_page.unwrap_or(50))
        .ok()
        .filter(|limit| (1..=100).contains(limit))
        .ok_or_else(|| invalid("ResourcesPerPage must be from 1 to 100"))?;
    let wanted = resources.into_iter().filter(|(arn, tags)| {
        input.arns.as_ref().is_none_or(|arns| arns.contains(arn))
            && input.tag_filters.iter().all(|filter| filter.matches(tags))
            && (input.resource_type_filters.is_empty()
                || input.resource_type_filters.iter().any(|t| is_of(arn, t)))
    });
    let token = input
        .pagination_token
        .as_deref()
        .filter(|token| !token.is_empty());
    let Page { items, next } =
        page(wanted, |(arn, _)| arn.clone(), token, limit).ok_or_else(|| {
            ApiError::new(
                400,
                "PaginationTokenExpiredException",
                "The pagination token is not valid",
            )
        })?;
    let shown: Vec<Value> = items
        .into_iter()
        .map(|(arn, tags)| {
            let tags: Vec<Value> = tags
                .into_iter()
                .map(|(key, value)| json!({"Key": key, "Value": value}))
                .collect();
            json!({ "ResourceARN": arn, "Tags": tags })
        })
        .collect();
    Ok(json!({ "ResourceTagMappingList": shown, "PaginationToken": next.unwrap_or_default() }))
}

/// Whether an ARN is of a type such as `lambda` or `lambda:function`.
fn is_of(arn: &str, wanted: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, resource) = (parts.next(), parts.nth(2));
    let kind =
        resource.and_then(|resource| resource.trim_start_matches('/').split([':', '/']).next());
    match wanted.split_once(':') {
        Some((of, wanted)) => service == Some(of) && kind == Some(wanted),
        None => service == Some(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arns(input: Value) -> Result<(Vec<String>, String), String> {
        let tags = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        let resources = BTreeMap::from([
            (
                "arn:aws:lambda:r:a:function:f".to_owned(),
                tags(&[("lab", "x"), ("run", "1")]),
            ),
            (
                "arn:aws:logs:r:a:log-group:/aws/lambda/f".to_owned(),
                tags(&[("lab", "x"), ("run", "2")]),
            ),
            (
                "arn:aws:apigateway:r::/restapis/abc".to_owned(),
                tags(&[("lab", "y")]),
            ),
        ]);
        let answer = get_resources(resources, &serde_json::from_value(input).expect("typed"))
            .map_err(|e| e.code)?;
        let list = answer["ResourceTagMappingList"]
            .as_array()
            .into_iter()
            .flatten();
        let arns = list
            .filter_map(|r| r["ResourceARN"].as_str()?.split(':').nth(2))
            .map(str::to_owned)
            .collect();
        Ok((
            arns,
            answer["PaginationToken"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        ))
    }

    #[test]
    fn filters() {
        let found = |input| arns(input).map(|(arns, _)| arns.join(" "));
        let ok = |text: &str| Ok(text.to_owned());
        assert_eq!(found(json!({})), ok("apigateway lambda logs"));
        assert_eq!(
            found(json!({"TagFilters": [{"Key": "lab", "Values": ["x"]}]})),
            ok("lambda logs")
        );
        let both = json!([{"Key": "lab", "Values": ["x", "y"]}, {"Key": "run", "Values": ["2"]}]);
        assert_eq!(found(json!({"TagFilters": both})), ok("logs"));
        assert_eq!(
            found(json!({"TagFilters": [{"Key": "run"}]})),
            ok("lambda logs")
        );
        assert_eq!(
            found(json!({"ResourceTypeFilters": ["lambda:function", "apigateway"]})),
            ok("apigateway lambda")
        );
        assert_eq!(
            found(json!({"ResourceTypeFilters": ["logs:function"]})),
            ok("")
        );
        assert_eq!(
            found(json!({"ResourcesPerPage": 0})),
            Err("InvalidParameterException".to_owned())
        );
        let (first, token) = arns(json!({"ResourcesPerPage": 2})).expect("a page");
        assert_eq!(first, ["apigateway", "lambda"]);
        assert_eq!(
            arns(json!({"PaginationToken": token})),
            Ok((vec!["logs".to_owned()], String::new()))
        );
    }
}
