//! REST APIs: by name and tag in a list of all, by the id that the lab's API had, and what lives in that; stages by tag.

use aws_sdk_apigateway::types::RestApi;

use super::{Seen, Sweep, Thing, pool::unique, tag::Hits, with};
use crate::{
    aws::{Effect, Fault},
    event::By,
    resource::Kind,
};

type Tags = std::collections::HashMap<String, String>;

/// What one API is asked for.
struct Api {
    id: String,
    name: String,
    tags: Option<Tags>,
}

impl Sweep<'_> {
    pub(super) async fn apis(&self, hits: &Hits) {
        let names = self.names(Kind::RestApi);
        let all = self.all_apis().await;
        let wanted = |api: &RestApi| {
            api.name().is_some_and(|name| names.contains(&name)) || self.carries_tag(api.tags())
        };
        let same = all.map(|all| all.into_iter().filter(wanted).collect());
        let filter = format!("name={} or tag", unique(&names));
        let same = self.list(By::Name, "apigateway:GetRestApis", &filter, same);
        let named = same.into_iter().filter_map(|api| api.id).collect();
        let mut ours = Vec::new();
        for (id, by) in self.ids(Kind::RestApi, &hits.apis, named) {
            let filter = format!("restApiId={id}");
            let answer = self.api(&id).await.map(Some);
            let seen = self.one(by, "apigateway:GetRestApi", &filter, answer);
            let inside = Box::pin(self.inside_api(&id)).await;
            if let Seen::There(api) = seen
                && self.api_is_there(&api, inside)
            {
                ours.push(id);
            }
        }
        for (api, stage) in hits.stages.iter().filter(|(api, _)| !ours.contains(api)) {
            self.stage(api, stage).await;
        }
    }

    pub(super) fn carries_tag(&self, tags: Option<&Tags>) -> bool {
        self.cx.owns(tags)
    }

    /// Answers whether it counts as the lab's.
    fn api_is_there(&self, api: &Api, inside: String) -> bool {
        let tagged = self.carries_tag(api.tags.as_ref());
        let known = self.known_by_id(Kind::RestApi, &api.id);
        let options = [("--rest-api-id", api.id.as_str())];
        self.there(Thing {
            kind: Kind::RestApi,
            name: &api.name,
            physical_id: &api.id,
            tagged,
            known,
            more: inside,
            command: self
                .target
                .shell
                .aws("apigateway", "delete-rest-api", &options),
        });
        tagged || known.is_some_and(|k| k.made)
    }

    /// A stage with the lab's tag in an API that is not the lab's.
    async fn stage(&self, api: &str, name: &str) {
        let answer = self
            .cx
            .call("apigateway:GetStage", Effect::Read, || {
                let stage = self.cx.clients().apigateway.get_stage();
                stage.rest_api_id(api).stage_name(name).send()
            })
            .await;
        let filter = format!("restApiId={api}, stageName={name}");
        let operation = "apigateway:GetStage";
        let Seen::There(stage) = self.one(By::Tag, operation, &filter, answer.map(Some)) else {
            return;
        };
        if !self.carries_tag(stage.tags()) {
            return;
        }
        let options = [("--rest-api-id", api), ("--stage-name", name)];
        self.there(Thing {
            kind: Kind::Stage,
            name,
            physical_id: &format!("{api}/{name}"),
            tagged: true,
            known: None,
            more: format!("; in API {api}"),
            command: self
                .target
                .shell
                .aws("apigateway", "delete-stage", &options),
        });
    }

    async fn api(&self, id: &str) -> Result<Api, Fault> {
        let api = self
            .cx
            .call("apigateway:GetRestApi", Effect::Read, || {
                let api = self.cx.clients().apigateway.get_rest_api();
                api.rest_api_id(id).send()
            })
            .await?;
        Ok(Api {
            id: id.to_owned(),
            name: api.name.unwrap_or_else(|| id.to_owned()),
            tags: api.tags,
        })
    }

    async fn all_apis(&self) -> Result<Vec<RestApi>, Fault> {
        let list = self.cx.pages(
            "apigateway:GetRestApis",
            |position| {
                let list = self.cx.clients().apigateway.get_rest_apis().limit(500);
                list.set_position(position).send()
            },
            |page| (page.items.unwrap_or_default(), page.position),
        );
        list.await
    }

    /// Counts what lives in an API.
    async fn inside_api(&self, id: &str) -> String {
        let filter = format!("restApiId={id}");
        let (stages, deployments, authorizers) =
            tokio::join!(self.stages(id), self.deployments(id), self.authorizers(id));
        let count =
            |operation: &str, answer| self.list(By::Parent, operation, &filter, answer).len();
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

    async fn stages(&self, api: &str) -> Result<Vec<String>, Fault> {
        let answer = self
            .cx
            .call("apigateway:GetStages", Effect::Read, || {
                let list = self.cx.clients().apigateway.get_stages();
                list.rest_api_id(api).send()
            })
            .await?;
        let stages = answer.item.unwrap_or_default();
        Ok(stages.into_iter().filter_map(|s| s.stage_name).collect())
    }

    async fn deployments(&self, api: &str) -> Result<Vec<String>, Fault> {
        let list = self.cx.pages(
            "apigateway:GetDeployments",
            |position| {
                let list = self.cx.clients().apigateway.get_deployments();
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

    async fn authorizers(&self, api: &str) -> Result<Vec<String>, Fault> {
        let list = self.cx.pages(
            "apigateway:GetAuthorizers",
            |position| {
                let list = self.cx.clients().apigateway.get_authorizers();
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
}
