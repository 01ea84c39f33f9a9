//! What a REST API holds, whoever made it.

use crate::{
    aws::{Cx, Effect, Fault},
    kind::Kind,
    resource::present,
};

/// Kind and id (of a stage: its name) of its stages and authorizers.
pub async fn of_api(cx: &Cx, api: &str) -> Result<Vec<(Kind, String)>, Fault> {
    let stages = cx.call("apigateway:GetStages", Effect::Read, || {
        cx.clients().apigateway.get_stages().rest_api_id(api).send()
    });
    let authorizers = cx.pages(
        "apigateway:GetAuthorizers",
        |position| {
            let list = cx.clients().apigateway.get_authorizers();
            let list = list.rest_api_id(api).limit(500);
            list.set_position(position).send()
        },
        |page| (page.items.unwrap_or_default(), page.position),
    );
    let (stages, authorizers) = tokio::join!(stages, authorizers);
    let stages = present(stages)?.and_then(|answer| answer.item);
    let stages = stages.into_iter().flatten();
    let stages = stages.filter_map(|stage| Some((Kind::Stage, stage.stage_name?)));
    let authorizers = present(authorizers)?.unwrap_or_default();
    let authorizers = authorizers.into_iter();
    let authorizers = authorizers.filter_map(|one| Some((Kind::Authorizer, one.id?)));
    Ok(stages.chain(authorizers).collect())
}
