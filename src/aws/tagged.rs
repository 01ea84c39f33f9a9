//! What carries the lab's tag, as the Resource Groups Tagging API shows it: a hint, since it goes on showing deleted
//! resources for a while, and never shows IAM roles.

use aws_sdk_resourcegroupstagging::types::TagFilter;

use super::{Cx, Fault, TAG_LAB, connect::GLOBAL};

/// Where the tagging API is asked: it shows the resources of one region, and global ones (CloudFront's, and WAF's
/// for CloudFront) only in us-east-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The lab's region.
    Region,
    /// us-east-1.
    Global,
}

impl Cx {
    /// The scopes that show everything of a lab: one where the lab's region is us-east-1.
    pub fn scopes(&self) -> &'static [Scope] {
        if self.region() == GLOBAL {
            &[Scope::Region]
        } else {
            &[Scope::Region, Scope::Global]
        }
    }

    /// ARNs of what carries the lab's tag in a scope.
    pub async fn tagged(&self, scope: Scope) -> Result<Vec<String>, Fault> {
        let filter = TagFilter::builder().key(TAG_LAB).values(self.lab()).build();
        let client = match scope {
            Scope::Region => &self.clients().tagging,
            Scope::Global => &self.clients().global_tagging,
        };
        let found = self.pages(
            "tag:GetResources",
            |token| {
                let list = client.get_resources().tag_filters(filter.clone());
                list.resources_per_page(100)
                    .set_pagination_token(token)
                    .send()
            },
            |page| {
                let found = page.resource_tag_mapping_list.unwrap_or_default();
                (found, page.pagination_token)
            },
        );
        let found = found.await?.into_iter();
        Ok(found.filter_map(|mapping| mapping.resource_arn).collect())
    }
}
