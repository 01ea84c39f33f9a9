//! Requests of any bytes, for the fuzz targets (`fuzz/`): a twin in this process, without sockets.

use std::{path::Path, sync::Arc};

use hyper::body::Bytes;

use crate::{
    apigateway,
    app::{App, Config},
    cognito,
    server::{self, Request},
    wire,
    world::World,
};

/// Asks a twin that holds nothing, one request after another; function code goes below `dir`. A request is
/// written as in HTTP/1.1: `METHOD URI`, headers, an empty line, the body; lines end with `\n`. Those that
/// hyper would not take are left out. Answers the statuses.
pub fn statuses(requests: &[Vec<u8>], dir: &Path) -> Vec<u16> {
    let config = Config::at(dir.to_owned());
    let app = Arc::new(App::new(config, World::default()));
    let asked = async {
        let mut statuses = Vec::new();
        for request in requests.iter().filter_map(|bytes| read(bytes)) {
            statuses.extend(status(&app, &request).await);
        }
        statuses
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_or(Vec::new(), |runtime| runtime.block_on(asked))
}

/// Has the server read what a client sends on one connection. For each request that it takes: the header names as it got
/// them, and as a handler gets them, which are the client's own.
pub fn heads(sent: &[u8]) -> Vec<Vec<(String, String)>> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_or(Vec::new(), |runtime| runtime.block_on(server::heads(sent)))
}

async fn status(app: &Arc<App>, request: &Request) -> Option<u16> {
    // Requests of all senders go on, so that services see them, too.
    server::decide(app, request);
    let response = match cognito::well_known(app, request).await {
        Some(response) => response,
        None => match apigateway::data_plane(app, request).await {
            Some(response) => response,
            None => wire::serve(app, request).await.0.ok()?,
        },
    };
    Some(response.status().as_u16())
}

fn read(bytes: &[u8]) -> Option<Request> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = bytes.split_at(end.unwrap_or(bytes.len()));
    let mut lines = head.split(|b| *b == b'\n');
    let mut words = lines.next()?.splitn(2, |b| *b == b' ');
    let mut request = hyper::Request::builder()
        .method(words.next()?)
        .uri(words.next()?);
    for line in lines {
        let colon = line.iter().position(|b| *b == b':')?;
        let (name, value) = line.split_at(colon);
        request = request.header(name, value.get(1..)?.trim_ascii());
    }
    let body = Bytes::copy_from_slice(body.get(2..).unwrap_or_default());
    request.body(body).ok()
}
