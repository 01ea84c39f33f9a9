//! The web ACL that limits how often one address may ask. For CloudFront, so in us-east-1.

use std::time::Duration;

use aws_sdk_wafv2::types::{
    AllowAction, BlockAction, DefaultAction, RateBasedStatement,
    RateBasedStatementAggregateKeyType, Rule, RuleAction, Scope, Statement, Tag, VisibilityConfig,
    WebAcl as Seen,
};
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Cx, Effect, Fault, TAG_FIELD, stranger},
    engine::{At, Compare, Drift, Found, Given, Health, Resource},
    resource::{Kind, form, gone, present},
    sweep::Swept,
};

/// A web ACL with one rule.
#[derive(Debug, Clone)]
pub struct WebAcl {
    /// Its name, unique among those of CloudFront.
    pub name: String,
    /// Requests of one address in five minutes.
    pub limit: i32,
}

/// The name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::name")]
    pub name: String,
}

/// What AWS made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::id")]
    pub id: String,
    #[serde(deserialize_with = "form::arn")]
    pub arn: String,
    /// The name is part of the address.
    #[serde(deserialize_with = "form::name")]
    pub name: String,
}

const RULE: &str = "rate-limit";
/// Seconds over which requests are counted: WAF's default.
const WINDOW_S: i64 = 300;
/// How long a change may be refused because of other people's changes.
const STALE_LIMIT: Duration = Duration::from_mins(1);

/// What a change with an old lock token waits for.
fn stale(out: &Output) -> String {
    format!("another change of web ACL {} to end", out.name)
}

fn incomplete(error: impl std::fmt::Display) -> Fault {
    Fault::defect("wafv2:CreateWebACL", error)
}

impl WebAcl {
    fn rules(&self) -> Result<Vec<Rule>, Fault> {
        let limit = RateBasedStatement::builder()
            .limit(self.limit.into())
            .evaluation_window_sec(WINDOW_S)
            .aggregate_key_type(RateBasedStatementAggregateKeyType::Ip)
            .build()
            .map_err(incomplete)?;
        let block = RuleAction::builder().block(BlockAction::builder().build());
        let rule = Rule::builder()
            .name(RULE)
            .priority(0)
            .statement(Statement::builder().rate_based_statement(limit).build())
            .action(block.build())
            .visibility_config(visibility(RULE)?)
            .build();
        Ok(vec![rule.map_err(incomplete)?])
    }

    /// `UpdateWebACL` replaces the whole: what the lab does not say stays.
    async fn replace(&self, cx: &Cx, out: &Output) -> Result<(), Fault> {
        let operation = "wafv2:UpdateWebACL";
        let Some((now, token)) = get(cx, out).await? else {
            return Err(Fault::missing(operation, "WebACL"));
        };
        let rules = self.rules()?;
        cx.call(operation, Effect::Idempotent, || {
            cx.clients()
                .waf
                .update_web_acl()
                .name(&out.name)
                .scope(Scope::Cloudfront)
                .id(&out.id)
                .default_action(allow())
                .set_description(now.description.clone())
                .set_rules(Some(rules.clone()))
                .set_visibility_config(now.visibility_config.clone())
                .lock_token(&token)
                .send()
        })
        .await
        .map(drop)
    }
}

/// Metrics cost money.
fn visibility(name: &str) -> Result<VisibilityConfig, Fault> {
    VisibilityConfig::builder()
        .sampled_requests_enabled(false)
        .cloud_watch_metrics_enabled(false)
        .metric_name(name)
        .build()
        .map_err(incomplete)
}

fn allow() -> DefaultAction {
    let allow = AllowAction::builder().build();
    DefaultAction::builder().allow(allow).build()
}

/// The web ACL, and the token that its next change needs.
async fn get(cx: &Cx, out: &Output) -> Result<Option<(Seen, String)>, Fault> {
    let operation = "wafv2:GetWebACL";
    let answer = cx
        .call(operation, Effect::Read, || {
            let get = cx.clients().waf.get_web_acl();
            get.name(&out.name)
                .scope(Scope::Cloudfront)
                .id(&out.id)
                .send()
        })
        .await;
    let Some(answer) = present(answer)? else {
        return Ok(None);
    };
    match (answer.web_acl, answer.lock_token) {
        (Some(acl), Some(token)) => Ok(Some((acl, token))),
        _ => Err(Fault::missing(operation, "WebACL and LockToken")),
    }
}

async fn seen_tags(cx: &Cx, arn: &str) -> Result<Vec<Tag>, Fault> {
    let answer = cx
        .call("wafv2:ListTagsForResource", Effect::Read, || {
            let list = cx.clients().waf.list_tags_for_resource();
            list.resource_arn(arn).send()
        })
        .await?;
    let tags = answer.tag_info_for_resource.and_then(|info| info.tag_list);
    Ok(tags.unwrap_or_default())
}

/// What of the rules counts, as a person reads it.
fn words(rule: &Rule) -> String {
    let limit = rule
        .statement()
        .and_then(Statement::rate_based_statement)
        .map_or_else(
            || "another statement".to_owned(),
            |rate| {
                let (limit, window) = (rate.limit(), rate.evaluation_window_sec());
                format!("{limit} in {window} s by {}", rate.aggregate_key_type())
            },
        );
    let blocks = rule.action().is_some_and(|action| action.block().is_some());
    let action = if blocks {
        "blocked above"
    } else {
        "not blocked above"
    };
    format!("{}: {action} {limit}", rule.name())
}

impl Resource for WebAcl {
    const KIND: Kind = Kind::WebAcl;
    const SWEPT: Swept = Swept::Asked(&super::sweep::WEB_ACL);
    const ACTIONS: &'static [&'static str] = &[
        "wafv2:CreateWebACL",
        "wafv2:DeleteWebACL",
        "wafv2:GetWebACL",
        "wafv2:ListTagsForResource",
        "wafv2:ListWebACLs",
        "wafv2:TagResource",
        "wafv2:UpdateWebACL",
    ];
    const BY_NAME: bool = true;
    const LINGERS: bool = true;
    const TAGGED: bool = true;
    type Needs = ();
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn key(&self, _cx: &Cx, _given: Option<&Given<Self>>) -> Option<Key> {
        Some(Key {
            name: self.name.clone(),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, _given: &Given<Self>) -> Result<Output, Fault> {
        let operation = "wafv2:CreateWebACL";
        let (rules, tags, visibility) = (
            self.rules()?,
            cx.tag_list(operation)?,
            visibility(&key.name)?,
        );
        let made = cx
            .call(operation, Effect::Create, || {
                cx.clients()
                    .waf
                    .create_web_acl()
                    .name(&key.name)
                    .scope(Scope::Cloudfront)
                    .default_action(allow())
                    .set_rules(Some(rules.clone()))
                    .visibility_config(visibility.clone())
                    .set_tags(Some(tags.clone()))
                    .send()
            })
            .await?;
        let summary = made
            .summary
            .unwrap_or_else(|| aws_sdk_wafv2::types::WebAclSummary::builder().build());
        match (summary.id, summary.arn) {
            (Some(id), Some(arn)) => Ok(Output {
                id,
                arn,
                name: key.name.clone(),
            }),
            _ => Err(Fault::missing(operation, "Summary.Id and Summary.ARN")),
        }
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, out, .. } = at;
        let Some((seen, _)) = get(cx, out).await? else {
            return Ok(Health::Missing);
        };
        let tags = seen_tags(cx, &out.arn).await?;
        let mut compare = Compare::default();
        let wanted: Vec<String> = self.rules()?.iter().map(words).collect();
        let now: Vec<String> = seen.rules().iter().map(words).collect();
        compare.field("Rules", &wanted, &now);
        let allows = seen.default_action().is_some_and(|a| a.allow().is_some());
        let word = |allows: bool| if allows { "Allow" } else { "Block" };
        compare.field("DefaultAction", word(true), word(allows));
        cx.compare_tag(&mut compare, tags);
        Ok(compare.health())
    }

    async fn update(&self, at: At<'_, Self>, drift: &[Drift]) -> Result<Output, Fault> {
        let At { cx, out, .. } = at;
        if drift.iter().any(|d| d.field == TAG_FIELD) {
            Self::tag(cx, at.key, out).await?;
        }
        if drift.iter().all(|d| d.field == TAG_FIELD) {
            return Ok(out.clone());
        }
        let what = stale(out);
        let replace = cx.optimistic(&what, STALE_LIMIT, || self.replace(cx, out));
        replace.await?;
        Ok(out.clone())
    }

    async fn tag(cx: &Cx, _key: &Key, out: &Output) -> Result<bool, Fault> {
        let operation = "wafv2:TagResource";
        let tags = cx.tag_list(operation)?;
        cx.call(operation, Effect::Idempotent, || {
            let tag = cx.clients().waf.tag_resource();
            tag.resource_arn(&out.arn)
                .set_tags(Some(tags.clone()))
                .send()
        })
        .await
        .map(|_| true)
    }

    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let acls = cx.pages(
            "wafv2:ListWebACLs",
            |marker| {
                let list = cx.clients().waf.list_web_acls();
                let list = list.scope(Scope::Cloudfront).limit(100);
                list.set_next_marker(marker).send()
            },
            |page| (page.web_acls.unwrap_or_default(), page.next_marker),
        );
        let acls = acls.await?;
        let named = acls.iter().find(|a| a.name() == Some(&key.name));
        let Some((id, arn)) = named.and_then(|a| Some((a.id()?, a.arn()?))) else {
            return Ok(Found::Absent);
        };
        let tags = seen_tags(cx, arn).await?;
        if !cx.owns(&tags) {
            return Ok(Found::Foreign(stranger(arn, tags)));
        }
        Ok(Found::Ours(Output {
            id: id.to_owned(),
            arn: arn.to_owned(),
            name: key.name.clone(),
        }))
    }

    async fn delete(cx: &Cx, _key: &Key, out: Option<&Output>) -> Result<(), Fault> {
        let Some(out) = out else { return Ok(()) };
        let what = stale(out);
        let delete = cx.optimistic(&what, STALE_LIMIT, || async {
            let Some((_, token)) = get(cx, out).await? else {
                return Ok(());
            };
            cx.call("wafv2:DeleteWebACL", Effect::Idempotent, || {
                let delete = cx.clients().waf.delete_web_acl();
                delete
                    .name(&out.name)
                    .scope(Scope::Cloudfront)
                    .id(&out.id)
                    .lock_token(&token)
                    .send()
            })
            .await
            .map(drop)
        });
        gone(delete.await)
    }

    fn physical_id(_key: &Key, out: Option<&Output>) -> Option<String> {
        out.map(|o| o.id.clone())
    }
}
