//! User pools: by name in a list of all, by tag, by the id that the lab's pool had, and what lives in that; and their
//! domains by prefix, of which a region has each once.

use std::collections::BTreeSet;

use aws_sdk_cognitoidentityprovider::types::{
    DeletionProtectionType, UserPoolDescriptionType, UserPoolType,
};

use super::{Known, Seen, Sweep, Thing, command, tag::Hits, with};
use crate::{
    aws::{Effect, Fault},
    event::By,
    resource::Kind,
};

impl Sweep<'_> {
    pub(super) async fn pools(&self, hits: &Hits) {
        let names = self.names(Kind::UserPool);
        let mut found = Vec::new();
        if !names.is_empty() {
            let all = self.all_pools().await;
            let named = |pool: &UserPoolDescriptionType| {
                pool.name().is_some_and(|name| names.contains(&name))
            };
            let same = all.map(|all| all.into_iter().filter(named).collect());
            let filter = format!("Name={}", unique(&names));
            for pool in self.list(By::Name, "cognito-idp:ListUserPools", &filter, same) {
                found.extend(pool.id);
            }
        }
        for (id, by) in self.ids(Kind::UserPool, &hits.pools, found) {
            let filter = format!("UserPoolId={id}");
            let answer = self.pool(&id).await;
            let seen = self.one(by, "cognito-idp:DescribeUserPool", &filter, answer);
            let clients = self.clients(&id).await;
            let operation = "cognito-idp:ListUserPoolClients";
            let clients = self.list(By::Parent, operation, &filter, clients);
            let providers = self.providers(&id).await;
            let operation = "cognito-idp:ListIdentityProviders";
            let providers = self.list(By::Parent, operation, &filter, providers);
            if let Seen::There(pool) = seen {
                self.pool_is_there(&id, &pool, clients.len(), providers.len());
            }
        }
        self.domains().await;
    }

    /// A domain that its pool does not show: of the lab's own pool it is told there.
    async fn domains(&self) {
        let known = self.known(Kind::UserPoolDomain);
        let prefixes: BTreeSet<&str> = known.map(|k| k.name.as_str()).collect();
        for prefix in prefixes {
            let answer = self.domain(prefix).await;
            let operation = "cognito-idp:DescribeUserPoolDomain";
            let filter = format!("Domain={prefix}");
            let Seen::There(id) = self.one(By::Name, operation, &filter, answer) else {
                continue;
            };
            let tagged = match self.pool(&id).await {
                Ok(Some(pool)) => self.carries_tag(pool.user_pool_tags()),
                _ => false,
            };
            let shell = &self.target.shell;
            let options = [("--domain", prefix), ("--user-pool-id", id.as_str())];
            self.there(Thing {
                kind: Kind::UserPoolDomain,
                name: prefix,
                physical_id: prefix,
                tagged,
                known: self.known_as(Kind::UserPoolDomain, prefix),
                more: format!("; of user pool {id}"),
                command: shell.aws("cognito-idp", "delete-user-pool-domain", &options),
            });
        }
    }

    /// The pool that has this prefix, if any of this account has.
    async fn domain(&self, prefix: &str) -> Result<Option<String>, Fault> {
        let answer = self
            .cx
            .call("cognito-idp:DescribeUserPoolDomain", Effect::Read, || {
                let describe = self.cx.clients().cognito.describe_user_pool_domain();
                describe.domain(prefix).send()
            })
            .await?;
        let id = answer.domain_description.and_then(|d| d.user_pool_id);
        Ok(id.filter(|id| !id.is_empty()))
    }

    fn pool_is_there(&self, id: &str, pool: &UserPoolType, clients: usize, providers: usize) {
        let shell = &self.target.shell;
        let me = ("--user-pool-id", id);
        let domains: Vec<&str> = [pool.domain(), pool.custom_domain()]
            .into_iter()
            .flatten()
            .filter(|domain| !domain.is_empty())
            .collect();
        let mut commands = Vec::new();
        for domain in &domains {
            let options = [("--domain", *domain), me];
            commands.push(shell.aws("cognito-idp", "delete-user-pool-domain", &options));
        }
        if pool.deletion_protection() == Some(&DeletionProtectionType::Active) {
            let options = [me, ("--deletion-protection", "INACTIVE")];
            commands.push(shell.aws("cognito-idp", "update-user-pool", &options));
        }
        commands.push(shell.aws("cognito-idp", "delete-user-pool", &[me]));
        let users = usize::try_from(pool.estimated_number_of_users()).unwrap_or_default();
        self.there(Thing {
            kind: Kind::UserPool,
            name: pool.name().unwrap_or(id),
            physical_id: id,
            tagged: self.carries_tag(pool.user_pool_tags()),
            known: self.known_by_id(Kind::UserPool, id),
            more: with(&[
                (clients, "client"),
                (users, "user"),
                (providers, "identity provider"),
                (domains.len(), "domain"),
            ]),
            command: command::chain(&commands),
        });
    }

    async fn pool(&self, id: &str) -> Result<Option<UserPoolType>, Fault> {
        let answer = self
            .cx
            .call("cognito-idp:DescribeUserPool", Effect::Read, || {
                let cognito = &self.cx.clients().cognito;
                cognito.describe_user_pool().user_pool_id(id).send()
            })
            .await?;
        Ok(answer.user_pool)
    }

    async fn all_pools(&self) -> Result<Vec<UserPoolDescriptionType>, Fault> {
        let list = self.cx.pages(
            "cognito-idp:ListUserPools",
            |token| {
                let list = self.cx.clients().cognito.list_user_pools();
                list.max_results(60).set_next_token(token).send()
            },
            |page| (page.user_pools.unwrap_or_default(), page.next_token),
        );
        list.await
    }

    /// Ids of a pool's clients.
    async fn clients(&self, pool: &str) -> Result<Vec<String>, Fault> {
        let list = self.cx.pages(
            "cognito-idp:ListUserPoolClients",
            |token| {
                let list = self.cx.clients().cognito.list_user_pool_clients();
                let list = list.user_pool_id(pool).max_results(60);
                list.set_next_token(token).send()
            },
            |page| {
                let clients = page.user_pool_clients.unwrap_or_default().into_iter();
                (
                    clients.filter_map(|c| c.client_id).collect(),
                    page.next_token,
                )
            },
        );
        list.await
    }

    /// Names of a pool's identity providers.
    async fn providers(&self, pool: &str) -> Result<Vec<String>, Fault> {
        let list = self.cx.pages(
            "cognito-idp:ListIdentityProviders",
            |token| {
                let list = self.cx.clients().cognito.list_identity_providers();
                let list = list.user_pool_id(pool).max_results(60);
                list.set_next_token(token).send()
            },
            |page| {
                let providers = page.providers.into_iter();
                (
                    providers.filter_map(|p| p.provider_name).collect(),
                    page.next_token,
                )
            },
        );
        list.await
    }

    /// What is known of the thing with this id.
    pub(super) fn known_by_id(&self, kind: Kind, id: &str) -> Option<&Known> {
        self.known(kind).find(|k| k.id.as_deref() == Some(id))
    }
}

/// Names for a filter's text, each once.
pub(super) fn unique(names: &[&str]) -> String {
    let names: std::collections::BTreeSet<&str> = names.iter().copied().collect();
    names.into_iter().collect::<Vec<_>>().join(",")
}
