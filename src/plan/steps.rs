//! Steps that are looked up in a state by their id.

use crate::resource::{IdentityProvider, Method, Password, StepOf};

/// The method of a route, by the route's name.
pub fn method_step(route: &str) -> StepOf<Method> {
    StepOf::new(format!("method.{route}"))
}

/// A user's password, by the user's address.
pub fn password_step(email: &str) -> StepOf<Password> {
    StepOf::new(format!("password.{email}"))
}

/// An identity provider, by its name.
pub fn identity_provider_step(name: &str) -> StepOf<IdentityProvider> {
    StepOf::new(format!("identity_provider.{name}"))
}
