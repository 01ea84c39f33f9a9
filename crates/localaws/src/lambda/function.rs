//! One function as the twin keeps it: `$LATEST`, published versions, aliases.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    alias::Alias, code::Code, policy::Policy, settings::Settings, url::Url, version::Version,
};
use crate::ids::{self, FileId};

/// The version that changes.
pub(super) const LATEST: &str = "$LATEST";

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Kept")]
pub(super) struct Function {
    /// Names its folder, so that a function made anew under the same name shares nothing.
    pub(super) id: FileId,
    pub(super) tags: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(super) latest: Version,
    /// By number.
    #[serde(default)]
    versions: BTreeMap<u64, Version>,
    /// Of the last version that was published; a number is not used again.
    #[serde(default)]
    last: u64,
    /// By name.
    #[serde(default)]
    pub(super) aliases: BTreeMap<String, Alias>,
    /// By the alias that they lead to; `$LATEST` for the function's own.
    #[serde(default)]
    pub(super) urls: BTreeMap<String, Url>,
}

/// A function as it is read: with `$LATEST` field by field, so that an error names the field.
#[derive(Deserialize)]
struct Kept {
    id: FileId,
    tags: BTreeMap<String, String>,
    settings: Settings,
    architectures: Vec<String>,
    code: Code,
    policy: Policy,
    revision: String,
    #[serde(default)]
    settled: String,
    modified: i64,
    active_from: i64,
    updated_from: i64,
    #[serde(default)]
    versions: BTreeMap<u64, Version>,
    #[serde(default)]
    last: u64,
    #[serde(default)]
    aliases: BTreeMap<String, Alias>,
    #[serde(default)]
    urls: BTreeMap<String, Url>,
}

impl From<Kept> for Function {
    fn from(kept: Kept) -> Self {
        Self {
            id: kept.id,
            tags: kept.tags,
            latest: Version {
                settings: kept.settings,
                architectures: kept.architectures,
                code: kept.code,
                policy: kept.policy,
                revision: kept.revision,
                settled: kept.settled,
                modified: kept.modified,
                active_from: kept.active_from,
                updated_from: kept.updated_from,
                published_from: None,
            },
            versions: kept.versions,
            last: kept.last,
            aliases: kept.aliases,
            urls: kept.urls,
        }
    }
}

/// What a resource policy hangs on: the function, a version or an alias.
pub(super) struct Guarded<'f> {
    pub(super) policy: &'f mut Policy,
    /// As `RevisionId` is now.
    revision: String,
    settled: &'f mut String,
}

impl Guarded<'_> {
    /// Whether `revision` is what the caller could last read: of the thing, or of its policy.
    pub(super) fn is_at(&self, revision: &str) -> bool {
        [self.revision.as_str(), &self.policy.revision].contains(&revision)
    }

    pub(super) fn changed(self) {
        *self.settled = ids::uuid();
        self.policy.revision.clone_from(self.settled);
    }
}

impl Function {
    pub(super) fn new(
        id: FileId,
        settings: Settings,
        architectures: Vec<String>,
        code: Code,
        tags: BTreeMap<String, String>,
    ) -> Self {
        Self {
            id,
            tags,
            latest: Version::new(settings, architectures, code),
            versions: BTreeMap::new(),
            last: 0,
            aliases: BTreeMap::new(),
            urls: BTreeMap::new(),
        }
    }

    /// `$LATEST`, then the published versions, with their numbers.
    pub(super) fn versions(&self) -> impl Iterator<Item = (String, &Version)> {
        let published = self.versions.iter();
        std::iter::once((LATEST.to_owned(), &self.latest))
            .chain(published.map(|(number, version)| (number.to_string(), version)))
    }

    /// A version by its number or `$LATEST`.
    pub(super) fn version(&self, number: &str) -> Option<&Version> {
        match number {
            LATEST => Some(&self.latest),
            number => self.versions.get(&number.parse().ok()?),
        }
    }

    /// Publishes `$LATEST`, unless the last published version is made of the same code and configuration. Returns the
    /// version's number. Recorded: LocalStack's `test_version_lifecycle`.
    pub(super) fn publish(&mut self, description: Option<String>) -> String {
        if let Some((number, last)) = self.versions.last_key_value()
            && last.is_of(&self.latest)
        {
            return number.to_string();
        }
        self.last += 1;
        let version = self.latest.published(description);
        self.versions.insert(self.last, version);
        self.latest.settled = ids::uuid();
        self.last.to_string()
    }

    pub(super) fn delete_version(&mut self, number: &str) -> Option<Version> {
        self.versions.remove(&number.parse().ok()?)
    }

    /// The names of the aliases that lead to a version.
    pub(super) fn aliases_of(&self, number: &str) -> Vec<&str> {
        let aliases = self.aliases.iter();
        let leads = aliases.filter(|(_, alias)| alias.leads_to(number));
        leads.map(|(name, _)| name.as_str()).collect()
    }

    /// The resource policy of the function, or of what the qualifier names.
    pub(super) fn policy(&self, qualifier: Option<&str>) -> Option<&Policy> {
        let qualifier = qualifier.unwrap_or(LATEST);
        let version = self.version(qualifier).map(|version| &version.policy);
        version.or_else(|| Some(&self.aliases.get(qualifier)?.policy))
    }

    pub(super) fn guarded(&mut self, qualifier: Option<&str>) -> Option<Guarded<'_>> {
        let qualifier = qualifier.unwrap_or(LATEST);
        if let Some(alias) = self.aliases.get_mut(qualifier) {
            return Some(Guarded {
                policy: &mut alias.policy,
                revision: alias.revision.clone(),
                settled: &mut alias.revision,
            });
        }
        let version = match qualifier {
            LATEST => &mut self.latest,
            number => self.versions.get_mut(&number.parse().ok()?)?,
        };
        Some(Guarded {
            revision: version.revision_id().to_owned(),
            policy: &mut version.policy,
            settled: &mut version.settled,
        })
    }
}
