//! Distributions: by comment in a list of all, by tag, by the id that the lab's had.

use aws_sdk_cloudfront::types::{Distribution, DistributionSummary};

use super::{Seen, Sweep, Thing, pool::unique, tag::Hits};
use crate::{
    aws::{Effect, Fault},
    event::By,
    resource::Kind,
};

impl Sweep<'_> {
    pub(super) async fn distributions(&self, hits: &Hits) {
        let names = self.names(Kind::Distribution);
        let mut named = Vec::new();
        if !names.is_empty() {
            let all = self.all_distributions().await;
            let same = all.map(|all| {
                let named = |d: &DistributionSummary| names.contains(&d.comment());
                all.into_iter().filter(named).collect()
            });
            let filter = format!("Comment={}", unique(&names));
            let same = self.list(By::Name, "cloudfront:ListDistributions", &filter, same);
            named = same.into_iter().map(|one| one.id).collect();
        }
        for (id, by) in self.ids(Kind::Distribution, &hits.distributions, named) {
            let filter = format!("Id={id}");
            let answer = self.distribution(&id).await;
            let operation = "cloudfront:GetDistribution";
            if let Seen::There(one) = self.one(by, operation, &filter, answer) {
                self.distribution_is_there(&one).await;
            }
        }
    }

    async fn distribution_is_there(&self, one: &Distribution) {
        let arn = one.arn();
        let tags = self
            .cx
            .call("cloudfront:ListTagsForResource", Effect::Read, || {
                let list = self.cx.clients().cloudfront.list_tags_for_resource();
                list.resource(arn).send()
            })
            .await;
        let filter = format!("Resource={arn}");
        let operation = "cloudfront:ListTagsForResource";
        let tags = tags.map(|answer| answer.tags.and_then(|t| t.items).unwrap_or_default());
        let tags = self.list(By::Id, operation, &filter, tags);
        let config = one.distribution_config();
        self.there(Thing {
            kind: Kind::Distribution,
            name: config.map_or("", |config| config.comment()),
            physical_id: one.id(),
            tagged: self.cx.owns(tags),
            known: self.known_by_id(Kind::Distribution, one.id()),
            more: format!(", {}", one.status()),
            command: self.remove_distribution(one.id()),
        });
    }

    /// Disable, wait, delete. The config goes by a pipe: it has the edge's secret.
    fn remove_distribution(&self, id: &str) -> String {
        let aws = |operation: &str, options: &[(&str, &str)]| {
            let options = [&[("--id", id)], options].concat();
            self.target.shell.aws("cloudfront", operation, &options)
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

    async fn distribution(&self, id: &str) -> Result<Option<Distribution>, Fault> {
        let answer = self
            .cx
            .call("cloudfront:GetDistribution", Effect::Read, || {
                let cloudfront = &self.cx.clients().cloudfront;
                cloudfront.get_distribution().id(id).send()
            })
            .await?;
        Ok(answer.distribution)
    }

    async fn all_distributions(&self) -> Result<Vec<DistributionSummary>, Fault> {
        let list = self.cx.pages(
            "cloudfront:ListDistributions",
            |marker| {
                let list = self.cx.clients().cloudfront.list_distributions();
                list.set_marker(marker).send()
            },
            |page| {
                let list = page.distribution_list;
                list.map_or_else(Default::default, |list| {
                    (list.items.unwrap_or_default(), list.next_marker)
                })
            },
        );
        list.await
    }
}
