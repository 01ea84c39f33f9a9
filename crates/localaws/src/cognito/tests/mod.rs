//! The service driven through `handle`, as the wire layer drives it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod choice;
mod clients;
mod logins;
mod passwords;
mod pools;
mod second_factor;
mod sign_in;
mod sign_up;
mod tokens;
mod users;

use std::{path::PathBuf, sync::Arc};

use serde_json::{Value, json};

use super::{handle, inbox::Mail, place::Place};
use crate::{
    app::{App, Config},
    call::{Answer, Call, Service},
    world::World,
};

const EMAIL: &str = "student@example.com";

struct Twin {
    app: Arc<App>,
}

/// A pool with a client for choice-based sign-in, as the lab has it.
struct Lab {
    pool: String,
    client: String,
}

impl Twin {
    fn new() -> Self {
        Self::with(World::default())
    }

    fn with(world: World) -> Self {
        let config = Config::at(PathBuf::new());
        Self {
            app: Arc::new(App::new(config, world)),
        }
    }

    async fn answer(&self, operation: &str, input: Value) -> Answer {
        let call = Call {
            service: Service::Cognito,
            operation: operation.to_owned(),
            input,
            account: "111122223333".to_owned(),
            caller: None,
            region: "us-east-1".to_owned(),
            request_id: String::new(),
        };
        handle(&self.app, &call).await
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        self.answer(operation, input)
            .await
            .unwrap_or_else(|e| panic!("{operation}: {e:?}"))
    }

    /// The error's code and message.
    async fn refused(&self, operation: &str, input: Value) -> (String, String) {
        let error = self.answer(operation, input).await.expect_err(operation);
        (error.code, error.message)
    }

    /// A pool like the lab's, with `changes` to its settings.
    async fn pool(&self, changes: Value) -> String {
        let mut input = json!({
            "PoolName": "demo",
            "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}},
            "UsernameAttributes": ["email"],
            "UsernameConfiguration": {"CaseSensitive": false},
            "UserPoolTags": {"labctl:lab": "demo"},
        });
        merge(&mut input, changes);
        let created = self.ok("CreateUserPool", input).await;
        text(&created["UserPool"]["Id"])
    }

    async fn client(&self, pool: &str, changes: Value) -> String {
        let mut input = json!({
            "UserPoolId": pool,
            "ClientName": "spa",
            "ExplicitAuthFlows": ["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            "PreventUserExistenceErrors": "ENABLED",
        });
        merge(&mut input, changes);
        let created = self.ok("CreateUserPoolClient", input).await;
        text(&created["UserPoolClient"]["ClientId"])
    }

    async fn lab(&self) -> Lab {
        let pool = self.pool(json!({})).await;
        let client = self.client(&pool, json!({})).await;
        self.user(&pool, json!({})).await;
        Lab { pool, client }
    }

    /// The lab's user, without a password.
    async fn user(&self, pool: &str, changes: Value) -> Value {
        let mut input = json!({
            "UserPoolId": pool,
            "Username": EMAIL,
            "UserAttributes": [
                {"Name": "email", "Value": EMAIL},
                {"Name": "email_verified", "Value": "true"},
            ],
            "MessageAction": "SUPPRESS",
        });
        merge(&mut input, changes);
        self.ok("AdminCreateUser", input).await["User"].clone()
    }

    fn mails(&self) -> Vec<Mail> {
        self.app.read(|world| world.inbox.clone())
    }

    fn last_code(&self) -> String {
        self.mails()
            .pop()
            .and_then(|mail| mail.code)
            .expect("a mail with a code")
    }

    async fn begin(&self, client: &str, parameters: Value) -> Value {
        let input = json!({
            "ClientId": client, "AuthFlow": "USER_AUTH", "AuthParameters": parameters,
        });
        self.ok("InitiateAuth", input).await
    }

    /// Signs in with a code; gives `AuthenticationResult`.
    async fn sign_in(&self, client: &str) -> Value {
        let asked = json!({"USERNAME": EMAIL, "PREFERRED_CHALLENGE": "EMAIL_OTP"});
        let challenge = self.begin(client, asked).await;
        let input = with_code(client, &challenge, &self.last_code());
        self.ok("RespondToAuthChallenge", input).await["AuthenticationResult"].clone()
    }

    fn place(&self, pool: &str) -> Place {
        self.app
            .read(|world| Place::of_pool(world, pool))
            .expect("the pool is there")
    }
}

fn with_code(client: &str, challenge: &Value, code: &str) -> Value {
    json!({
        "ClientId": client,
        "ChallengeName": "EMAIL_OTP",
        "Session": challenge["Session"],
        "ChallengeResponses": {"USERNAME": EMAIL, "EMAIL_OTP_CODE": code},
    })
}

fn merge(input: &mut Value, changes: Value) {
    let Value::Object(changes) = changes else {
        panic!("changes are an object")
    };
    input
        .as_object_mut()
        .expect("an input is an object")
        .extend(changes);
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a string: {value}"))
        .to_owned()
}

fn attribute(user: &Value, name: &str) -> Option<String> {
    let attributes = user
        .get("Attributes")
        .or_else(|| user.get("UserAttributes"))?
        .as_array()?;
    attributes
        .iter()
        .find(|a| a["Name"] == name)
        .map(|a| text(&a["Value"]))
}
