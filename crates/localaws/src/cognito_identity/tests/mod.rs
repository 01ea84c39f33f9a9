//! The service as the wire layer drives it, with tokens of the twin's own user pools.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod credentials;
mod pools;
mod web;

use std::{path::PathBuf, sync::Arc};

use serde_json::{Value, json};

use super::handle;
use crate::{
    app::{App, Config},
    call::{Call, Service},
    cognito, iam, sts,
    world::World,
};

const ACCOUNT: &str = "111122223333";
const PASSWORD: &str = "Correct-Horse-1";

struct Twin {
    app: Arc<App>,
}

/// A user pool with a client, and somebody in it.
struct Users {
    pool: String,
    client: String,
}

impl Users {
    fn provider(&self) -> String {
        format!("cognito-idp.us-east-1.amazonaws.com/{}", self.pool)
    }
}

impl Twin {
    fn new() -> Self {
        let config = Config::at(PathBuf::new());
        Self {
            app: Arc::new(App::new(config, World::default())),
        }
    }

    async fn any(&self, service: Service, operation: &str, input: Value) -> Result<Value, String> {
        let call = Call {
            service,
            operation: operation.to_owned(),
            input,
            account: ACCOUNT.to_owned(),
            caller: None,
            region: "us-east-1".to_owned(),
            request_id: String::new(),
        };
        let answer = match service {
            Service::Iam => iam::handle(&self.app, &call).await,
            Service::Cognito => cognito::handle(&self.app, &call).await,
            Service::Sts => sts::handle(&self.app, &call).await,
            _ => handle(&self.app, &call).await,
        };
        answer.map_err(|e| format!("{} {}: {}", e.status, e.code, e.message))
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        self.any(Service::CognitoIdentity, operation, input)
            .await
            .unwrap()
    }

    async fn refused(&self, operation: &str, input: Value) -> String {
        self.any(Service::CognitoIdentity, operation, input)
            .await
            .unwrap_err()
    }

    async fn cognito(&self, operation: &str, input: Value) -> Value {
        self.any(Service::Cognito, operation, input).await.unwrap()
    }

    async fn users(&self) -> Users {
        let pool = self
            .cognito("CreateUserPool", json!({"PoolName": "p"}))
            .await;
        let pool = text(&pool["UserPool"]["Id"]);
        let client = json!({"UserPoolId": pool, "ClientName": "c",
            "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]});
        let client = self.cognito("CreateUserPoolClient", client).await;
        let users = Users {
            client: text(&client["UserPoolClient"]["ClientId"]),
            pool,
        };
        self.user(&users, "ada").await;
        users
    }

    async fn user(&self, users: &Users, name: &str) {
        let who = json!({"UserPoolId": users.pool, "Username": name});
        self.cognito("AdminCreateUser", who).await;
        let set = json!({"UserPoolId": users.pool, "Username": name, "Password": PASSWORD, "Permanent": true});
        self.cognito("AdminSetUserPassword", set).await;
    }

    /// `AuthenticationResult`
    async fn sign_in(&self, users: &Users, name: &str) -> Value {
        let input = json!({"ClientId": users.client, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": name, "PASSWORD": PASSWORD}});
        self.cognito("InitiateAuth", input).await["AuthenticationResult"].clone()
    }

    async fn identity_pool(&self, users: &Users, changes: Value) -> String {
        let mut input = json!({"IdentityPoolName": "i", "AllowUnauthenticatedIdentities": false,
            "CognitoIdentityProviders": [{"ProviderName": users.provider(), "ClientId": users.client}]});
        input
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        text(&self.ok("CreateIdentityPool", input).await["IdentityPoolId"])
    }

    /// A role with this trust policy: its ARN.
    async fn role(&self, name: &str, statement: Value) -> String {
        let trust = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let input = json!({"RoleName": name, "AssumeRolePolicyDocument": trust});
        let role = self.any(Service::Iam, "CreateRole", input).await.unwrap();
        text(&role["Role"]["Arn"])
    }
}

/// What AWS's console writes for an identity pool.
fn trust(pool: &str, kind: &str) -> Value {
    json!({
        "Effect": "Allow",
        "Principal": {"Federated": "cognito-identity.amazonaws.com"},
        "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
        "Condition": {
            "StringEquals": {"cognito-identity.amazonaws.com:aud": pool},
            "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": kind},
        },
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
