//! User pools: by name in a list of all, by tag, by the id that the lab's pool had, and what lives in that; and their
//! domains by prefix, of which a region has each once.

use aws_sdk_cognitoidentityprovider::types::{DeletionProtectionType, UserPoolType};

use crate::{
    aws::{Effect, Fault, Scope},
    event::By,
    kind::Kind,
    sweep::{Question, Seen, Sweep, Thing, chain, with},
};

pub(super) const USER_POOL: Question = Question {
    scope: Scope::Region,
    named_by_aws: true,
    made_by: None,
    id: |arn| arn.after("cognito-idp", "userpool/").map(str::to_owned),
    actions: &[
        "cognito-idp:DescribeUserPool",
        "cognito-idp:ListIdentityProviders",
        "cognito-idp:ListUserPoolClients",
        "cognito-idp:ListUserPools",
    ],
    ask: |sweep| Box::pin(pools(sweep)),
};

pub(super) const USER_POOL_DOMAIN: Question = Question {
    scope: Scope::Region,
    named_by_aws: false,
    made_by: None,
    id: |_| None,
    actions: &[
        "cognito-idp:DescribeUserPool",
        "cognito-idp:DescribeUserPoolDomain",
    ],
    ask: |sweep| Box::pin(domains(sweep)),
};

async fn pools(sweep: &Sweep<'_>) {
    let list = ("cognito-idp:ListUserPools", "Name");
    let all = all_pools(sweep);
    for (id, by) in sweep.candidates(Kind::UserPool, list, all).await {
        let filter = format!("UserPoolId={id}");
        let answer = pool(sweep, &id).await;
        let seen = sweep.one(by, "cognito-idp:DescribeUserPool", &filter, answer);
        let clients = clients(sweep, &id).await;
        let operation = "cognito-idp:ListUserPoolClients";
        let clients = sweep.list(By::Parent, operation, &filter, clients);
        let providers = providers(sweep, &id).await;
        let operation = "cognito-idp:ListIdentityProviders";
        let providers = sweep.list(By::Parent, operation, &filter, providers);
        if let Seen::There(pool) = seen {
            pool_is_there(sweep, &id, &pool, clients.len(), providers.len());
        }
    }
}

/// A domain that its pool does not show: of the lab's own pool it is told there.
async fn domains(sweep: &Sweep<'_>) {
    for prefix in sweep.names(Kind::UserPoolDomain) {
        let answer = domain(sweep, prefix).await;
        let operation = "cognito-idp:DescribeUserPoolDomain";
        let filter = format!("Domain={prefix}");
        let Seen::There(id) = sweep.one(By::Name, operation, &filter, answer) else {
            continue;
        };
        let tagged = match pool(sweep, &id).await {
            Ok(Some(pool)) => sweep.carries_tag(pool.user_pool_tags()),
            _ => false,
        };
        let shell = &sweep.target.shell;
        let options = [("--domain", prefix), ("--user-pool-id", id.as_str())];
        sweep.there(Thing {
            kind: Kind::UserPoolDomain,
            name: prefix,
            physical_id: prefix,
            tagged,
            known: sweep.known_as(Kind::UserPoolDomain, prefix),
            more: format!("; of user pool {id}"),
            command: shell.aws("cognito-idp", "delete-user-pool-domain", &options),
        });
    }
}

/// The pool that has this prefix, if any of this account has.
async fn domain(sweep: &Sweep<'_>, prefix: &str) -> Result<Option<String>, Fault> {
    let answer = sweep
        .cx
        .call("cognito-idp:DescribeUserPoolDomain", Effect::Read, || {
            let describe = sweep.cx.clients().cognito.describe_user_pool_domain();
            describe.domain(prefix).send()
        })
        .await?;
    let id = answer.domain_description.and_then(|d| d.user_pool_id);
    Ok(id.filter(|id| !id.is_empty()))
}

fn pool_is_there(
    sweep: &Sweep<'_>,
    id: &str,
    pool: &UserPoolType,
    clients: usize,
    providers: usize,
) {
    let shell = &sweep.target.shell;
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
    sweep.there(Thing {
        kind: Kind::UserPool,
        name: pool.name().unwrap_or(id),
        physical_id: id,
        tagged: sweep.carries_tag(pool.user_pool_tags()),
        known: sweep.known_by_id(Kind::UserPool, id),
        more: with(&[
            (clients, "client"),
            (users, "user"),
            (providers, "identity provider"),
            (domains.len(), "domain"),
        ]),
        command: chain(&commands),
    });
}

async fn pool(sweep: &Sweep<'_>, id: &str) -> Result<Option<UserPoolType>, Fault> {
    let answer = sweep
        .cx
        .call("cognito-idp:DescribeUserPool", Effect::Read, || {
            let cognito = &sweep.cx.clients().cognito;
            cognito.describe_user_pool().user_pool_id(id).send()
        })
        .await?;
    Ok(answer.user_pool)
}

/// Ids and names.
async fn all_pools(sweep: &Sweep<'_>) -> Result<Vec<(String, String)>, Fault> {
    let list = sweep.cx.pages(
        "cognito-idp:ListUserPools",
        |token| {
            let list = sweep.cx.clients().cognito.list_user_pools();
            list.max_results(60).set_next_token(token).send()
        },
        |page| {
            let pools = page.user_pools.unwrap_or_default().into_iter();
            let pools = pools.filter_map(|pool| Some((pool.id?, pool.name?)));
            (pools.collect(), page.next_token)
        },
    );
    list.await
}

/// Ids of a pool's clients.
async fn clients(sweep: &Sweep<'_>, pool: &str) -> Result<Vec<String>, Fault> {
    let list = sweep.cx.pages(
        "cognito-idp:ListUserPoolClients",
        |token| {
            let list = sweep.cx.clients().cognito.list_user_pool_clients();
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
async fn providers(sweep: &Sweep<'_>, pool: &str) -> Result<Vec<String>, Fault> {
    let list = sweep.cx.pages(
        "cognito-idp:ListIdentityProviders",
        |token| {
            let list = sweep.cx.clients().cognito.list_identity_providers();
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
