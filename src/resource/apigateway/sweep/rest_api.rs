//! REST APIs: by name and tag in a list of all, by the id that the lab's API had, and what lives in that; stages by tag.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_apigateway::types::RestApi;

use crate::{
    aws::{Effect, Fault, Scope},
    event::By,
    kind::Kind,
    sweep::{Question, Seen, Sweep, Thing, joined, with},
};

pub(crate) const REST_API: Question = Question {
    scope: Scope::Region,
    named_by_aws: true,
    made_by: None,
    // An API's id, or `API/STAGE` of a stage: one may carry the tag in an API that does not.
    id: |arn| {
        let id = arn.after("apigateway", "restapis/")?;
        let path: Vec<&str> = id.split('/').collect();
        match path[..] {
            [api] => Some(api.to_owned()),
            [api, "stages", stage] => Some(format!("{api}/{stage}")),
            _ => None,
        }
    },
    actions: &["apigateway:GET"],
    ask: |sweep| Box::pin(apis(sweep)),
};

/// What one API is asked for.
struct Api {
    id: String,
    name: String,
    tags: Option<HashMap<String, String>>,
}

async fn apis(sweep: &Sweep<'_>) {
    let names = sweep.names(Kind::RestApi);
    let all = all_apis(sweep).await;
    let wanted = |api: &RestApi| {
        api.name().is_some_and(|name| names.contains(name)) || sweep.carries_tag(api.tags())
    };
    let same = all.map(|all| all.into_iter().filter(wanted).collect());
    let filter = format!("name={} or tag", joined(&names));
    let same = sweep.list(By::Name, "apigateway:GetRestApis", &filter, same);
    let named = same.into_iter().filter_map(|api| api.id).collect();
    let (mut candidates, mut stages) = (sweep.ids(Kind::RestApi, named), Vec::new());
    candidates.retain(|id, _| match id.split_once('/') {
        Some((api, stage)) => {
            stages.push((api.to_owned(), stage.to_owned()));
            false
        }
        None => true,
    });
    let mut ours = BTreeSet::new();
    for (id, by) in candidates {
        let filter = format!("restApiId={id}");
        let answer = api(sweep, &id).await.map(Some);
        let seen = sweep.one(by, "apigateway:GetRestApi", &filter, answer);
        let inside = Box::pin(inside_api(sweep, &id)).await;
        if let Seen::There(api) = seen
            && api_is_there(sweep, &api, inside)
        {
            ours.insert(id);
        }
    }
    for (api, name) in stages.iter().filter(|(api, _)| !ours.contains(api)) {
        stage(sweep, api, name).await;
    }
}

/// Answers whether it counts as the lab's.
fn api_is_there(sweep: &Sweep<'_>, api: &Api, inside: String) -> bool {
    let tagged = sweep.carries_tag(api.tags.as_ref());
    let known = sweep.known_by_id(Kind::RestApi, &api.id);
    let options = [("--rest-api-id", api.id.as_str())];
    sweep.there(Thing {
        kind: Kind::RestApi,
        name: &api.name,
        physical_id: &api.id,
        tagged,
        known,
        more: inside,
        command: sweep
            .target
            .shell
            .aws("apigateway", "delete-rest-api", &options),
    });
    tagged || known.is_some_and(|k| k.made)
}

/// A stage with the lab's tag in an API that is not the lab's.
async fn stage(sweep: &Sweep<'_>, api: &str, name: &str) {
    let answer = sweep
        .cx
        .call("apigateway:GetStage", Effect::Read, || {
            let stage = sweep.cx.clients().apigateway.get_stage();
            stage.rest_api_id(api).stage_name(name).send()
        })
        .await;
    let filter = format!("restApiId={api}, stageName={name}");
    let operation = "apigateway:GetStage";
    let Seen::There(stage) = sweep.one(By::Tag, operation, &filter, answer.map(Some)) else {
        return;
    };
    if !sweep.carries_tag(stage.tags()) {
        return;
    }
    let options = [("--rest-api-id", api), ("--stage-name", name)];
    sweep.there(Thing {
        kind: Kind::Stage,
        name,
        physical_id: &format!("{api}/{name}"),
        tagged: true,
        known: None,
        more: format!("; in API {api}"),
        command: sweep
            .target
            .shell
            .aws("apigateway", "delete-stage", &options),
    });
}

async fn api(sweep: &Sweep<'_>, id: &str) -> Result<Api, Fault> {
    let api = sweep
        .cx
        .call("apigateway:GetRestApi", Effect::Read, || {
            let api = sweep.cx.clients().apigateway.get_rest_api();
            api.rest_api_id(id).send()
        })
        .await?;
    Ok(Api {
        id: id.to_owned(),
        name: api.name.unwrap_or_else(|| id.to_owned()),
        tags: api.tags,
    })
}

async fn all_apis(sweep: &Sweep<'_>) -> Result<Vec<RestApi>, Fault> {
    let list = sweep.cx.pages(
        "apigateway:GetRestApis",
        |position| {
            let list = sweep.cx.clients().apigateway.get_rest_apis().limit(500);
            list.set_position(position).send()
        },
        |page| (page.items.unwrap_or_default(), page.position),
    );
    list.await
}

/// Counts what lives in an API.
async fn inside_api(sweep: &Sweep<'_>, id: &str) -> String {
    let filter = format!("restApiId={id}");
    let (stages, deployments, authorizers) = tokio::join!(
        stages(sweep, id),
        deployments(sweep, id),
        authorizers(sweep, id)
    );
    let count = |operation: &str, answer| sweep.list(By::Parent, operation, &filter, answer).len();
    with(&[
        (count("apigateway:GetStages", stages), "stage"),
        (
            count("apigateway:GetDeployments", deployments),
            "deployment",
        ),
        (
            count("apigateway:GetAuthorizers", authorizers),
            "authorizer",
        ),
    ])
}

async fn stages(sweep: &Sweep<'_>, api: &str) -> Result<Vec<String>, Fault> {
    let answer = sweep
        .cx
        .call("apigateway:GetStages", Effect::Read, || {
            let list = sweep.cx.clients().apigateway.get_stages();
            list.rest_api_id(api).send()
        })
        .await?;
    let stages = answer.item.unwrap_or_default();
    Ok(stages.into_iter().filter_map(|s| s.stage_name).collect())
}

async fn deployments(sweep: &Sweep<'_>, api: &str) -> Result<Vec<String>, Fault> {
    let list = sweep.cx.pages(
        "apigateway:GetDeployments",
        |position| {
            let list = sweep.cx.clients().apigateway.get_deployments();
            let list = list.rest_api_id(api).limit(500);
            list.set_position(position).send()
        },
        |page| {
            let deployments = page.items.unwrap_or_default().into_iter();
            (deployments.filter_map(|d| d.id).collect(), page.position)
        },
    );
    list.await
}

async fn authorizers(sweep: &Sweep<'_>, api: &str) -> Result<Vec<String>, Fault> {
    let list = sweep.cx.pages(
        "apigateway:GetAuthorizers",
        |position| {
            let list = sweep.cx.clients().apigateway.get_authorizers();
            let list = list.rest_api_id(api).limit(500);
            list.set_position(position).send()
        },
        |page| {
            let authorizers = page.items.unwrap_or_default().into_iter();
            (authorizers.filter_map(|a| a.id).collect(), page.position)
        },
    );
    list.await
}
