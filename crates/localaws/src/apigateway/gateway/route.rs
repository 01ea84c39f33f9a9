//! Which resource and method a path is for.

use std::collections::BTreeMap;

use super::super::{
    method::Method,
    resource::{Part, Resource},
};
use crate::wire::percent;

type Parameters = BTreeMap<String, String>;

/// The resource that fits best, part by part: a literal before a variable before a greedy one. One that lacks the method
/// does not count: the next one is asked. Recorded for `{proxy+}`: LocalStack's
/// `test_proxy_routing_with_hardcoded_resource_sibling`. Unsure of `{name}`.
pub(super) fn resource<'a>(
    resources: &'a BTreeMap<String, Resource>,
    path: &str,
    http_method: &str,
) -> Option<(&'a Resource, &'a Method, Parameters)> {
    resources
        .values()
        .filter_map(|resource| {
            let method = method(resource, http_method)?;
            let (rank, parameters) = fit(&resource.path, path)?;
            Some((rank, (resource, method, parameters)))
        })
        .min_by(|(a, _), (b, _)| a.cmp(b))
        .map(|(_, found)| found)
}

pub(super) fn method<'a>(resource: &'a Resource, http_method: &str) -> Option<&'a Method> {
    let methods = &resource.methods;
    methods.get(http_method).or_else(|| methods.get("ANY"))
}

/// The values that a path gives to a template's variables.
pub(super) fn parameters(template: &str, path: &str) -> Option<Parameters> {
    fit(template, path).map(|(_, parameters)| parameters)
}

/// How closely a path fits a template, least is best. The values of parameters stay as they were sent, percent-encoded
/// (LocalStack's recording `test_lambda_aws_proxy_integration`).
fn fit(template: &str, path: &str) -> Option<(Vec<u8>, Parameters)> {
    let mut rest = path.strip_prefix('/').filter(|rest| !rest.is_empty());
    // One slash at the end makes no difference.
    rest = rest.map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    let (mut ranks, mut parameters) = (Vec::new(), Parameters::new());
    for part in template.split('/').filter(|part| !part.is_empty()) {
        let (segment, behind) = match rest?.split_once('/') {
            Some((segment, behind)) => (segment, Some(behind)),
            None => (rest?, None),
        };
        let value = percent::decode(segment, false)?;
        match Part::of(part)? {
            Part::Literal(text) if text == value => ranks.push(0),
            Part::Variable(name) if !value.is_empty() => {
                ranks.push(1);
                parameters.insert(name.to_owned(), segment.to_owned());
            }
            Part::Greedy(name) => {
                ranks.push(2);
                parameters.insert(name.to_owned(), rest?.to_owned());
                return Some((ranks, parameters));
            }
            _ => return None,
        }
        rest = behind;
    }
    rest.is_none().then_some((ranks, parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best<'t>(templates: &[&'t str], path: &str) -> Option<(&'t str, String)> {
        let fits = templates.iter().filter_map(|t| Some((fit(t, path)?, *t)));
        let ((_, parameters), template) = fits.min_by(|a, b| a.0.0.cmp(&b.0.0))?;
        let shown: Vec<String> = parameters.iter().map(|(k, v)| format!("{k}={v}")).collect();
        Some((template, shown.join(" ")))
    }

    #[test]
    fn literals_go_before_variables_before_greedy_ones() {
        let all = [
            "/",
            "/items",
            "/items/new",
            "/items/{id}",
            "/items/{id}/parts",
            "/x/{proxy+}",
        ];
        let found = |path| best(&all, path);
        assert_eq!(found("/"), Some(("/", String::new())));
        assert_eq!(found("/items/"), Some(("/items", String::new())));
        assert_eq!(found("/items/new"), Some(("/items/new", String::new())));
        assert_eq!(
            found("/items/a%2Fb%20c"),
            Some(("/items/{id}", "id=a%2Fb%20c".to_owned()))
        );
        assert_eq!(
            found("/items/1/parts/"),
            Some(("/items/{id}/parts", "id=1".to_owned()))
        );
        assert_eq!(
            found("/x/a/b%20"),
            Some(("/x/{proxy+}", "proxy=a/b%20".to_owned()))
        );
        for unknown in [
            "/item",
            "/items//",
            "/items/1/2",
            "/items/new/x",
            "/x",
            "/x/",
            "/Items",
        ] {
            assert_eq!(found(unknown), None, "{unknown}");
        }
        let mixed = ["/{a}/b", "/{a}/{proxy+}", "/a/{proxy+}"];
        assert_eq!(best(&mixed, "/a/b").map(|(t, _)| t), Some("/a/{proxy+}"));
        assert_eq!(best(&mixed, "/c/b").map(|(t, _)| t), Some("/{a}/b"));
    }
}
