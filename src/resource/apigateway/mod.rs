//! API Gateway: REST APIs, keys and usage plans.

pub(super) mod api_key;
mod authorizer;
mod content;
mod deployment;
mod gateway_response;
mod inside;
mod integration;
mod integration_response;
mod method;
mod method_response;
mod mock_integration;
mod path;
mod rest_api;
mod stage;
mod sweep;
mod tree;
mod usage_plan;
mod usage_plan_key;

pub use api_key::ApiKey;
pub use authorizer::Authorizer;
pub use content::Content;
pub use deployment::{Deployment, Snapshot};
pub use gateway_response::GatewayResponse;
pub use inside::of_api;
pub use integration::Integration;
pub use integration_response::IntegrationResponse;
pub use method::Method;
pub use method_response::MethodResponse;
pub use mock_integration::MockIntegration;
pub use path::Path;
pub use rest_api::RestApi;
pub use stage::Stage;
pub use usage_plan::UsagePlan;
pub use usage_plan_key::UsagePlanKey;
