//! Web ACLs of CloudFront: by name in a list of all, by tag. They are in us-east-1, wherever the lab is.

use std::collections::BTreeSet;

use aws_sdk_wafv2::types::{Scope, WebAclSummary};

use super::{Known, Shell, Sweep, Thing, pool::unique, tag::Hits};
use crate::{
    aws::{Effect, Fault},
    event::By,
    resource::Kind,
};

impl Sweep<'_> {
    pub(super) async fn web_acls(&self, hits: &Hits) {
        let known: Vec<&Known> = self.known(Kind::WebAcl).collect();
        let mut names: BTreeSet<&str> = known.iter().map(|k| k.name.as_str()).collect();
        names.extend(hits.web_acls.iter().map(String::as_str));
        if names.is_empty() {
            return;
        }
        let all = self.all_web_acls().await;
        let named = |acl: &WebAclSummary| acl.name().is_some_and(|name| names.contains(name));
        let same = all.map(|all| all.into_iter().filter(named).collect());
        let list: Vec<&str> = names.iter().copied().collect();
        let filter = format!("Scope=CLOUDFRONT, Name={}", unique(&list));
        for acl in self.list(By::Name, "wafv2:ListWebACLs", &filter, same) {
            if let (Some(name), Some(id), Some(arn)) = (acl.name(), acl.id(), acl.arn()) {
                self.web_acl_is_there(name, id, arn).await;
            }
        }
    }

    async fn web_acl_is_there(&self, name: &str, id: &str, arn: &str) {
        let operation = "wafv2:ListTagsForResource";
        let tags = self
            .cx
            .call(operation, Effect::Read, || {
                let list = self.cx.clients().waf.list_tags_for_resource();
                list.resource_arn(arn).send()
            })
            .await;
        let tags = tags.map(|answer| {
            let info = answer.tag_info_for_resource;
            info.and_then(|info| info.tag_list).unwrap_or_default()
        });
        let filter = format!("ResourceARN={arn}");
        let tags = self.list(By::Id, operation, &filter, tags);
        let shell = Shell {
            region: "us-east-1".to_owned(),
            ..self.target.shell.clone()
        };
        let me = [("--name", name), ("--scope", "CLOUDFRONT"), ("--id", id)];
        let token = [&me[..], &[("--query", "LockToken"), ("--output", "text")]].concat();
        let token = shell.aws("wafv2", "get-web-acl", &token);
        let delete = shell.aws("wafv2", "delete-web-acl", &me);
        self.there(Thing {
            kind: Kind::WebAcl,
            name,
            physical_id: id,
            tagged: self.cx.owns(tags),
            known: self.known_as(Kind::WebAcl, name),
            more: String::new(),
            command: format!("{delete} --lock-token \"$({token})\""),
        });
    }

    async fn all_web_acls(&self) -> Result<Vec<WebAclSummary>, Fault> {
        let list = self.cx.pages(
            "wafv2:ListWebACLs",
            |marker| {
                let list = self.cx.clients().waf.list_web_acls();
                let list = list.scope(Scope::Cloudfront).limit(100);
                list.set_next_marker(marker).send()
            },
            |page| (page.web_acls.unwrap_or_default(), page.next_marker),
        );
        list.await
    }
}
