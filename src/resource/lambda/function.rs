//! The Lambda function.

use std::{collections::BTreeMap, collections::HashMap, time::Duration};

use aws_sdk_lambda::{
    operation::get_function::GetFunctionOutput,
    primitives::Blob,
    types::{Architecture, Environment, FunctionCode, LastUpdateStatus, Runtime, State},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    aws::{Cx, Effect, Fault, FaultKind, stranger},
    engine::{At, Compare, Drift, Found, Given, Health, Ref, Resource, Stranger},
    lab,
    resource::{Kind, LogGroup, Role, form, gone, present},
    sweep::Swept,
};

/// How long Lambda may take to make a function Active.
const ACTIVE_LIMIT: Duration = Duration::from_mins(5);

/// A Lambda function with its code.
#[derive(Debug, Clone)]
pub struct Function {
    /// What the lab says of it.
    pub spec: lab::Function,
    /// The packed code.
    pub zip: Vec<u8>,
}

/// The function's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::id")]
    pub name: String,
}

/// What AWS made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::id")]
    pub name: String,
    #[serde(deserialize_with = "form::arn")]
    pub arn: String,
}

const CODE: &str = "CodeSha256";

impl Function {
    fn code_sha256(&self) -> String {
        STANDARD.encode(Sha256::digest(&self.zip))
    }

    fn environment(&self) -> Environment {
        let variables: HashMap<_, _> = self.spec.environment.clone().into_iter().collect();
        Environment::builder()
            .set_variables(Some(variables))
            .build()
    }

    async fn wait_until_active(cx: &Cx, name: &str) -> Result<(), Fault> {
        cx.until(
            &format!("Lambda to make {name} active"),
            ACTIVE_LIMIT,
            || async {
                let operation = "lambda:GetFunctionConfiguration";
                let now = cx
                    .call(operation, Effect::Read, || {
                        cx.clients()
                            .lambda
                            .get_function_configuration()
                            .function_name(name)
                            .send()
                    })
                    .await?;
                match now.state() {
                    Some(State::Failed) => Err(Fault::new(
                        FaultKind::Other,
                        operation,
                        format!(
                            "the function failed: {}",
                            now.state_reason().unwrap_or("no reason given")
                        ),
                    )),
                    state => Ok(is_active(state)
                        && now.last_update_status() != Some(&LastUpdateStatus::InProgress)),
                }
            },
        )
        .await
    }
}

/// A function without a state is active: older ones and some emulators have none.
fn is_active(state: Option<&State>) -> bool {
    matches!(state, None | Some(State::Active | State::Inactive))
}

async fn get(cx: &Cx, name: &str) -> Result<Option<GetFunctionOutput>, Fault> {
    let answer = cx
        .call("lambda:GetFunction", Effect::Read, || {
            cx.clients()
                .lambda
                .get_function()
                .function_name(name)
                .send()
        })
        .await;
    present(answer)
}

fn foreign(cx: &Cx, name: &str, seen: &GetFunctionOutput) -> Stranger {
    let now = seen.configuration();
    let changed = now
        .and_then(|c| c.last_modified())
        .unwrap_or("at an unknown time");
    let described = now.and_then(|c| c.description()).filter(|d| !d.is_empty());
    let described = described
        .map(|d| format!(", described as \"{d}\""))
        .unwrap_or_default();
    let what = format!(
        "{} (last changed {changed}{described})",
        cx.function_arn(name)
    );
    stranger(&what, seen.tags())
}

impl Resource for Function {
    const KIND: Kind = Kind::Function;
    const SWEPT: Swept = Swept::Asked(&super::sweep::FUNCTION);
    const ACTIONS: &'static [&'static str] = &[
        "iam:PassRole",
        "lambda:CreateFunction",
        "lambda:DeleteFunction",
        "lambda:GetFunction",
        "lambda:GetFunctionConfiguration",
        "lambda:TagResource",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
    ];
    const BY_NAME: bool = true;
    const ADOPTABLE: bool = true;
    const TAGGED: bool = true;
    type Needs = (Ref<Role>, Ref<LogGroup>);
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.spec.name.clone()
    }

    fn key(&self, _cx: &Cx, _given: Option<&Given<Self>>) -> Option<Key> {
        Some(Key {
            name: self.spec.name.clone(),
        })
    }

    fn derived(cx: &Cx, key: &Key) -> Option<Output> {
        Some(Output {
            name: key.name.clone(),
            arn: cx.function_arn(&key.name),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, (role, _): &Given<Self>) -> Result<Output, Fault> {
        let operation = "lambda:CreateFunction";
        let code = FunctionCode::builder()
            .zip_file(Blob::new(self.zip.clone()))
            .build();
        let answer = cx
            .call(operation, Effect::Create, || {
                cx.clients()
                    .lambda
                    .create_function()
                    .function_name(&key.name)
                    .runtime(Runtime::from(self.spec.runtime.as_str()))
                    .architectures(Architecture::from(self.spec.architecture.as_str()))
                    .handler(&self.spec.handler)
                    .memory_size(self.spec.memory_mb)
                    .timeout(self.spec.timeout_s)
                    .environment(self.environment())
                    .role(&role.arn)
                    .code(code.clone())
                    .set_tags(Some(cx.tag_map()))
                    .send()
            })
            .await?;
        let arn = answer
            .function_arn()
            .ok_or_else(|| Fault::missing(operation, "FunctionArn"))?
            .to_owned();
        if !is_active(answer.state()) {
            Self::wait_until_active(cx, &key.name).await?;
        }
        Ok(Output {
            name: key.name.clone(),
            arn,
        })
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At {
            cx,
            key,
            given: (role, _),
            ..
        } = at;
        let Some(seen) = get(cx, &key.name).await? else {
            return Ok(Health::Missing);
        };
        if !cx.owns(seen.tags()) {
            return Ok(Health::Foreign(foreign(cx, &key.name, &seen)));
        }
        let Some(now) = seen.configuration() else {
            return Ok(Health::Missing);
        };
        let mut compare = Compare::default();
        compare.field(
            "Runtime",
            &Some(self.spec.runtime.as_str()),
            &now.runtime().map(Runtime::as_str),
        );
        compare.field("Handler", &Some(self.spec.handler.as_str()), &now.handler());
        compare.field("Role", &Some(role.arn.as_str()), &now.role());
        compare.field("MemorySize", &Some(self.spec.memory_mb), &now.memory_size());
        compare.field("Timeout", &Some(self.spec.timeout_s), &now.timeout());
        let variables: BTreeMap<String, String> = now
            .environment()
            .and_then(|e| e.variables())
            .map(|v| v.clone().into_iter().collect())
            .unwrap_or_default();
        // Values may be secrets: only names are shown.
        if variables != self.spec.environment {
            let names = |m: &BTreeMap<String, String>| m.keys().cloned().collect::<Vec<_>>();
            let (wanted, seen) = (names(&self.spec.environment), names(&variables));
            if wanted == seen {
                compare.field("Environment", "the values of lab.yaml", "other values");
            } else {
                compare.field("Environment", &wanted, &seen);
            }
        }
        let architecture = now.architectures().first().map(Architecture::as_str);
        if architecture.is_some() {
            compare.field(
                "Architectures",
                &Some(self.spec.architecture.as_str()),
                &architecture,
            );
        }
        compare.field(CODE, &Some(self.code_sha256().as_str()), &now.code_sha256());
        Ok(compare.health())
    }

    async fn update(&self, at: At<'_, Self>, drift: &[Drift]) -> Result<Output, Fault> {
        let At {
            cx,
            key,
            out,
            given: (role, _),
        } = at;
        let lambda = &cx.clients().lambda;
        // What is not given stays as it is.
        let differs = |field: &str| drift.iter().any(|d| d.field == field);
        let is_code = |field: &str| field == CODE || field == "Architectures";
        if drift.iter().any(|d| is_code(&d.field)) {
            cx.call("lambda:UpdateFunctionCode", Effect::Idempotent, || {
                lambda
                    .update_function_code()
                    .function_name(&key.name)
                    .architectures(Architecture::from(self.spec.architecture.as_str()))
                    .zip_file(Blob::new(self.zip.clone()))
                    .send()
            })
            .await?;
            Self::wait_until_active(cx, &key.name).await?;
        }
        if drift.iter().any(|d| !is_code(&d.field)) {
            cx.call(
                "lambda:UpdateFunctionConfiguration",
                Effect::Idempotent,
                || {
                    lambda
                        .update_function_configuration()
                        .function_name(&key.name)
                        .set_runtime(
                            differs("Runtime").then(|| Runtime::from(self.spec.runtime.as_str())),
                        )
                        .set_handler(differs("Handler").then(|| self.spec.handler.clone()))
                        .set_role(differs("Role").then(|| role.arn.clone()))
                        .set_memory_size(differs("MemorySize").then_some(self.spec.memory_mb))
                        .set_timeout(differs("Timeout").then_some(self.spec.timeout_s))
                        .set_environment(differs("Environment").then(|| self.environment()))
                        .send()
                },
            )
            .await?;
            Self::wait_until_active(cx, &key.name).await?;
        }
        Ok(out.clone())
    }

    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        Ok(match get(cx, &key.name).await? {
            None => Found::Absent,
            Some(seen) if cx.owns(seen.tags()) => Found::Ours(Output {
                name: key.name.clone(),
                arn: cx.function_arn(&key.name),
            }),
            Some(seen) => Found::Foreign(foreign(cx, &key.name, &seen)),
        })
    }

    async fn ready(cx: &Cx, key: &Key) -> Result<(), Fault> {
        Self::wait_until_active(cx, &key.name).await
    }

    async fn tag(cx: &Cx, key: &Key, _out: &Output) -> Result<bool, Fault> {
        Self::claim(cx, key).await.map(|()| true)
    }

    async fn claim(cx: &Cx, key: &Key) -> Result<(), Fault> {
        let arn = cx.function_arn(&key.name);
        cx.call("lambda:TagResource", Effect::Idempotent, || {
            cx.clients()
                .lambda
                .tag_resource()
                .resource(&arn)
                .set_tags(Some(cx.tag_map()))
                .send()
        })
        .await
        .map(drop)
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        gone(
            cx.call("lambda:DeleteFunction", Effect::Idempotent, || {
                cx.clients()
                    .lambda
                    .delete_function()
                    .function_name(&key.name)
                    .send()
            })
            .await,
        )
    }

    fn physical_id(key: &Key, out: Option<&Output>) -> Option<String> {
        Some(out.map_or_else(|| key.name.clone(), |o| o.arn.clone()))
    }
}
