//! Roles that a service has made for itself: nobody else changes them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Role, State,
    fault::{Result, absent, invalid_input},
};
use crate::{call::ApiError, ids};

/// Service, the role's name behind [`NAME`], AWS's managed policies in it. Recorded: LocalStack's `TestIAMServiceRoles`.
const ROLES: &str = include_str!("../../models/service-linked-roles.txt");
const NAME: &str = "AWSServiceRoleFor";
const PATH: &str = "/aws-service-role/";
const WITH_SUFFIX: [&str; 3] = [
    "autoscaling.amazonaws.com",
    "connect.amazonaws.com",
    "lexv2.amazonaws.com",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    #[serde(rename = "AWSServiceName")]
    service: String,
    description: Option<String>,
    custom_suffix: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Delete {
    role_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Status {
    deletion_task_id: String,
}

impl Role {
    fn is_service_linked(&self) -> bool {
        self.path.starts_with(PATH)
    }
}

impl State {
    /// A role that its account may change.
    pub(super) fn own_role_mut(&mut self, name: &str) -> Result<&mut Role> {
        let role = self.existing_mut(name)?;
        if role.is_service_linked() {
            return Err(ApiError::new(
                400,
                "UnmodifiableEntity",
                format!(
                    "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
                ),
            ));
        }
        Ok(role)
    }

    pub(super) fn create_service_linked(&mut self, account: &str, input: Create) -> Result<Value> {
        let service = &input.service;
        let known = ROLES.lines().find_map(|line| {
            let mut words = line.split(' ');
            let found = words.next() == Some(service);
            found.then(|| (words.next().unwrap_or_default(), words))
        });
        let Some((name, policies)) = known else {
            return Err(ApiError::new(
                501,
                "NotImplementedException",
                format!("labctl's local AWS does not serve service-linked roles of {service}"),
            ));
        };
        let name = match input.custom_suffix.as_deref() {
            None => format!("{NAME}{name}"),
            Some(suffix) if WITH_SUFFIX.contains(&service.as_str()) => {
                format!("{NAME}{name}_{suffix}")
            }
            Some(_) => {
                return Err(invalid_input(format!(
                    "Custom suffix is not allowed for {service}"
                )));
            }
        };
        if self.roles.contains_key(&name) {
            return Err(invalid_input(format!(
                "Service role name {name} has been taken in this account, please try a different suffix."
            )));
        }
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": service},
        }]});
        let mut role = Role::new(
            account,
            format!("{PATH}{service}/"),
            name,
            trust.to_string(),
        );
        role.description = input.description;
        let arn = |policy| format!("arn:aws:iam::aws:policy/aws-service-role/{policy}");
        role.permissions.attached = policies.map(arn).collect();
        let answer = json!({ "Role": role.shown_new() });
        self.roles.insert(role.name.clone(), role);
        Ok(answer)
    }

    /// AWS asks the service first, which takes a while; the twin has no such service, so nothing is in the way.
    pub(super) fn delete_service_linked(&mut self, input: Delete) -> Result<Value> {
        let name = &input.role_name;
        let role = self.existing(name)?;
        if !role.is_service_linked() {
            return Err(invalid_input(format!(
                "The role {name} is not a service linked role."
            )));
        }
        let task = format!("task{}{name}/{}", role.path, ids::uuid());
        self.roles.remove(name);
        self.deletions.insert(task.clone());
        Ok(json!({ "DeletionTaskId": task }))
    }

    pub(super) fn deletion_status(&self, input: Status) -> Result<Value> {
        if self.deletions.contains(&input.deletion_task_id) {
            return Ok(json!({ "Status": "SUCCEEDED" }));
        }
        let task = input.deletion_task_id;
        Err(absent(format!("DeletionTaskId {task} cannot be found.")))
    }
}
