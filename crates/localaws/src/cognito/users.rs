//! Operations of an administrator on users.

use serde::{Deserialize, Serialize};

use super::{
    fault,
    password::Password,
    place::Place,
    pool::Pool,
    schema::{self, NameValue},
    user::{Status, User},
};
use crate::{
    app::{App, now_ms, now_s},
    call::{Answer, ApiError, Call, answer, empty},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UserInput {
    user_pool_id: String,
    username: String,
    #[serde(default)]
    user_attributes: Vec<NameValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PasswordInput {
    user_pool_id: String,
    username: String,
    password: String,
    #[serde(default)]
    permanent: bool,
}

/// `UserType` of the model, and with the attributes under another name `AdminGetUserResponse`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Description {
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<Vec<NameValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_attributes: Option<Vec<NameValue>>,
    user_create_date: f64,
    user_last_modified_date: f64,
    enabled: bool,
    user_status: &'static str,
    #[serde(rename = "UserMFASettingList", skip_serializing_if = "Vec::is_empty")]
    user_mfa_setting_list: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_mfa_setting: Option<&'static str>,
}

impl Description {
    fn new(user: &User) -> Self {
        Self {
            username: user.username.clone(),
            attributes: None,
            user_attributes: None,
            user_create_date: user.created,
            user_last_modified_date: user.modified,
            enabled: !user.disabled,
            user_status: user.status.name(),
            user_mfa_setting_list: Vec::new(),
            preferred_mfa_setting: None,
        }
    }

    pub(super) fn with_attributes(user: &User, wanted: impl Fn(&str) -> bool) -> Self {
        let mut attributes = NameValue::list(&user.attributes);
        attributes.retain(|attribute| wanted(&attribute.name));
        Self {
            attributes: Some(attributes),
            ..Self::new(user)
        }
    }
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let input: UserInput = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.read(|world| {
        let user = place.get(world)?.user(&input.username)?;
        answer(Description {
            user_attributes: Some(NameValue::list(&user.attributes)),
            user_mfa_setting_list: user.mfa_settings(),
            preferred_mfa_setting: user.preferred_mfa(),
            ..Description::new(user)
        })
    })
}

pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: UserInput = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.write(|world| {
        let pool = place.get_mut(world)?;
        let username = pool.user(&input.username)?.username.clone();
        pool.users.remove(&username);
        pool.refresh_tokens
            .retain(|_, token| token.username != username);
        pool.sessions
            .retain(|_, session| session.username.as_ref() != Some(&username));
        empty()
    })
}

pub(super) fn update_attributes(app: &App, call: &Call) -> Answer {
    let input: UserInput = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.write(|world| {
        let pool = place.get_mut(world)?;
        let mut user = pool.user(&input.username)?.clone();
        schema::check(&pool.schema, &user.attributes, &input.user_attributes)?;
        user.set(&input.user_attributes);
        user.modified = now_s();
        if let Some((_, name)) = pool.alias_holder(&user.username, &user.attributes) {
            return Err(alias_exists(&name));
        }
        pool.users.insert(user.username.clone(), user);
        empty()
    })
}

/// A disabled user keeps attributes and password, and cannot sign in; the tokens are revoked (model:
/// "Deactivates a user profile and revokes all access tokens").
pub(super) fn switch(app: &App, call: &Call, disabled: bool) -> Answer {
    let input: UserInput = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.write(|world| {
        let pool = place.get_mut(world)?;
        let user = pool.user_mut(&input.username)?;
        user.disabled = disabled;
        user.modified = now_s();
        let username = user.username.clone();
        if disabled {
            pool.sign_out(&username)?;
        }
        empty()
    })
}

pub(super) fn set_password(app: &App, call: &Call) -> Answer {
    let input: PasswordInput = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.write(|world| {
        let pool = place.get_mut(world)?;
        let mut user = pool.user(&input.username)?.clone();
        pool.settings
            .policies
            .password_policy
            .check(&input.password)?;
        if input.permanent {
            user.password = Some(Password::new(
                &pool.id,
                &user.username,
                &input.password,
                None,
            ));
            user.status = Status::Confirmed;
        } else {
            set_temporary(pool, &mut user, &input.password);
        }
        user.modified = now_s();
        pool.users.insert(user.username.clone(), user);
        empty()
    })
}

/// Gives a password that has to be changed at the first sign-in.
pub(super) fn set_temporary(pool: &Pool, user: &mut User, plain: &str) {
    let days = pool
        .settings
        .policies
        .password_policy
        .temporary_password_validity_days;
    let until = now_ms() + days.unwrap_or(7) * 86_400_000;
    user.password = Some(Password::new(&pool.id, &user.username, plain, Some(until)));
    user.status = Status::ForceChangePassword;
}

pub(super) fn alias_exists(name: &str) -> ApiError {
    fault::fault(
        "AliasExistsException",
        format!("An account with the given {name} already exists."),
    )
}
