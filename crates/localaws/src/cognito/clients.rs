//! Operations on app clients.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    client::{Client, ClientSettings},
    fault,
    paging::{page, with_token},
    place::Place,
};
use crate::{
    app::{App, now_s},
    call::{Answer, Call, answer, empty},
    ids,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateInput {
    user_pool_id: String,
    client_name: String,
    #[serde(default)]
    generate_secret: bool,
    client_secret: Option<String>,
    #[serde(flatten)]
    settings: ClientSettings,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateInput {
    user_pool_id: String,
    client_id: String,
    client_name: Option<String>,
    #[serde(flatten)]
    settings: ClientSettings,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IdInput {
    user_pool_id: String,
    client_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListInput {
    user_pool_id: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

fn described(client: &Client) -> Answer {
    Ok(json!({ "UserPoolClient": answer(client)? }))
}

pub(super) fn create(app: &App, call: &Call) -> Answer {
    let input: CreateInput = call.input()?;
    if input.generate_secret && input.client_secret.is_some() {
        return Err(fault::invalid_parameter(
            "GenerateSecret and ClientSecret cannot be used together.",
        ));
    }
    let place = Place::of_call(call, &input.user_pool_id);
    app.write(|world| {
        let pool = place.get_mut(world)?;
        let settings = input.settings.settle(pool.tier)?;
        settings.check_providers(pool)?;
        let now = now_s();
        let client = Client {
            user_pool_id: input.user_pool_id,
            client_name: input.client_name,
            client_id: ids::lower(26),
            client_secret: input
                .client_secret
                .or(input.generate_secret.then(|| ids::lower(51))),
            creation_date: now,
            last_modified_date: now,
            settings,
        };
        let created = described(&client);
        pool.clients.insert(client.client_id.clone(), client);
        created
    })
}

pub(super) fn describe(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.read(|world| described(place.get(world)?.client(&input.client_id)?))
}

/// A full replacement: what is left out goes back to its default. Id and secret stay.
pub(super) fn update(app: &App, call: &Call) -> Answer {
    let input: UpdateInput = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.write(|world| {
        let pool = place.get_mut(world)?;
        let settings = input.settings.settle(pool.tier)?;
        settings.check_providers(pool)?;
        let client = pool
            .clients
            .get_mut(&input.client_id)
            .ok_or_else(|| fault::client_absent(&input.client_id))?;
        client.settings = settings;
        if let Some(name) = input.client_name {
            client.client_name = name;
        }
        client.last_modified_date = now_s();
        described(client)
    })
}

pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.write(|world| {
        let pool = place.get_mut(world)?;
        if pool.clients.remove(&input.client_id).is_none() {
            return Err(fault::client_absent(&input.client_id));
        }
        pool.sessions
            .retain(|_, session| session.client_id != input.client_id);
        pool.refresh_tokens
            .retain(|_, token| token.client_id != input.client_id);
        empty()
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: ListInput = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.read(|world| {
        let (page, next) = page(
            place.get(world)?.clients.iter(),
            input.max_results.unwrap_or(60),
            input.next_token.as_deref(),
        )?;
        let clients: Vec<Value> = page
            .into_iter()
            .map(|client| {
                json!({
                    "ClientId": client.client_id,
                    "UserPoolId": client.user_pool_id,
                    "ClientName": client.client_name,
                })
            })
            .collect();
        Ok(with_token(
            json!({ "UserPoolClients": clients }),
            "NextToken",
            next,
        ))
    })
}
