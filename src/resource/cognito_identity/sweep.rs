//! Identity pools: by name in a list of all, by tag, and by the id that the lab's had.

use aws_sdk_cognitoidentity::operation::describe_identity_pool::DescribeIdentityPoolOutput;

use crate::{
    aws::{Effect, Fault, Scope},
    kind::Kind,
    sweep::{Question, Seen, Sweep, Thing},
};

pub(super) const IDENTITY_POOL: Question = Question {
    scope: Scope::Region,
    named_by_aws: true,
    made_by: None,
    id: |arn| {
        arn.after("cognito-identity", "identitypool/")
            .map(str::to_owned)
    },
    actions: &[
        "cognito-identity:DescribeIdentityPool",
        "cognito-identity:ListIdentityPools",
    ],
    ask: |sweep| Box::pin(identity_pools(sweep)),
};

async fn identity_pools(sweep: &Sweep<'_>) {
    let list = ("cognito-identity:ListIdentityPools", "IdentityPoolName");
    let all = all_identity_pools(sweep);
    for (id, by) in sweep.candidates(Kind::IdentityPool, list, all).await {
        let filter = format!("IdentityPoolId={id}");
        let operation = "cognito-identity:DescribeIdentityPool";
        let answer = identity_pool(sweep, &id).await.map(Some);
        if let Seen::There(pool) = sweep.one(by, operation, &filter, answer) {
            let shell = &sweep.target.shell;
            let me = [("--identity-pool-id", id.as_str())];
            sweep.there(Thing {
                kind: Kind::IdentityPool,
                name: &pool.identity_pool_name,
                physical_id: &id,
                tagged: sweep.carries_tag(pool.identity_pool_tags()),
                known: sweep.known_by_id(Kind::IdentityPool, &id),
                more: String::new(),
                command: shell.aws("cognito-identity", "delete-identity-pool", &me),
            });
        }
    }
}

async fn identity_pool(sweep: &Sweep<'_>, id: &str) -> Result<DescribeIdentityPoolOutput, Fault> {
    sweep
        .cx
        .call(
            "cognito-identity:DescribeIdentityPool",
            Effect::Read,
            || {
                let identity = &sweep.cx.clients().cognito_identity;
                identity
                    .describe_identity_pool()
                    .identity_pool_id(id)
                    .send()
            },
        )
        .await
}

/// Ids and names.
async fn all_identity_pools(sweep: &Sweep<'_>) -> Result<Vec<(String, String)>, Fault> {
    let list = sweep.cx.pages(
        "cognito-identity:ListIdentityPools",
        |token| {
            let list = sweep.cx.clients().cognito_identity.list_identity_pools();
            list.max_results(60).set_next_token(token).send()
        },
        |page| {
            let pools = page.identity_pools.unwrap_or_default().into_iter();
            let pools =
                pools.filter_map(|pool| Some((pool.identity_pool_id?, pool.identity_pool_name?)));
            (pools.collect(), page.next_token)
        },
    );
    list.await
}
