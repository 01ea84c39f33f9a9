//! Ownership tags: what labctl writes on a resource, and whose it is by the tags that AWS shows.

use std::{
    collections::{BTreeMap, HashMap},
    hash::BuildHasher,
    sync::PoisonError,
};

use super::{Cx, Fault, Maker, Makers};
use labengine::{Compare, Stranger};

/// The tag that makes a resource ours: its value is the lab's name.
pub const TAG_LAB: &str = "labctl:lab";
/// The tag with the run's UUID.
const TAG_RUN: &str = "labctl:run";
/// The tag with a hash of who made it.
const TAG_OWNER: &str = "labctl:owner";
/// The tag with who made it, for people.
const TAG_BY: &str = "labctl:by";
/// The drift of a lost [`TAG_LAB`], see [`Cx::compare_tag`].
pub const TAG_FIELD: &str = "tag labctl:lab";

/// A resource's tags, in any shape that an SDK has for them.
pub trait Tagged {
    /// Keys and values.
    fn pairs(&self) -> impl Iterator<Item = (&str, &str)>;

    /// The value of one tag.
    fn value(&self, key: &str) -> Option<&str> {
        self.pairs().find(|(k, _)| *k == key).map(|(_, v)| v)
    }

    /// The lab that the resource belongs to.
    fn lab(&self) -> Option<&str> {
        self.value(TAG_LAB)
    }
}

impl<T: Tagged + ?Sized> Tagged for &T {
    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        (**self).pairs()
    }
}

impl<T: Tagged> Tagged for Option<T> {
    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().flat_map(Tagged::pairs)
    }
}

impl<S: BuildHasher> Tagged for HashMap<String, String, S> {
    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }
}

impl<T: SdkTag> Tagged for Vec<T> {
    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().map(SdkTag::pair)
    }
}

impl<T: SdkTag> Tagged for [T] {
    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().map(SdkTag::pair)
    }
}

/// One tag, of a service that lists them as objects.
pub trait SdkTag: Sized {
    /// Builds it. Fails as the SDK's builder does.
    fn build(key: String, value: String) -> Result<Self, String>;
    /// Its key and value.
    fn pair(&self) -> (&str, &str);
}

macro_rules! sdk_tag {
    ($tag:ty, |$this:ident| $value:expr) => {
        impl SdkTag for $tag {
            fn build(key: String, value: String) -> Result<Self, String> {
                let tag = Self::builder().key(key).value(value).build();
                tag.map_err(|e| e.to_string())
            }

            fn pair(&self) -> (&str, &str) {
                let $this = self;
                ($this.key(), $value)
            }
        }
    };
}

sdk_tag!(aws_sdk_iam::types::Tag, |tag| tag.value());
sdk_tag!(aws_sdk_wafv2::types::Tag, |tag| tag.value());
sdk_tag!(aws_sdk_cloudfront::types::Tag, |tag| tag
    .value()
    .unwrap_or_default());

impl Cx {
    /// The ownership tags that everything we make carries (where AWS lets it carry tags).
    fn tags(&self) -> Vec<(String, String)> {
        let mut tags = vec![(TAG_LAB, &self.shared.lab), (TAG_RUN, &self.shared.run)];
        if let Some(owner) = &self.owner {
            tags.extend([(TAG_OWNER, &owner.id), (TAG_BY, &owner.by)]);
        }
        let owned = |(k, v): (&str, &String)| (k.to_owned(), v.clone());
        tags.into_iter().map(owned).collect()
    }

    /// The ownership tags as most services take them.
    pub fn tag_map(&self) -> HashMap<String, String> {
        self.tags().into_iter().collect()
    }

    /// The ownership tags as a service takes them that lists tags as objects.
    pub fn tag_list<T: SdkTag>(&self, operation: &str) -> Result<Vec<T>, Fault> {
        let tags = self.tags().into_iter().map(|(k, v)| T::build(k, v));
        let tags: Result<_, _> = tags.collect();
        tags.map_err(|e| Fault::defect(operation, e))
    }

    /// Whether tags read from AWS say that a resource belongs to this lab: they have its name, and a run that is this
    /// user's (see [`Trust`](super::Trust)).
    pub fn owns(&self, tags: impl Tagged) -> bool {
        if tags.lab() != Some(self.lab()) {
            return false;
        }
        let run = tags.value(TAG_RUN);
        if let Some(run) = run {
            let maker = Maker {
                owner: tags.value(TAG_OWNER).map(str::to_owned),
                by: tags.value(TAG_BY).map(labfiles::plain),
            };
            let makers = self.shared.makers.lock();
            let mut makers = makers.unwrap_or_else(PoisonError::into_inner);
            makers.insert(run.to_owned(), maker);
        }
        self.shared.trust.has(run)
    }

    /// Whether a recorded id leads to a stranger: to what another lab's tags are on, or to what has neither tags nor
    /// the recorded name. One that only lost its tags is ours.
    pub fn is_strange(&self, tags: impl Tagged, name: Option<&str>, recorded: &str) -> bool {
        match tags.lab() {
            Some(_) => !self.owns(tags),
            None => name != Some(recorded),
        }
    }

    /// What was seen to carry the lab's name: runs whose things are ours, and runs of others.
    pub fn makers(&self) -> (Makers, Makers) {
        let makers = self.shared.makers.lock();
        let makers = makers.unwrap_or_else(PoisonError::into_inner).clone();
        let ours = |(run, _): &(String, Maker)| self.shared.trust.has(Some(run));
        makers.into_iter().partition(ours)
    }

    /// Notes a lost ownership tag of a resource that an id of AWS's making shows to be ours.
    pub fn compare_tag(&self, compare: &mut Compare, tags: impl Tagged) {
        compare.field(TAG_FIELD, &Some(self.lab()), &tags.lab());
    }
}

/// Describes another owner's resource: `what` is its ARN or id, and what else is known of it.
pub fn stranger(what: &str, tags: impl Tagged) -> Stranger {
    // Anybody may have written them.
    let tags: BTreeMap<String, String> = tags
        .pairs()
        .map(|(k, v)| (labfiles::plain(k), labfiles::plain(v)))
        .collect();
    let what = labfiles::plain(what);
    let lab = tags.get(TAG_LAB).cloned();
    let seen = match &lab {
        Some(lab) => {
            let by = tags.get(TAG_BY).map(|by| format!(", made by {by}"));
            let run = tags.get(TAG_RUN).map(|run| format!(" (run {run})"));
            let [by, run] = [by, run].map(Option::unwrap_or_default);
            format!("{what} belongs to the lab `{lab}`{by}{run}")
        }
        None if tags.is_empty() => {
            format!("{what} exists without this lab's tags, and has no others")
        }
        None => {
            let all: Vec<_> = tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!(
                "{what} exists without this lab's tags; it has {}",
                all.join(", ")
            )
        }
    };
    Stranger { seen, lab }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built<T: SdkTag>(tags: &[(&str, &str)]) -> Vec<T> {
        let build = |(k, v): &(&str, &str)| T::build((*k).to_owned(), (*v).to_owned());
        tags.iter().map(|tag| build(tag).expect("a tag")).collect()
    }

    #[test]
    fn every_shape_shows_the_lab() {
        for (tags, lab) in [
            (&[][..], None),
            (&[("labctl:run", "r"), ("lab", "l")], None),
            (&[("a", "b"), (TAG_LAB, "blue"), ("z", "")], Some("blue")),
            (&[(TAG_LAB, "")], Some("")),
        ] {
            let owned = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
            let map: HashMap<String, String> = tags.iter().map(owned).collect();
            assert_eq!(map.lab(), lab);
            assert_eq!(Some(&map).lab(), lab);
            assert_eq!(built::<aws_sdk_iam::types::Tag>(tags).lab(), lab);
            assert_eq!(
                built::<aws_sdk_wafv2::types::Tag>(tags).as_slice().lab(),
                lab
            );
            assert_eq!(
                Some(built::<aws_sdk_cloudfront::types::Tag>(tags)).lab(),
                lab
            );
        }
        assert_eq!(None::<HashMap<String, String>>.lab(), None);
    }

    #[test]
    fn a_stranger_is_described_in_plain_characters() {
        let tags = |all: &[(&str, &str)]| built::<aws_sdk_iam::types::Tag>(all);
        let none = stranger("arn", tags(&[]));
        assert_eq!(
            none.seen,
            "arn exists without this lab's tags, and has no others"
        );
        let other = stranger("arn", tags(&[("team", "\u{1b}[2Jred"), ("a", "b")]));
        assert_eq!(other.lab, None);
        assert!(
            other
                .seen
                .starts_with("arn exists without this lab's tags; it has a=b, team=")
        );
        assert!(!other.seen.contains('\u{1b}'), "{}", other.seen);
        let lab = stranger("a\u{7}rn", tags(&[(TAG_LAB, "blue")]));
        assert_eq!(lab.lab.as_deref(), Some("blue"));
        assert!(lab.seen.ends_with("belongs to the lab `blue`") && !lab.seen.contains('\u{7}'));
    }
}
