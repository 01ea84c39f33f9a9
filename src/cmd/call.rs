//! `labctl call`: one call of the API, with what its route asks for.

use std::{fs, io::Read};

use jiff::Timestamp;

use super::student::Scene;
use crate::{
    aws::{Answer, Http, Request},
    cli::{Call, Global},
    client::{Credential, match_route, request},
    error::{Error, Exit},
    lab::{Guard, Route, Source},
    report,
    screen::Stream,
    verify::{Called, why},
};

pub(super) async fn run(global: &Global, args: &Call) -> Result<Exit, Error> {
    let body = body(args.data.as_deref())?;
    let scene = Scene::of(global).await?;
    let base_url = scene.base_url()?;
    let path = args.path.trim_start_matches('/');
    let credential = credential(&scene, args).await?;
    let url = format!("{base_url}/{path}");
    let request = request(
        &args.method,
        &url,
        &args.headers,
        body.as_deref(),
        &credential,
    );
    let request = request.map_err(|why| Error::usage(format!("{} {url}: {why}", args.method)))?;
    let since = Timestamp::now().as_millisecond();
    let answer = Http::new(&url).send(&request).await?;
    let why = explain(&scene, args, &request, since, answer.status).await;
    show(global, args, &answer, why.as_deref());
    Ok(if answer.status < 400 {
        Exit::Ok
    } else {
        Exit::Unproven
    })
}

/// What is behind a refusal or a failure, when labctl can know it.
async fn explain(
    scene: &Scene,
    args: &Call,
    request: &Request,
    since: i64,
    status: u16,
) -> Option<String> {
    let route = route(scene, args)?;
    let groups = scene.lab.log_groups();
    let called = Called {
        route,
        log_group: groups.get(&route.function).map(String::as_str),
        request,
        since,
    };
    why(&scene.cx, called, status, scene.link.is_twin().await).await
}

/// The route of lab.yaml that the call is for.
fn route<'a>(scene: &'a Scene, args: &Call) -> Option<&'a Route> {
    let path = format!("/{}", args.path.trim_start_matches('/'));
    let api = scene.lab.api.as_ref()?;
    match_route(api, &args.method, &path)
}

fn body(data: Option<&str>) -> Result<Option<String>, Error> {
    let Some(data) = data else { return Ok(None) };
    let Some(name) = data.strip_prefix('@') else {
        return Ok(Some(data.to_owned()));
    };
    let read = if name == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(name)
    };
    let text = read.map_err(|e| Error::usage(format!("--data {data}: {e}")))?;
    Ok(Some(text))
}

/// What the route asks for. A path without a route is called bare: API Gateway says what it thinks of it.
async fn credential(scene: &Scene, args: &Call) -> Result<Credential, Error> {
    if let Some(caller) = &args.caller {
        return signature(scene, args, caller).await;
    }
    let (Some(route), false) = (route(scene, args), args.anonymous) else {
        return Ok(Credential::None);
    };
    match &route.guard {
        Guard::Open => Ok(Credential::None),
        Guard::Iam => {
            let caller = caller_of(scene, route).ok_or_else(|| {
                let message = format!("no caller of lab.yaml may call {}", route.name());
                Error::usage(message).hint("`--caller NAME` calls all the same")
            })?;
            signature(scene, args, caller).await
        }
        Guard::Pool { header, .. } => {
            let tokens = scene.tokens(&args.sign_in).await?;
            let token = tokens.of(route).to_owned();
            let header = header.clone();
            Ok(Credential::Token { header, token })
        }
        Guard::Function { sources, .. } => {
            let sources = sources.iter().cloned();
            // What the command line says comes first.
            let values = sources
                .zip(route.allow.iter().cloned())
                .filter(|(source, _)| !said(args, source));
            Ok(Credential::Values(values.collect()))
        }
    }
}

/// Whether the command line has a value for a source.
fn said(args: &Call, source: &Source) -> bool {
    match source {
        Source::Header(name) => {
            let mut headers = args.headers.iter();
            headers.any(|(header, _)| header.eq_ignore_ascii_case(name))
        }
        Source::Query(name) => {
            let query = args.path.split_once('?').map(|(_, query)| query);
            let mut pairs = query.unwrap_or_default().split('&');
            pairs.any(|pair| pair.split('=').next() == Some(name))
        }
    }
}

async fn signature(scene: &Scene, args: &Call, caller: &str) -> Result<Credential, Error> {
    Ok(Credential::Keys {
        keys: scene.keys(caller, &args.sign_in).await?,
        region: scene.state.region.clone(),
    })
}

/// The first caller whose policy has the route.
fn caller_of<'a>(scene: &'a Scene, route: &Route) -> Option<&'a str> {
    let may = |name: &&str| {
        let caller = match scene.lab.callers.get(*name) {
            Some(caller) => Some(caller),
            None => scene.lab.identity_pool.as_ref().map(|pool| &pool.caller),
        };
        caller.is_some_and(|caller| caller.routes.contains(&route.name()))
    };
    scene.callers().into_iter().find(may)
}

fn show(global: &Global, args: &Call, answer: &Answer, why: Option<&str>) {
    if global.json {
        let headers: serde_json::Map<_, _> = answer
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.clone().into()))
            .collect();
        let mut told = serde_json::json!({
            "status": answer.status,
            "headers": headers,
            "body": answer.body,
        });
        if let Some(why) = why {
            told["why"] = why.into();
        }
        report::print_json(&told);
        return;
    }
    let mut lines = Vec::new();
    let status = format!("HTTP {}", answer.status);
    if args.include || (answer.status >= 400 && Stream::Out.is_terminal()) {
        lines.push(status);
    } else if answer.status >= 400 {
        // Who reads the pipe gets the body alone.
        report::print_error_line(&status);
    }
    if args.include {
        lines.extend(answer.headers.iter().map(|(n, v)| format!("{n}: {v}")));
        lines.push(String::new());
    }
    report::print_raw(&lines);
    // As it came, but for a terminal.
    if Stream::Out.print_data(&answer.raw).is_err() {
        let body = answer.body.replace("\r\n", "\n");
        report::print_raw(&[body.trim_end_matches('\n').to_owned()]);
    } else if why.is_some() && !answer.raw.ends_with(b"\n") {
        // Nothing follows the body in its line, where both go the same way.
        report::print_error_line("");
    }
    if let Some(why) = why {
        report::print_remark(why);
    }
}
