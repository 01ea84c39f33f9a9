//! What a user pool holds, whoever made it.

use crate::{
    aws::{Cx, Effect, Fault},
    kind::Kind,
    resource::present,
};

/// Kind and id of its domains and app clients, and about how many users it has.
pub async fn of_pool(cx: &Cx, pool: &str) -> Result<(Vec<(Kind, String)>, i32), Fault> {
    let describe = cx.call("cognito-idp:DescribeUserPool", Effect::Read, || {
        let describe = cx.clients().cognito.describe_user_pool();
        describe.user_pool_id(pool).send()
    });
    let clients = cx.pages(
        "cognito-idp:ListUserPoolClients",
        |token| {
            let list = cx.clients().cognito.list_user_pool_clients();
            let list = list.user_pool_id(pool).max_results(60);
            list.set_next_token(token).send()
        },
        |page| (page.user_pool_clients.unwrap_or_default(), page.next_token),
    );
    let (described, clients) = tokio::join!(describe, clients);
    let described = present(described)?.and_then(|answer| answer.user_pool);
    let clients = present(clients)?.unwrap_or_default();
    let users = described
        .as_ref()
        .map_or(0, |pool| pool.estimated_number_of_users);
    let domains = described
        .into_iter()
        .flat_map(|pool| [pool.domain, pool.custom_domain]);
    let domains = domains.flatten().filter(|domain| !domain.is_empty());
    let domains = domains.map(|domain| (Kind::UserPoolDomain, domain));
    let clients = clients.into_iter().filter_map(|client| client.client_id);
    let clients = clients.map(|id| (Kind::AppClient, id));
    Ok((domains.chain(clients).collect(), users))
}
