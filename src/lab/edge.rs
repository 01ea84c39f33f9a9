//! The distribution before the API.

use std::collections::BTreeSet;

use super::{Domain, Edge, check::note_twin, file, problem::Notes};

/// Requests of one address in five minutes that `waf: rate-limit` allows: a classroom behind one address
/// stays below it.
const RATE_LIMIT: i32 = 2000;

/// `api`: the API's name.
pub(super) fn check(file: file::Edge, api: &str, notes: &Notes) -> Option<Edge> {
    let mut known = BTreeSet::new();
    let countries = file.geo.map(|list| {
        if list.length == 0 {
            let hint = "name some, or leave `geo` out: then all are let in";
            notes.note(list.place, "`geo` lets nobody in", hint);
        }
        list.items
    });
    let geo = countries.into_iter().flatten().filter_map(|country| {
        let twin = note_twin(
            &mut known,
            &country.value,
            "the country",
            country.place,
            notes,
        );
        (!twin).then_some(country.value)
    });
    let geo = geo.collect();
    let domain = match file.domain {
        Some(domain) => Some(self::domain(domain.0?)?),
        None => None,
    };
    Some(Edge {
        comment: file
            .comment
            .map_or_else(|| format!("{api}-edge"), |text| text.value),
        geo,
        rate_limit: match file.waf {
            Some(file::Waf::Word) => Some(RATE_LIMIT),
            Some(file::Waf::Limit(limit)) => Some(limit?),
            None => None,
        },
        domain,
    })
}

fn domain(file: file::Domain) -> Option<Domain> {
    Some(Domain {
        name: file.name.0?.value,
        certificate: file.certificate.0?.value,
        zone: file.zone.0?.value,
    })
}
