//! `SignUp`, `ConfirmSignUp`, `ResendConfirmationCode` and `AdminConfirmSignUp`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    client::Client,
    create_user, fault,
    mailed_code::{Purpose, delivery, expired},
    password::Password,
    place::Place,
    pool::Pool,
    schema::{self, NameValue},
    user::{Status, User},
    users::alias_exists,
};
use crate::{
    app::{App, now_s},
    call::{Answer, ApiError, Call, empty},
    ids,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Input {
    pub(super) client_id: String,
    pub(super) username: String,
    pub(super) secret_hash: Option<String>,
    pub(super) password: Option<String>,
    #[serde(default)]
    user_attributes: Vec<NameValue>,
    pub(super) confirmation_code: Option<String>,
    #[serde(default)]
    force_alias_creation: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AdminInput {
    user_pool_id: String,
    username: String,
}

impl Input {
    pub(super) fn client<'p>(&self, pool: &'p Pool) -> Result<&'p Client, ApiError> {
        let client = pool.client(&self.client_id)?;
        client.check_hash(&[&self.username], self.secret_hash.as_deref())?;
        Ok(client)
    }
}

pub(super) fn sign_up(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    app.write(|world| {
        let place = Place::of_client(world, &input.client_id)?;
        let pool = place.get_mut(world)?;
        let mut user = new_user(pool, &input)?;
        let mut answer = json!({
            "UserConfirmed": false,
            "UserSub": user.attribute("sub"),
        });
        let mail = send(pool, &mut user)?;
        pool.users.insert(user.username.clone(), user.clone());
        if let Some(mail) = mail {
            answer["CodeDeliveryDetails"] = delivery(user.attribute("email"));
            mail.deliver(world, &place.account);
        }
        Ok(answer)
    })
}

fn new_user(pool: &Pool, input: &Input) -> Result<User, ApiError> {
    let client = input.client(pool)?;
    let config = &pool.settings.admin_create_user_config;
    if config.allow_admin_create_user_only {
        return Err(fault::not_authorized(
            "SignUp is not permitted for this user pool",
        ));
    }
    let wanted = &input.user_attributes;
    if !wanted
        .iter()
        .all(|given| client.settings.writes(&given.name))
    {
        return Err(fault::not_authorized(
            "A client attempted to write unauthorized attribute",
        ));
    }
    let sub = ids::uuid();
    let username = create_user::username(pool, &input.username, &sub)?;
    let mut user = User::new(username, Status::Unconfirmed);
    schema::check(&pool.schema, &user.attributes, wanted)?;
    user.set(wanted);
    user.attributes.insert("sub".to_owned(), sub);
    create_user::set_login(pool, &mut user, &input.username);
    let missing = pool.missing(&user);
    if !missing.is_empty() {
        let required = |name: &String| format!("{name}: The attribute is required\n");
        let problems: String = missing.iter().map(required).collect();
        return Err(fault::invalid_parameter(format!(
            "Attributes did not conform to the schema: {problems}"
        )));
    }
    match &input.password {
        Some(password) => {
            pool.settings.policies.password_policy.check(password)?;
            user.password = Some(Password::new(&pool.id, &user.username, password, None));
        }
        // Without one only where people can sign in by code (model, on `Password`).
        None if pool.passwordless() => {}
        None => return Err(fault::invalid_parameter("Password is required")),
    }
    // Aliases count only from confirmation on.
    let taken = pool.find(&user.username).is_some()
        || (!pool.username_attributes.is_empty()
            && pool
                .alias_holder(&user.username, &user.attributes)
                .is_some());
    if taken {
        return Err(fault::fault(
            "UsernameExistsException",
            "User already exists",
        ));
    }
    Ok(user)
}

/// The mail that a new user gets, if the pool verifies addresses.
fn send(pool: &Pool, user: &mut User) -> Result<Option<super::inbox::Mail>, ApiError> {
    let verifies = |name: &str| {
        let mut verified = pool.settings.auto_verified_attributes.iter();
        verified.any(|verified| verified == name) && !user.attribute(name).is_empty()
    };
    if verifies("phone_number") {
        return Err(fault::not_served("confirmation codes by SMS"));
    }
    if !verifies("email") {
        return Ok(None);
    }
    if pool.settings.confirms_by_link() {
        return Err(fault::not_served("confirmation by a link in a mail"));
    }
    Ok(Some(user.send_code(pool, Purpose::SignUp)))
}

pub(super) fn resend(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    app.write(|world| {
        let place = Place::of_client(world, &input.client_id)?;
        let pool = place.get_mut(world)?;
        let hides = input.client(pool)?.settings.hides_users();
        let Some(mut user) = pool.find(&input.username).cloned() else {
            return simulated(hides, &input.username);
        };
        if user.status != Status::Unconfirmed {
            return Err(fault::invalid_parameter("User is already confirmed."));
        }
        let Some(mail) = send(pool, &mut user)? else {
            return Err(fault::invalid_parameter(
                "Cannot resend codes. Auto verification not turned on.",
            ));
        };
        let answer = json!({ "CodeDeliveryDetails": delivery(user.attribute("email")) });
        pool.users.insert(user.username.clone(), user);
        mail.deliver(world, &place.account);
        Ok(answer)
    })
}

/// What a client hears of a user who does not exist: "Managing user existence error responses" in Cognito's guide.
pub(super) fn simulated(hides: bool, login: &str) -> Answer {
    if hides {
        Ok::<Value, _>(json!({ "CodeDeliveryDetails": delivery(login) }))
    } else {
        Err(unknown())
    }
}

pub(super) fn unknown() -> ApiError {
    fault::fault(
        "UserNotFoundException",
        "Username/client id combination not found.",
    )
}

pub(super) fn confirm(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    app.write(|world| {
        let place = Place::of_client(world, &input.client_id)?;
        let pool = place.get_mut(world)?;
        let hides = input.client(pool)?.settings.hides_users();
        let absent = || if hides { expired() } else { unknown() };
        let mut user = pool.find(&input.username).ok_or_else(absent)?.clone();
        check_unconfirmed(&user)?;
        user.take_code(
            Purpose::SignUp,
            input.confirmation_code.as_deref().unwrap_or_default(),
        )?;
        // Whoever reads the mail owns the address.
        user.attributes
            .insert("email_verified".to_owned(), "true".to_owned());
        if let Some((holder, name)) = pool.alias_holder(&user.username, &user.attributes) {
            if !input.force_alias_creation {
                return Err(alias_exists(&name));
            }
            pool.user_mut(&holder)?
                .attributes
                .insert(format!("{name}_verified"), "false".to_owned());
        }
        confirmed(pool, user);
        empty()
    })
}

/// Unlike with a code, the address is not verified then (model).
pub(super) fn admin_confirm(app: &App, call: &Call) -> Answer {
    let input: AdminInput = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.write(|world| {
        let pool = place.get_mut(world)?;
        let user = pool.user(&input.username)?.clone();
        check_unconfirmed(&user)?;
        confirmed(pool, user);
        empty()
    })
}

fn check_unconfirmed(user: &User) -> Result<(), ApiError> {
    if user.status == Status::Unconfirmed {
        return Ok(());
    }
    Err(fault::not_authorized(format!(
        "User cannot be confirmed. Current status is {}",
        user.status.name()
    )))
}

fn confirmed(pool: &mut Pool, mut user: User) {
    user.status = Status::Confirmed;
    user.modified = now_s();
    user.sign_up_code = None;
    pool.users.insert(user.username.clone(), user);
}
