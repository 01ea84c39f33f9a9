//! Users, and the keys that stand for them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    State,
    fault::{Result, absent, exceeded},
    identity::{Kind, Permissions, boundary},
    managed_policies::conflict,
    paging::paged,
    tags::{Tag, checked, shown},
};
use crate::{
    app::now_s,
    call::{ApiError, Call},
    ids,
};

const USERS: usize = 5000;
const KEYS: usize = 2;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) arn: String,
    /// `AIDA…`: another one for each user made under the same name.
    pub(crate) id: String,
    path: String,
    /// Seconds since the epoch.
    created: f64,
    #[serde(flatten)]
    pub(super) permissions: Permissions,
    pub(super) tags: BTreeMap<String, String>,
    pub(crate) keys: Vec<AccessKey>,
    /// By name.
    pub(super) groups: BTreeSet<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AccessKey {
    /// `AKIA…`
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) active: bool,
    /// Seconds since the epoch.
    created: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    user_name: String,
    path: Option<String>,
    permissions_boundary: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

/// Without a name it is the caller.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfUser {
    user_name: Option<String>,
    access_key_id: Option<String>,
    status: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

impl OfUser {
    fn name(&self, call: &Call) -> Result<String> {
        let own = || call.caller.as_ref().and_then(|caller| caller.user());
        let name = self.user_name.as_deref().or_else(own);
        name.map(str::to_owned).ok_or_else(|| {
            ApiError::new(
                501,
                "NotImplementedException",
                format!(
                    "labctl's local AWS does not serve {} of who is no user: give a UserName",
                    call.operation
                ),
            )
        })
    }
}

impl User {
    /// As it is made and listed.
    pub(super) fn shown(&self) -> Value {
        json!({
            "Path": self.path,
            "UserName": self.name,
            "UserId": self.id,
            "Arn": self.arn,
            "CreateDate": self.created,
        })
    }

    fn shown_whole(&self) -> Value {
        let mut whole = self.shown();
        if let Some(arn) = &self.permissions.boundary {
            whole["PermissionsBoundary"] = boundary(arn);
        }
        if !self.tags.is_empty() {
            whole["Tags"] = json!(shown(&self.tags));
        }
        whole
    }
}

impl AccessKey {
    fn shown(&self, user: &str) -> Value {
        json!({
            "UserName": user,
            "AccessKeyId": self.id,
            "Status": if self.active { "Active" } else { "Inactive" },
            "CreateDate": self.created,
        })
    }
}

impl State {
    pub(super) fn user(&self, name: &str) -> Result<&User> {
        let user = self.users.get(name);
        user.ok_or_else(|| Kind::User.absent(name))
    }

    pub(super) fn user_mut(&mut self, name: &str) -> Result<&mut User> {
        let user = self.users.get_mut(name);
        user.ok_or_else(|| Kind::User.absent(name))
    }

    /// The user of an access key, and the key.
    pub(crate) fn user_of_key(&self, id: &str) -> Option<(&User, &AccessKey)> {
        self.users.values().find_map(|user| {
            let key = user.keys.iter().find(|key| key.id == id)?;
            Some((user, key))
        })
    }

    /// A user by name, if it is still the one of this id.
    pub(crate) fn user_of_id(&self, name: &str, id: &str) -> Option<&User> {
        self.users.get(name).filter(|user| user.id == id)
    }

    /// Whether there is such a user.
    pub(crate) fn has_user(&self, arn: &str) -> bool {
        self.users.values().any(|user| user.arn == arn)
    }

    pub(super) fn create_user(&mut self, account: &str, input: Create) -> Result<Value> {
        let name = input.user_name;
        if self
            .users
            .keys()
            .any(|known| known.eq_ignore_ascii_case(&name))
        {
            return Err(ApiError::new(
                409,
                "EntityAlreadyExists",
                format!("User with name {name} already exists."),
            ));
        }
        if self.users.len() >= USERS {
            return Err(exceeded("UsersPerAccount", USERS));
        }
        self.check_boundary(input.permissions_boundary.as_ref())?;
        let path = input.path.unwrap_or_else(|| "/".to_owned());
        let user = User {
            arn: format!("arn:aws:iam::{account}:user{path}{name}"),
            id: format!("AIDA{}", ids::upper(17)),
            path,
            created: now_s(),
            permissions: Permissions {
                boundary: input.permissions_boundary,
                ..Permissions::default()
            },
            tags: checked(BTreeMap::new(), input.tags, "TagsPerUser")?,
            keys: Vec::new(),
            groups: BTreeSet::new(),
            name: name.clone(),
        };
        let answer = json!({ "User": user.shown_whole() });
        self.users.insert(name, user);
        Ok(answer)
    }

    pub(super) fn get_user(&self, call: &Call, input: OfUser) -> Result<Value> {
        let user = self.user(&input.name(call)?)?;
        Ok(json!({ "User": user.shown_whole() }))
    }

    pub(super) fn list_users(&self, input: List) -> Result<Value> {
        let prefix = input.path_prefix.unwrap_or_default();
        let users = self.users.values();
        paged(
            "Users",
            users.filter(|user| user.path.starts_with(&prefix)),
            |user| user.name.clone(),
            User::shown,
            input.marker.as_deref(),
            input.max_items,
        )
    }

    pub(super) fn delete_user(&mut self, call: &Call, input: OfUser) -> Result<()> {
        let name = input.name(call)?;
        let user = self.user(&name)?;
        if !user.keys.is_empty() {
            return conflict("Cannot delete entity, must delete access keys first.");
        }
        if !user.permissions.attached.is_empty() {
            return conflict("Cannot delete entity, must detach all policies first.");
        }
        if !user.permissions.inline.is_empty() {
            return conflict("Cannot delete entity, must delete policies first.");
        }
        if !user.groups.is_empty() {
            return conflict("Cannot delete entity, must remove users from group first.");
        }
        self.users.remove(&name);
        Ok(())
    }

    pub(super) fn create_key(&mut self, call: &Call, input: OfUser) -> Result<Value> {
        let user = self.user_mut(&input.name(call)?)?;
        if user.keys.len() >= KEYS {
            return Err(exceeded("AccessKeysPerUser", KEYS));
        }
        let key = AccessKey {
            id: format!("AKIA{}", ids::upper(16)),
            secret: ids::mixed(40),
            active: true,
            created: now_s(),
        };
        let mut shown = key.shown(&user.name);
        shown["SecretAccessKey"] = json!(key.secret);
        user.keys.push(key);
        Ok(json!({ "AccessKey": shown }))
    }

    pub(super) fn list_keys(&self, call: &Call, input: OfUser) -> Result<Value> {
        let user = self.user(&input.name(call)?)?;
        paged(
            "AccessKeyMetadata",
            &user.keys,
            |key| key.id.clone(),
            |key| key.shown(&user.name),
            input.marker.as_deref(),
            input.max_items,
        )
    }

    pub(super) fn update_key(&mut self, call: &Call, input: OfUser) -> Result<()> {
        let user = self.user_mut(&input.name(call)?)?;
        let id = input.access_key_id.unwrap_or_default();
        let key = user.keys.iter_mut().find(|key| key.id == id);
        key.ok_or_else(|| no_key(&id))?.active = input.status.as_deref() == Some("Active");
        Ok(())
    }

    pub(super) fn delete_key(&mut self, call: &Call, input: OfUser) -> Result<()> {
        let user = self.user_mut(&input.name(call)?)?;
        let id = input.access_key_id.unwrap_or_default();
        let index = user.keys.iter().position(|key| key.id == id);
        user.keys.remove(index.ok_or_else(|| no_key(&id))?);
        Ok(())
    }
}

fn no_key(id: &str) -> ApiError {
    absent(format!("The Access Key with id {id} cannot be found."))
}
