//! `AdminCreateUser`: names, passwords and invitations of new users.

use serde::Deserialize;
use serde_json::json;

use super::{
    fault,
    inbox::Mail,
    place::Place,
    pool::{Factor, Pool},
    schema::{self, NameValue},
    user::{Status, User},
    users::{Description, alias_exists, set_temporary},
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer},
    ids,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateInput {
    user_pool_id: String,
    username: String,
    #[serde(default)]
    user_attributes: Vec<NameValue>,
    temporary_password: Option<String>,
    #[serde(default)]
    force_alias_creation: bool,
    message_action: Option<MessageAction>,
    #[serde(default)]
    desired_delivery_mediums: Vec<Medium>,
}

#[derive(Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "UPPERCASE")]
enum MessageAction {
    Resend,
    Suppress,
}

#[derive(Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "UPPERCASE")]
enum Medium {
    Sms,
    Email,
}

pub(super) fn create(app: &App, call: &Call) -> Answer {
    let input: CreateInput = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.write(|world| {
        let pool = place.get_mut(world)?;
        let (user, password) = if input.message_action == Some(MessageAction::Resend) {
            renew(pool, &input)?
        } else {
            add(pool, &input)?
        };
        let created = json!({ "User": answer(Description::with_attributes(&user, |_| true))? });
        // The documented default medium is SMS; with no phone number at hand AWS sends a mail.
        let mediums = &input.desired_delivery_mediums;
        let by_mail = mediums.contains(&Medium::Email)
            || (mediums.is_empty() && user.attribute("phone_number").is_empty());
        let email = user.attribute("email");
        if input.message_action != Some(MessageAction::Suppress) && by_mail && !email.is_empty() {
            invitation(pool, &user, password).deliver(world, &call.account);
        }
        Ok(created)
    })
}

/// A new user, and the password that Cognito or the caller gave it.
fn add(pool: &mut Pool, input: &CreateInput) -> Result<(User, Option<String>), ApiError> {
    let sub = ids::uuid();
    let mut user = User::new(username(pool, &input.username, &sub)?, Status::Confirmed);
    schema::check(&pool.schema, &user.attributes, &input.user_attributes)?;
    user.set(&input.user_attributes);
    set_login(pool, &mut user, &input.username);
    user.attributes.insert("sub".to_owned(), sub);
    if input.desired_delivery_mediums.contains(&Medium::Email) && user.attribute("email").is_empty()
    {
        return Err(fault::invalid_parameter(
            "An email attribute is required when EMAIL is in DesiredDeliveryMediums.",
        ));
    }
    if pool.find(&user.username).is_some() {
        return Err(fault::fault(
            "UsernameExistsException",
            "User account already exists",
        ));
    }
    let given = input
        .temporary_password
        .as_deref()
        .filter(|password| !password.is_empty());
    let password = match given {
        Some(given) => {
            pool.settings.policies.password_policy.check(given)?;
            Some(given.to_owned())
        }
        None if goes_without(pool, &user) => None,
        None => Some(pool.settings.policies.password_policy.generate()),
    };
    if let Some((holder, name)) = pool.alias_holder(&user.username, &user.attributes) {
        if !pool.username_attributes.is_empty() {
            return Err(fault::fault(
                "UsernameExistsException",
                format!("An account with the given {name} already exists."),
            ));
        }
        if !input.force_alias_creation {
            return Err(alias_exists(&name));
        }
        pool.user_mut(&holder)?
            .attributes
            .insert(format!("{name}_verified"), "false".to_owned());
    }
    if let Some(plain) = &password {
        set_temporary(pool, &mut user, plain);
    }
    pool.users.insert(user.username.clone(), user.clone());
    Ok((user, password))
}

/// What people sign in with is an attribute, too.
pub(super) fn set_login(pool: &Pool, user: &mut User, login: &str) {
    let by_email = pool.username_attributes.iter().any(|a| a == "email");
    if !pool.username_attributes.is_empty() {
        let name = if by_email && schema::is_email(login) {
            "email"
        } else {
            "phone_number"
        };
        user.attributes
            .entry(name.to_owned())
            .or_insert_with(|| login.to_owned());
    }
}

/// The pool's rule for names: generated where people sign in with an e-mail address.
pub(super) fn username(pool: &Pool, given: &str, sub: &str) -> Result<String, ApiError> {
    let (email, phone) = (schema::is_email(given), schema::is_phone(given));
    let signs_in_with = |name: &str| pool.username_attributes.iter().any(|a| a == name);
    match (signs_in_with("email"), signs_in_with("phone_number")) {
        (false, false) => {
            let alias = |name: &str| pool.alias_attributes.iter().any(|a| a == name);
            let clash = match (email && alias("email"), phone && alias("phone_number")) {
                (true, _) => "email",
                (_, true) => "phone number",
                _ => return Ok(given.to_owned()),
            };
            Err(fault::invalid_parameter(format!(
                "Username cannot be of {clash} format, since user pool is configured for {clash} alias."
            )))
        }
        (true, _) if email => Ok(sub.to_owned()),
        (_, true) if phone => Ok(sub.to_owned()),
        (true, true) => Err(fault::invalid_parameter(
            "Username should be either an email or a phone number.",
        )),
        (true, false) => Err(fault::invalid_parameter("Username should be an email.")),
        (false, true) => Err(fault::invalid_parameter(
            "Username should be a phone number.",
        )),
    }
}

/// Whether the user can sign in with a code and so needs no password. Source: `AdminCreateUser` in the API reference,
/// on `TemporaryPassword` for users of passwordless pools.
fn goes_without(pool: &Pool, user: &User) -> bool {
    (pool.allows(Factor::EmailOtp) && user.has_verified("email"))
        || (pool.allows(Factor::SmsOtp) && user.has_verified("phone_number"))
}

/// A new temporary password for an invited user who did not come.
fn renew(pool: &mut Pool, input: &CreateInput) -> Result<(User, Option<String>), ApiError> {
    let mut user = pool.user(&input.username)?.clone();
    if user.status != Status::ForceChangePassword {
        return Err(fault::fault(
            "UnsupportedUserStateException",
            format!(
                "Resend not possible. {} status is not FORCE_CHANGE_PASSWORD",
                user.username
            ),
        ));
    }
    let policy = &pool.settings.policies.password_policy;
    let plain = match &input.temporary_password {
        Some(given) if !given.is_empty() => {
            policy.check(given)?;
            given.clone()
        }
        _ => policy.generate(),
    };
    set_temporary(pool, &mut user, &plain);
    pool.users.insert(user.username.clone(), user.clone());
    Ok((user, Some(plain)))
}

fn invitation(pool: &Pool, user: &User, password: Option<String>) -> Mail {
    let template = pool
        .settings
        .admin_create_user_config
        .invite_message_template
        .as_ref();
    let subject = template.and_then(|t| t.email_subject.as_deref());
    let text = template
        .and_then(|t| t.email_message.as_deref())
        .unwrap_or(match password {
            Some(_) => "Your username is {username} and temporary password is {####}.",
            None => "Your username is {username}.",
        });
    // People know themselves by what they type at sign-in, not by a generated name.
    let shown = if pool.username_attributes.is_empty() {
        &user.username
    } else {
        user.attribute("email")
    };
    let text = text.replace("{username}", shown);
    let text = text.replace("{####}", password.as_deref().unwrap_or_default());
    Mail::new(
        user.attribute("email"),
        subject.unwrap_or("Your temporary password"),
        text,
        password,
    )
}
