//! `ForgotPassword` and `ConfirmForgotPassword`.

use serde_json::json;

use super::{
    mailed_code::{Purpose, delivery, expired, no_address, not_yet},
    password::Password,
    place::Place,
    sign_up::{Input, simulated, unknown},
    user::Status,
};
use crate::{
    app::{App, now_s},
    call::{Answer, Call, empty},
};

pub(super) fn forgot(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    app.write(|world| {
        let place = Place::of_client(world, &input.client_id)?;
        let pool = place.get_mut(world)?;
        let hides = input.client(pool)?.settings.hides_users();
        let Some(mut user) = pool.find(&input.username).cloned() else {
            return simulated(hides, &input.username);
        };
        if user.disabled && hides {
            return simulated(hides, &input.username);
        }
        user.check_enabled()?;
        if user.status == Status::ForceChangePassword {
            return Err(not_yet());
        }
        if !user.has_verified("email") {
            if hides {
                return simulated(hides, &input.username);
            }
            return Err(no_address());
        }
        let mail = user.send_code(pool, Purpose::Password);
        let answer = json!({ "CodeDeliveryDetails": delivery(user.attribute("email")) });
        pool.users.insert(user.username.clone(), user);
        mail.deliver(world, &place.account);
        Ok(answer)
    })
}

pub(super) fn confirm(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    app.write(|world| {
        let place = Place::of_client(world, &input.client_id)?;
        let pool = place.get_mut(world)?;
        let hides = input.client(pool)?.settings.hides_users();
        let absent = || if hides { expired() } else { unknown() };
        let mut user = pool.find(&input.username).ok_or_else(absent)?.clone();
        user.check_enabled()?;
        let password = input.password.as_deref().unwrap_or_default();
        pool.settings.policies.password_policy.check(password)?;
        user.take_code(
            Purpose::Password,
            input.confirmation_code.as_deref().unwrap_or_default(),
        )?;
        user.password = Some(Password::new(&pool.id, &user.username, password, None));
        user.status = Status::Confirmed;
        user.modified = now_s();
        pool.users.insert(user.username.clone(), user);
        empty()
    })
}
