//! `labctl token`: prints a valid token, and nothing else.

use super::student::Scene;
use crate::{
    cli::{Global, Token},
    error::{Error, Exit},
    report,
};

pub(super) async fn run(global: &Global, args: &Token) -> Result<Exit, Error> {
    let scene = Scene::of(global).await?;
    let tokens = scene.tokens(&args.sign_in).await?;
    let (kind, token) = if args.id {
        ("id", tokens.id)
    } else {
        ("access", tokens.access)
    };
    if global.json {
        report::print_json(&serde_json::json!({ "kind": kind, "token": token }));
    } else {
        report::print_raw(&[token]);
    }
    Ok(Exit::Ok)
}
