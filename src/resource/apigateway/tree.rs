//! What lives in an API: one read shows all its resources and methods.

use std::sync::Arc;

use aws_sdk_apigateway::types::Resource;

use crate::aws::{Cx, Fault};

const OPERATION: &str = "apigateway:GetResources";

/// The resources of an API with their methods, read once a run.
pub(super) async fn read(cx: &Cx, api_id: &str) -> Result<Arc<Vec<Resource>>, Fault> {
    let read = cx.pages(
        OPERATION,
        |position| {
            let get = cx.clients().apigateway.get_resources();
            get.rest_api_id(api_id)
                .embed("methods")
                .limit(500)
                .set_position(position)
                .send()
        },
        |page| (page.items.unwrap_or_default(), page.position),
    );
    cx.once(OPERATION, api_id, read).await
}

/// Something in the API changes.
pub(super) fn forget(cx: &Cx, api_id: &str) {
    cx.forget(OPERATION, api_id);
}
