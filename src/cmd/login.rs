//! `labctl login`: signs in with a browser at the managed login domain, and keeps the tokens for the other commands.

use std::{
    io,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::json;
use tokio::net::TcpListener;

use super::student::{Scene, incomplete};
use crate::{
    cli::{Global, Login},
    client::{Arrival, Brought, Callback, SignInByBrowser, arrival, signed_in, who},
    engine::Interrupt,
    error::{Error, Exit},
    lab::{Lab, refused},
    report,
    screen::Stream,
    verify::Tokens,
};

pub(super) async fn run(global: &Global, args: &Login) -> Result<Exit, Error> {
    let scene = Scene::of(global).await?;
    let callbacks = callbacks(global, &scene.lab)?;
    let (Some(domain), Some(client_id), Some(pool)) = (
        &scene.outputs.login_url,
        &scene.outputs.client_id,
        &scene.lab.user_pool,
    ) else {
        return Err(incomplete("its managed login domain is not there"));
    };
    let interrupt = Interrupt::listen();
    let (callback, listeners) = listen(&callbacks).await?;
    let scopes = &pool.app_client.scopes;
    let user = args.user.as_deref();
    let sign_in = SignInByBrowser::begin(domain, client_id, &callback.url, scopes, user)?;
    let signing_in = async {
        sign_in.check().await?;
        invite(global, args, &sign_in.url);
        let waiting = arrival(listeners, &callback, &sign_in.state);
        let limit = Duration::from_secs(args.wait);
        let arrival = tokio::time::timeout(limit, waiting).await.ok().flatten();
        let arrival = arrival.ok_or_else(|| {
            Error::failed(format!("nobody has signed in within {} s", args.wait))
                .hint("`labctl login` begins anew; `--wait SECONDS` waits longer")
        })?;
        settle(&sign_in, arrival, user).await
    };
    let Some(outcome) = interrupt.or(Box::pin(signing_in)).await else {
        return Err(Error::new(
            Exit::Interrupted,
            "interrupted: nobody has signed in",
        ));
    };
    let (name, tokens) = outcome?;
    match scene.folder.as_deref() {
        Some(folder) => {
            signed_in(folder, client_id, &name, tokens).await?;
            report_kept(global, &scene, &name);
        }
        // Found without a state, the lab has no place to keep them.
        None if global.json => {
            report::print_json(
                &json!({ "event": "signed_in", "user": name, "kept": false, "token": tokens.access }),
            );
        }
        None => {
            report::print_raw(&[tokens.access]);
        }
    }
    Ok(Exit::Ok)
}

/// The callback URLs that lead to this machine.
fn callbacks(global: &Global, lab: &Lab) -> Result<Vec<Callback>, Error> {
    let file = global.file.as_path();
    let Some(pool) = lab.user_pool.as_ref().filter(|pool| pool.domain.is_some()) else {
        let message = "this user pool has no managed login to sign in at";
        let hint = "`labctl token` signs in by e-mail code; for managed login add `domain: my-lab-4711`, and in `app_client` \
                    `callback_urls: [\"http://localhost:8000/\"]`, then `labctl up`";
        return Err(refused(file, &["user_pool"], message, hint).into());
    };
    let client = ["user_pool", "app_client"];
    if !pool.app_client.scopes.iter().any(|scope| scope == "openid") {
        let message =
            "`labctl login` wants to know who has signed in, and the app may not ask for `openid`";
        let hint = "add `openid` to `scopes`; then `labctl up`";
        let keys = [client[0], client[1], "scopes"];
        return Err(refused(file, &keys, message, hint).into());
    }
    let urls = pool.app_client.callback_urls.iter();
    let known: Vec<_> = urls.filter_map(|url| Callback::of(url)).collect();
    if known.is_empty() {
        let message = "no callback URL leads to labctl on this machine, and Cognito sends a sign-in to no other";
        let hint = "add `http://localhost:PORT/` with a free port; then `labctl up`";
        let keys = [client[0], client[1], "callback_urls"];
        return Err(refused(file, &keys, message, hint).into());
    }
    Ok(known)
}

/// Listens where the first callback URL leads whose port is free.
async fn listen(callbacks: &[Callback]) -> Result<(Callback, Vec<TcpListener>), Error> {
    let mut refusals = Vec::new();
    for callback in callbacks {
        match callback.listen().await {
            Ok(listeners) => return Ok((callback.clone(), listeners)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                refusals.push(format!("{}: another program has this port", callback.url));
            }
            Err(error) => refusals.push(format!("{}: {error}", callback.url)),
        }
    }
    let message = format!(
        "cannot listen for the end of the sign-in at {}",
        refusals.join(", ")
    );
    Err(Error::failed(message)
        .hint("stop that program (the app under test?) while you sign in")
        .hint("or add a callback URL with another port to lab.yaml, then `labctl up`"))
}

/// Prints the address, and opens it where somebody sits at a terminal.
fn invite(global: &Global, args: &Login, url: &str) {
    if global.json {
        report::print_json(&json!({ "event": "sign_in", "url": url, "wait_seconds": args.wait }));
        return;
    }
    let opened = !args.no_browser && Stream::Out.is_terminal() && open(url);
    let how = if opened {
        "Sign in with the browser that opens, or at"
    } else {
        "Sign in with a browser of this machine at"
    };
    report::print_lines(&[format!("  {how}"), String::new()]);
    report::print_raw(&[url.to_owned()]);
    report::print_lines(&[
        String::new(),
        format!("  Waiting up to {} s; Ctrl-C ends it", args.wait),
    ]);
}

/// Opens an address in the user's browser. The address has nothing that is secret: the verifier stays here.
fn open(url: &str) -> bool {
    let openers: &[&str] = if cfg!(target_os = "macos") {
        &["open"]
    } else {
        &["xdg-open", "wslview"]
    };
    openers.iter().any(|opener| {
        let mut command = Command::new(opener);
        command
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // A browser has no use for keys.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command.spawn().is_ok()
    })
}

/// Exchanges what the browser brought, and tells it how that went.
async fn settle(
    sign_in: &SignInByBrowser,
    arrival: Arrival,
    user: Option<&str>,
) -> Result<(String, Tokens), Error> {
    let outcome = match &arrival.brought {
        Brought::Code(code) => sign_in.exchange(code).await.and_then(|tokens| {
            let name =
                who(&tokens.id).ok_or_else(|| Error::failed("the ID token names no user"))?;
            match user.filter(|user| !user.eq_ignore_ascii_case(&name)) {
                Some(user) => Err(Error::failed(format!("{name} has signed in, not {user}"))
                    .hint("`labctl login` without `--user` takes whoever signs in")),
                None => Ok((name, tokens)),
            }
        }),
        Brought::Error(why) => Err(Error::failed(format!(
            "managed login ended without a sign-in: {why}"
        ))
        .hint("`labctl login` begins anew")),
    };
    let text = match &outcome {
        Ok((name, _)) => format!("Signed in as {name}. You can close this window."),
        Err(error) => format!("No sign-in: {}", error.message),
    };
    arrival.show(outcome.is_ok(), &text).await;
    outcome
}

fn report_kept(global: &Global, scene: &Scene, name: &str) {
    if global.json {
        report::print_json(&json!({ "event": "signed_in", "user": name, "kept": true }));
        return;
    }
    // Other commands mean the lab's first user.
    let first = scene
        .outputs
        .users
        .first()
        .is_some_and(|first| first.eq_ignore_ascii_case(name));
    let user = if first {
        String::new()
    } else {
        format!(" --user {name}")
    };
    report::print_lines(&[
        format!("  Signed in as {name}"),
        format!("  Next: labctl token{user}   print the token, or labctl call GET /PATH{user}"),
    ]);
}
