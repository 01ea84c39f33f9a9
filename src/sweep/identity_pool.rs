//! Identity pools: by name in a list of all, by tag, and by the id that the lab's had.

use aws_sdk_cognitoidentity::{
    operation::describe_identity_pool::DescribeIdentityPoolOutput,
    types::IdentityPoolShortDescription,
};

use super::{Seen, Sweep, Thing, pool::unique, tag::Hits};
use crate::{
    aws::{Effect, Fault},
    event::By,
    resource::Kind,
};

impl Sweep<'_> {
    pub(super) async fn identity_pools(&self, hits: &Hits) {
        let names = self.names(Kind::IdentityPool);
        let mut found = Vec::new();
        if !names.is_empty() {
            let all = self.all_identity_pools().await;
            let named = |pool: &IdentityPoolShortDescription| {
                pool.identity_pool_name()
                    .is_some_and(|name| names.contains(&name))
            };
            let same = all.map(|all| all.into_iter().filter(named).collect());
            let filter = format!("IdentityPoolName={}", unique(&names));
            let operation = "cognito-identity:ListIdentityPools";
            for pool in self.list(By::Name, operation, &filter, same) {
                found.extend(pool.identity_pool_id);
            }
        }
        for (id, by) in self.ids(Kind::IdentityPool, &hits.identity_pools, found) {
            let filter = format!("IdentityPoolId={id}");
            let operation = "cognito-identity:DescribeIdentityPool";
            let answer = self.identity_pool(&id).await.map(Some);
            if let Seen::There(pool) = self.one(by, operation, &filter, answer) {
                let shell = &self.target.shell;
                let me = [("--identity-pool-id", id.as_str())];
                self.there(Thing {
                    kind: Kind::IdentityPool,
                    name: &pool.identity_pool_name,
                    physical_id: &id,
                    tagged: self.carries_tag(pool.identity_pool_tags()),
                    known: self.known_by_id(Kind::IdentityPool, &id),
                    more: String::new(),
                    command: shell.aws("cognito-identity", "delete-identity-pool", &me),
                });
            }
        }
    }

    async fn identity_pool(&self, id: &str) -> Result<DescribeIdentityPoolOutput, Fault> {
        self.cx
            .call(
                "cognito-identity:DescribeIdentityPool",
                Effect::Read,
                || {
                    let identity = &self.cx.clients().cognito_identity;
                    identity
                        .describe_identity_pool()
                        .identity_pool_id(id)
                        .send()
                },
            )
            .await
    }

    async fn all_identity_pools(&self) -> Result<Vec<IdentityPoolShortDescription>, Fault> {
        let list = self.cx.pages(
            "cognito-identity:ListIdentityPools",
            |token| {
                let list = self.cx.clients().cognito_identity.list_identity_pools();
                list.max_results(60).set_next_token(token).send()
            },
            |page| (page.identity_pools.unwrap_or_default(), page.next_token),
        );
        list.await
    }
}
