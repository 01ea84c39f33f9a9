//! `CloudFront`.

mod distribution;
mod edge_deployment;

pub use distribution::Distribution;
pub use edge_deployment::EdgeDeployment;
