//! Distributions: by comment in a list of all, by tag, by the id that the lab's had.

use aws_sdk_cloudfront::types::Distribution;

use crate::{
    aws::{Effect, Fault, Scope},
    event::By,
    kind::Kind,
    sweep::{Question, Seen, Sweep, Thing},
};

pub(super) const DISTRIBUTION: Question = Question {
    scope: Scope::Global,
    named_by_aws: true,
    made_by: None,
    id: |arn| arn.after("cloudfront", "distribution/").map(str::to_owned),
    actions: &[
        "cloudfront:GetDistribution",
        "cloudfront:ListDistributions",
        "cloudfront:ListTagsForResource",
    ],
    ask: |sweep| Box::pin(distributions(sweep)),
};

async fn distributions(sweep: &Sweep<'_>) {
    let list = ("cloudfront:ListDistributions", "Comment");
    let all = all_distributions(sweep);
    for (id, by) in sweep.candidates(Kind::Distribution, list, all).await {
        let filter = format!("Id={id}");
        let answer = distribution(sweep, &id).await;
        let operation = "cloudfront:GetDistribution";
        if let Seen::There(one) = sweep.one(by, operation, &filter, answer) {
            distribution_is_there(sweep, &one).await;
        }
    }
}

async fn distribution_is_there(sweep: &Sweep<'_>, one: &Distribution) {
    let arn = one.arn();
    let tags = sweep
        .cx
        .call("cloudfront:ListTagsForResource", Effect::Read, || {
            let list = sweep.cx.clients().cloudfront.list_tags_for_resource();
            list.resource(arn).send()
        })
        .await;
    let filter = format!("Resource={arn}");
    let operation = "cloudfront:ListTagsForResource";
    let tags = tags.map(|answer| answer.tags.and_then(|t| t.items).unwrap_or_default());
    let tags = sweep.list(By::Id, operation, &filter, tags);
    let config = one.distribution_config();
    sweep.there(Thing {
        kind: Kind::Distribution,
        name: config.map_or("", |config| config.comment()),
        physical_id: one.id(),
        tagged: sweep.cx.owns(tags),
        known: sweep.known_by_id(Kind::Distribution, one.id()),
        more: format!(", {}", one.status()),
        command: remove_distribution(sweep, one.id()),
    });
}

/// Disable, wait, delete. The config goes by a pipe: it has the edge's secret.
fn remove_distribution(sweep: &Sweep<'_>, id: &str) -> String {
    let aws = |operation: &str, options: &[(&str, &str)]| {
        let options = [&[("--id", id)], options].concat();
        sweep.target.shell.aws("cloudfront", operation, &options)
    };
    let disabled = "merge(DistributionConfig, `{\"Enabled\": false}`)";
    let config = [("--query", disabled), ("--output", "json")];
    let config = aws("get-distribution-config", &config);
    let etag = [("--query", "ETag"), ("--output", "text")];
    let etag = aws("get-distribution-config", &etag);
    let update = [("--distribution-config", "file:///dev/stdin")];
    let update = aws("update-distribution", &update);
    let wait = aws("wait distribution-deployed", &[]);
    let delete = aws("delete-distribution", &[]);
    format!(
        "{config} | {update} --if-match \"$({etag})\" && {wait} && {delete} --if-match \"$({etag})\""
    )
}

async fn distribution(sweep: &Sweep<'_>, id: &str) -> Result<Option<Distribution>, Fault> {
    let answer = sweep
        .cx
        .call("cloudfront:GetDistribution", Effect::Read, || {
            let cloudfront = &sweep.cx.clients().cloudfront;
            cloudfront.get_distribution().id(id).send()
        })
        .await?;
    Ok(answer.distribution)
}

/// Ids and comments.
async fn all_distributions(sweep: &Sweep<'_>) -> Result<Vec<(String, String)>, Fault> {
    let list = sweep.cx.pages(
        "cloudfront:ListDistributions",
        |marker| {
            let list = sweep.cx.clients().cloudfront.list_distributions();
            list.set_marker(marker).send()
        },
        |page| {
            let list = page.distribution_list;
            list.map_or_else(Default::default, |list| {
                let all = list.items.unwrap_or_default().into_iter();
                (
                    all.map(|one| (one.id, one.comment)).collect(),
                    list.next_marker,
                )
            })
        },
    );
    list.await
}
