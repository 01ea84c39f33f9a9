//! Stages of API Gateway behind a web ACL.

use hyper::body::Bytes;

use super::*;
use crate::apigateway;

impl Twin {
    async fn gateway(&self, operation: &str, input: Value) -> Value {
        let call = call(Service::ApiGateway, "us-east-1", operation, input);
        apigateway::handle(&self.app, &call).await.unwrap()
    }

    /// An API with a stage `dev` that answers GET with 200: its id.
    async fn api(&self) -> String {
        let api = self.gateway("CreateRestApi", json!({"name": "a"})).await;
        let place = json!({"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"});
        let templates = json!({"application/json": "{\"statusCode\": 200}"});
        for (operation, more) in [
            ("PutMethod", json!({"authorizationType": "NONE"})),
            (
                "PutIntegration",
                json!({"type": "MOCK", "requestTemplates": templates}),
            ),
            ("PutMethodResponse", json!({"statusCode": "200"})),
            ("PutIntegrationResponse", json!({"statusCode": "200"})),
        ] {
            self.gateway(operation, with(place.clone(), more)).await;
        }
        let stage = json!({"restApiId": api["id"], "stageName": "dev"});
        self.gateway("CreateDeployment", stage).await;
        api["id"].as_str().unwrap().to_owned()
    }

    /// Status and body.
    async fn get(&self, api: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let mut request = hyper::Request::builder().uri(format!("/_api/{api}/dev/"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::new()).unwrap();
        let response = apigateway::data_plane(&self.app, &request).await.unwrap();
        let body = String::from_utf8_lossy(response.body()).into_owned();
        (response.status().as_u16(), body)
    }
}

#[tokio::test]
async fn only_who_has_the_secret_header_gets_in() {
    let twin = Twin::new();
    let api = twin.api().await;
    let stage = format!("arn:aws:apigateway:us-east-1::/restapis/{api}/stages/dev");
    let block = json!({"DefaultAction": {"Block": {}}});
    let rules = json!([rule("secret", 0, "Allow", &secret())]);
    let input = with(acl("origin", "REGIONAL", rules), block);
    let made = twin.ok("CreateWebACL", input)["Summary"].clone();
    let both = json!({"WebACLArn": made["ARN"], "ResourceArn": stage});
    let of = json!({ "ResourceArn": stage });

    assert_eq!(twin.ok("GetWebACLForResource", of.clone()), json!({}));
    assert_eq!(twin.get(&api, &[]).await.0, 200);
    assert_eq!(twin.ok("AssociateWebACL", both.clone()), json!({}));
    let blocked = twin.get(&api, &[("x-origin-verify", "Secret")]).await;
    assert_eq!(blocked, (403, r#"{"message":"Forbidden"}"#.to_owned()));
    assert_eq!(
        twin.get(&api, &[("x-origin-verify", "secret")]).await.0,
        200
    );
    assert_eq!(
        twin.ok("GetWebACLForResource", of.clone())["WebACL"]["Id"],
        made["Id"]
    );
    let shown = json!({"restApiId": api, "stageName": "dev"});
    assert_eq!(
        twin.gateway("GetStage", shown.clone()).await["webAclArn"],
        made["ARN"]
    );

    let used = twin.refused("DeleteWebACL", one(&made, "REGIONAL"));
    assert!(
        used.starts_with("400 WAFAssociatedItemException: "),
        "{used}"
    );
    twin.ok("DisassociateWebACL", of.clone());
    assert_eq!(twin.get(&api, &[]).await.0, 200);
    twin.ok("AssociateWebACL", both.clone());
    // The association goes with the stage.
    twin.gateway("DeleteStage", shown).await;
    let gone = twin.refused("AssociateWebACL", both);
    assert!(
        gone.starts_with("400 WAFNonexistentItemException"),
        "{gone}"
    );
    let gone = twin.refused("GetWebACLForResource", of);
    assert!(
        gone.starts_with("400 WAFNonexistentItemException"),
        "{gone}"
    );
    twin.ok("DeleteWebACL", one(&made, "REGIONAL"));

    let global = twin.made("edge", "CLOUDFRONT", json!([]))["ARN"].clone();
    for (acl, resource, wanted) in [
        (&global, stage.as_str(), "field: RESOURCE_ARN"),
        (
            &made["ARN"],
            "arn:aws:cloudfront::1:distribution/E",
            "field: RESOURCE_ARN",
        ),
        (
            &made["ARN"],
            "arn:aws:elasticloadbalancing:us-east-1:1:x",
            "501 NotImplementedException",
        ),
    ] {
        let refused = twin.refused(
            "AssociateWebACL",
            json!({"WebACLArn": acl, "ResourceArn": resource}),
        );
        assert!(refused.contains(wanted), "{resource}: {refused}");
    }
}
