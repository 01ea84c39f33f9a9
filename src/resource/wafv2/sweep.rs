//! Web ACLs of CloudFront: by name in a list of all, by tag. They are in us-east-1, wherever the lab is.

use std::collections::BTreeSet;

use aws_sdk_wafv2::types::{Scope as Place, WebAclSummary};

use crate::{
    aws::{Effect, Fault, Scope},
    event::By,
    kind::Kind,
    sweep::{Question, Shell, Sweep, Thing, joined},
};

pub(super) const WEB_ACL: Question = Question {
    scope: Scope::Global,
    named_by_aws: false,
    made_by: None,
    // Its name: those for CloudFront only.
    id: |arn| {
        let id = arn.after("wafv2", "global/webacl/")?;
        id.split_once('/').map(|(name, _)| name.to_owned())
    },
    actions: &["wafv2:ListTagsForResource", "wafv2:ListWebACLs"],
    ask: |sweep| Box::pin(web_acls(sweep)),
};

async fn web_acls(sweep: &Sweep<'_>) {
    let mut names: BTreeSet<&str> = sweep.names(Kind::WebAcl);
    names.extend(sweep.tagged(Kind::WebAcl).map(String::as_str));
    if names.is_empty() {
        return;
    }
    let all = all_web_acls(sweep).await;
    let named = |acl: &WebAclSummary| acl.name().is_some_and(|name| names.contains(name));
    let same = all.map(|all| all.into_iter().filter(named).collect());
    let filter = format!("Scope=CLOUDFRONT, Name={}", joined(&names));
    for acl in sweep.list(By::Name, "wafv2:ListWebACLs", &filter, same) {
        if let (Some(name), Some(id), Some(arn)) = (acl.name(), acl.id(), acl.arn()) {
            web_acl_is_there(sweep, name, id, arn).await;
        }
    }
}

async fn web_acl_is_there(sweep: &Sweep<'_>, name: &str, id: &str, arn: &str) {
    let operation = "wafv2:ListTagsForResource";
    let tags = sweep
        .cx
        .call(operation, Effect::Read, || {
            let list = sweep.cx.clients().waf.list_tags_for_resource();
            list.resource_arn(arn).send()
        })
        .await;
    let tags = tags.map(|answer| {
        let info = answer.tag_info_for_resource;
        info.and_then(|info| info.tag_list).unwrap_or_default()
    });
    let filter = format!("ResourceARN={arn}");
    let tags = sweep.list(By::Id, operation, &filter, tags);
    let shell = Shell {
        region: "us-east-1".to_owned(),
        ..sweep.target.shell.clone()
    };
    let me = [("--name", name), ("--scope", "CLOUDFRONT"), ("--id", id)];
    let token = [&me[..], &[("--query", "LockToken"), ("--output", "text")]].concat();
    let token = shell.aws("wafv2", "get-web-acl", &token);
    let delete = shell.aws("wafv2", "delete-web-acl", &me);
    sweep.there(Thing {
        kind: Kind::WebAcl,
        name,
        physical_id: id,
        tagged: sweep.cx.owns(tags),
        known: sweep.known_as(Kind::WebAcl, name),
        more: String::new(),
        command: format!("{delete} --lock-token \"$({token})\""),
    });
}

async fn all_web_acls(sweep: &Sweep<'_>) -> Result<Vec<WebAclSummary>, Fault> {
    let list = sweep.cx.pages(
        "wafv2:ListWebACLs",
        |marker| {
            let list = sweep.cx.clients().waf.list_web_acls();
            let list = list.scope(Place::Cloudfront).limit(100);
            list.set_next_marker(marker).send()
        },
        |page| (page.web_acls.unwrap_or_default(), page.next_marker),
    );
    list.await
}
