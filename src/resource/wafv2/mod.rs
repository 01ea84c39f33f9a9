//! WAF.

mod sweep;
mod web_acl;

pub use web_acl::WebAcl;
