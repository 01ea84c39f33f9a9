//! Operations of REST services, by method and path.

use super::{model::Model, percent};
use crate::{call::ApiError, server::Request};

/// The most specific operation of a REST service, served or not.
pub(super) fn by_path<'a>(
    model: &'static Model,
    request: &'a Request,
) -> Option<(&'static str, Vec<(&'static str, &'a str)>)> {
    let served = model
        .operations
        .iter()
        .map(|(name, op)| (name, op.http.method.as_str(), op.http.request_uri.as_str()));
    let others = model.others.iter().filter_map(|(name, http)| {
        let (method, uri) = http.split_once(' ')?;
        Some((name, method, uri))
    });
    served
        .chain(others)
        .filter(|(_, method, _)| *method == request.method().as_str())
        .filter_map(|(name, _, uri)| {
            let (literal, labels) = labels(
                uri,
                request.uri().path(),
                request.uri().query().unwrap_or_default(),
            )?;
            Some((literal, name.as_str(), labels))
        })
        .max_by_key(|(literal, ..)| *literal)
        .map(|(_, name, labels)| (name, labels))
}

/// Matches a template such as `/restapis/{restapi_id}?mode=import`: the number of literal parts and the
/// labels.
fn labels<'t, 'p>(
    template: &'t str,
    path: &'p str,
    query: &str,
) -> Option<(usize, Vec<(&'t str, &'p str)>)> {
    let (template, constant) = template.split_once('?').unwrap_or((template, ""));
    let mut literal = 0;
    for wanted in constant.split('&').filter(|wanted| !wanted.is_empty()) {
        if !query
            .split('&')
            .any(|pair| pair.trim_end_matches('=') == wanted)
        {
            return None;
        }
        literal += 1;
    }
    let mut labels = Vec::new();
    let mut rest = Some(path.strip_prefix('/')?.trim_end_matches('/'));
    for part in template.trim_matches('/').split('/') {
        let here = rest?;
        let (segment, after) = here
            .split_once('/')
            .map_or((here, None), |(s, after)| (s, Some(after)));
        rest = after;
        match part
            .strip_prefix('{')
            .and_then(|label| label.strip_suffix('}'))
        {
            Some(_) if segment.is_empty() => return None,
            Some(label) => match label.strip_suffix('+') {
                Some(label) => {
                    labels.push((label, here));
                    rest = None;
                }
                None => labels.push((label, segment)),
            },
            None if part == segment => literal += 1,
            None => return None,
        }
    }
    rest.is_none().then_some((literal, labels))
}

/// A label's value, decoded.
pub(crate) fn decode(raw: &str) -> Result<String, ApiError> {
    percent::decode(raw, false).ok_or_else(|| {
        ApiError::new(
            400,
            "BadRequestException",
            "The request URI is not properly encoded",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::model::{Protocol, SERVICES},
        *,
    };

    #[test]
    fn templates() {
        let template = "/restapis/{restapi_id}/resources/{resource_id}";
        assert_eq!(
            labels(template, "/restapis/a/resources/b%2Fc", ""),
            Some((2, vec![("restapi_id", "a"), ("resource_id", "b%2Fc")]))
        );
        for path in [
            "",
            "/",
            "/restapis",
            "/restapis/a/resources",
            "/restapis//resources/b",
            "/restapis/a/resources/b/c",
        ] {
            assert_eq!(labels(template, path, ""), None, "{path}");
        }
        assert_eq!(
            labels("/restapis?mode=import", "/restapis", "mode=import"),
            Some((2, vec![]))
        );
        assert_eq!(labels("/restapis?mode=import", "/restapis", ""), None);
        assert_eq!(
            labels("/a/{rest+}", "/a/b/c", ""),
            Some((1, vec![("rest", "b/c")]))
        );
    }

    #[test]
    fn every_operation_is_found_by_its_own_path() {
        for service in SERVICES {
            let model = Model::of(service);
            if !matches!(
                model.metadata.protocol,
                Protocol::RestJson | Protocol::RestXml
            ) {
                continue;
            }
            for (name, operation) in &model.operations {
                let uri = operation.http.request_uri.replace(['{', '}', '+'], "");
                let request = hyper::Request::builder()
                    .method(operation.http.method.as_str())
                    .uri(&uri)
                    .body(hyper::body::Bytes::new())
                    .expect("well-formed");
                let found = by_path(model, &request).map(|(name, _)| name);
                assert_eq!(found, Some(name.as_str()), "{uri}");
            }
        }
    }
}
