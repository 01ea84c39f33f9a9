//! Groups of users.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    State, User,
    fault::Result,
    identity::{Kind, Permissions},
    inline::Of,
    managed_policies::conflict,
    paging::paged,
};
use crate::{app::now_s, call::ApiError, ids};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(super) name: String,
    arn: String,
    /// `AGPA…`
    pub(super) id: String,
    path: String,
    /// Seconds since the epoch.
    created: f64,
    #[serde(flatten)]
    pub(super) permissions: Permissions,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    group_name: String,
    path: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Member {
    group_name: String,
    user_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

impl Group {
    fn shown(&self) -> Value {
        json!({
            "Path": self.path,
            "GroupName": self.name,
            "GroupId": self.id,
            "Arn": self.arn,
            "CreateDate": self.created,
        })
    }
}

impl State {
    fn group(&self, name: &str) -> Result<&Group> {
        let group = self.groups.get(name);
        group.ok_or_else(|| Kind::Group.absent(name))
    }

    fn members<'s>(&'s self, group: &'s str) -> impl Iterator<Item = &'s User> {
        let users = self.users.values();
        users.filter(move |user| user.groups.contains(group))
    }

    pub(super) fn create_group(&mut self, account: &str, input: Create) -> Result<Value> {
        let name = input.group_name;
        if self
            .groups
            .keys()
            .any(|known| known.eq_ignore_ascii_case(&name))
        {
            return Err(ApiError::new(
                409,
                "EntityAlreadyExists",
                format!("Group with name {name} already exists."),
            ));
        }
        let path = input.path.unwrap_or_else(|| "/".to_owned());
        let group = Group {
            arn: format!("arn:aws:iam::{account}:group{path}{name}"),
            id: format!("AGPA{}", ids::upper(17)),
            path,
            created: now_s(),
            permissions: Permissions::default(),
            name: name.clone(),
        };
        let answer = json!({ "Group": group.shown() });
        self.groups.insert(name, group);
        Ok(answer)
    }

    pub(super) fn get_group(&self, input: Of) -> Result<Value> {
        let group = self.group(&input.name)?;
        let mut answer = paged(
            "Users",
            self.members(&input.name),
            |user| user.name.clone(),
            User::shown,
            input.marker.as_deref(),
            input.max_items,
        )?;
        answer["Group"] = group.shown();
        Ok(answer)
    }

    pub(super) fn list_groups(&self, input: List) -> Result<Value> {
        let prefix = input.path_prefix.unwrap_or_default();
        let groups = self.groups.values();
        paged(
            "Groups",
            groups.filter(|group| group.path.starts_with(&prefix)),
            |group| group.name.clone(),
            Group::shown,
            input.marker.as_deref(),
            input.max_items,
        )
    }

    pub(super) fn list_groups_of(&self, input: Of) -> Result<Value> {
        let names = self.user(&input.name)?.groups.iter();
        paged(
            "Groups",
            names.filter_map(|name| self.groups.get(name)),
            |group| group.name.clone(),
            Group::shown,
            input.marker.as_deref(),
            input.max_items,
        )
    }

    pub(super) fn delete_group(&mut self, input: Of) -> Result<()> {
        let group = self.group(&input.name)?;
        if self.members(&input.name).next().is_some() {
            return conflict("Cannot delete entity, must remove users from group first.");
        }
        if !group.permissions.attached.is_empty() {
            return conflict("Cannot delete entity, must detach all policies first.");
        }
        if !group.permissions.inline.is_empty() {
            return conflict("Cannot delete entity, must delete policies first.");
        }
        self.groups.remove(&input.name);
        Ok(())
    }

    pub(super) fn add_member(&mut self, input: Member) -> Result<()> {
        self.group(&input.group_name)?;
        let user = self.user_mut(&input.user_name)?;
        user.groups.insert(input.group_name);
        Ok(())
    }

    pub(super) fn remove_member(&mut self, input: Member) -> Result<()> {
        self.group(&input.group_name)?;
        let user = self.user_mut(&input.user_name)?;
        user.groups.remove(&input.group_name);
        Ok(())
    }
}
