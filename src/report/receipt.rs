//! The receipt of `down --prove`, for people.

use std::path::Path;

use jiff::Timestamp;

use super::{
    text::{beside, kinds_width, local_path, mark},
    wrap::unbroken,
};
use crate::{
    event::{By, Left, Receipt},
    screen::style,
};

pub(super) fn lines(receipt: &Receipt, file: Option<&Path>) -> Vec<String> {
    let endpoint = receipt.endpoint.as_ref().map(|e| format!(", {e}"));
    let mut lines = vec![
        String::new(),
        format!(
            "  {} of {}, {}, account {}{}",
            style("Receipt").bold(),
            receipt.lab,
            receipt.region,
            receipt.account,
            endpoint.unwrap_or_default()
        ),
        format!(
            "  {} to {}, as {}, labctl {}",
            time(receipt.begun),
            time(receipt.ended),
            receipt.caller,
            receipt.labctl
        ),
    ];
    let mut part = |title: &str, count: usize, more: Vec<String>| {
        lines.push(String::new());
        lines.push(format!("  {title}: {count}"));
        lines.extend(more);
    };
    let width = kinds_width(receipt.deleted.iter().map(|d| d.kind));
    let deleted = receipt.deleted.iter().map(|d| {
        let id = d.physical_id.as_deref().and_then(|id| beside(&d.name, id));
        let line = format!(
            "    {} {:<width$} {}  {}",
            time(d.at),
            d.kind.title(),
            d.name,
            id.unwrap_or_default()
        );
        line.trim_end().to_owned()
    });
    part("Deleted", receipt.deleted.len(), deleted.collect());
    let looks = receipt.looked_for.iter().map(|l| {
        let operation = format!("{}:{}", l.service, l.operation);
        format!(
            "    {} by {:<6} {operation:<32} found {}  {}",
            time(l.at),
            by(l.by),
            l.found,
            l.filter
        )
    });
    part("Looked for", receipt.looked_for.len(), looks.collect());
    if !receipt.not_looked_at.is_empty() {
        let unseen = receipt.not_looked_at.iter().flat_map(|u| {
            let sign = style("?").yellow();
            [
                format!("    {sign} {}:{}  {}", u.service, u.operation, u.filter),
                format!("        {}", u.reason),
            ]
        });
        part(
            "Not looked at",
            receipt.not_looked_at.len(),
            unseen.collect(),
        );
    }
    if !receipt.not_ours.is_empty() {
        let sign = style("·").dim().to_string();
        let strangers = receipt.not_ours.iter();
        let strangers = strangers.flat_map(|l| left(&sign, l, "if it is yours after all: "));
        part("Left alone", receipt.not_ours.len(), strangers.collect());
    }
    let sign = mark(false);
    let survivors = receipt.survivors.iter().flat_map(|l| left(&sign, l, ""));
    part("Survivors", receipt.survivors.len(), survivors.collect());
    if let Some(file) = file {
        lines.push(String::new());
        lines.push(format!("  Kept in {}", local_path(file)));
    }
    lines
}

/// What could not be deleted, and how to remove it by hand.
pub(super) fn leftovers(all: &[Left]) -> Vec<String> {
    let sign = mark(false);
    let mut lines = vec![
        String::new(),
        format!("  Still there: {}; to remove it by hand:", all.len()),
    ];
    lines.extend(all.iter().flat_map(|one| left(&sign, one, "")));
    lines
}

fn left(sign: &str, left: &Left, before: &str) -> [String; 2] {
    let id = beside(&left.name, &left.physical_id);
    let id = id.map(|id| format!("  {id}")).unwrap_or_default();
    [
        format!(
            "    {sign} {:<13} {}{id}: {}",
            left.kind.title(),
            left.name,
            left.reason
        ),
        format!("        {before}{}", style(unbroken(&left.command)).cyan()),
    ]
}

fn by(by: By) -> &'static str {
    match by {
        By::Tag => "tag",
        By::Name => "name",
        By::Id => "id",
        By::Parent => "parent",
    }
}

/// Whole seconds.
fn time(at: Timestamp) -> String {
    format!("{at:.0}")
}
