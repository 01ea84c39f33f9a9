//! `CloudFront`.

mod distribution;
mod edge_deployment;
mod sweep;

pub use distribution::Distribution;
pub use edge_deployment::EdgeDeployment;
