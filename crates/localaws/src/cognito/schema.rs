//! User attributes: what a pool knows, and what a request may set.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fault;
use crate::call::ApiError;

/// `SchemaAttributeType` of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the model's names")]
pub(super) struct Attribute {
    pub(super) name: String,
    #[serde(default = "string")]
    pub(super) attribute_data_type: String,
    #[serde(default)]
    pub(super) developer_only_attribute: bool,
    #[serde(default = "yes")]
    pub(super) mutable: bool,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) number_attribute_constraints: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) string_attribute_constraints: Option<Value>,
}

/// Characters of a text.
const LONGEST: i64 = 2048;

fn yes() -> bool {
    true
}

fn string() -> String {
    "String".to_owned()
}

/// `AttributeType` of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NameValue {
    pub(super) name: String,
    #[serde(default)]
    pub(super) value: String,
}

impl NameValue {
    pub(super) fn list(attributes: &BTreeMap<String, String>) -> Vec<Self> {
        attributes
            .iter()
            .map(|(name, value)| Self {
                name: name.clone(),
                value: value.clone(),
            })
            .collect()
    }
}

/// The standard attributes that every pool has, in AWS's order.
fn standard() -> Vec<Attribute> {
    const NAMES: [&str; 21] = [
        "profile",
        "address",
        "birthdate",
        "gender",
        "preferred_username",
        "updated_at",
        "website",
        "picture",
        "identities",
        "sub",
        "phone_number",
        "phone_number_verified",
        "zoneinfo",
        "locale",
        "email",
        "email_verified",
        "given_name",
        "family_name",
        "middle_name",
        "name",
        "nickname",
    ];
    NAMES
        .into_iter()
        .map(|name| {
            let data_type = match name {
                "email_verified" | "phone_number_verified" => "Boolean",
                "updated_at" => "Number",
                _ => "String",
            };
            Attribute {
                name: name.to_owned(),
                attribute_data_type: data_type.to_owned(),
                developer_only_attribute: false,
                mutable: name != "sub",
                required: name == "sub",
                number_attribute_constraints: (data_type == "Number")
                    .then(|| json!({"MinValue": "0"})),
                string_attribute_constraints: (data_type == "String").then(|| match name {
                    "birthdate" => json!({"MinLength": "10", "MaxLength": "10"}),
                    "sub" => json!({"MinLength": "1", "MaxLength": "2048"}),
                    "identities" => json!({}),
                    _ => json!({"MinLength": "0", "MaxLength": "2048"}),
                }),
            }
        })
        .collect()
}

/// `SchemaAttributeType` as a request has it: most may be left out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Wanted {
    name: String,
    attribute_data_type: Option<String>,
    #[serde(default)]
    developer_only_attribute: bool,
    #[serde(default = "yes")]
    mutable: bool,
    #[serde(default)]
    required: bool,
    number_attribute_constraints: Option<Value>,
    string_attribute_constraints: Option<Value>,
}

impl Wanted {
    /// Source of the rules and texts: moto's tests `test_create_user_pool_*`, which are not verified on AWS.
    fn check_constraints(&self) -> Result<(), ApiError> {
        let name = &self.name;
        let invalid = |message: String| Err(fault::invalid_parameter(message));
        let (constraints, least, most, what) = match self.attribute_data_type.as_deref() {
            Some("String") => {
                let given = &self.string_attribute_constraints;
                (given, "MinLength", "MaxLength", "length")
            }
            Some("Number") => {
                let given = &self.number_attribute_constraints;
                (given, "MinValue", "MaxValue", "value")
            }
            _ => return Ok(()),
        };
        let of_text = what == "length";
        let mut limits = [None, None];
        for (limit, key) in limits.iter_mut().zip([least, most]) {
            let given = constraints.as_ref().and_then(|of| of.get(key)?.as_str());
            let Some(given) = given.filter(|given| !given.is_empty()) else {
                continue;
            };
            *limit = given.parse::<i64>().ok().filter(|n| !of_text || *n >= 0);
            if limit.is_none() {
                return invalid(format!("Invalid {key} for schema attribute {name}"));
            }
            if of_text && limit.is_some_and(|n| n > LONGEST) {
                return invalid(format!(
                    "user.{name}: String attributes cannot have a length of more than {LONGEST}"
                ));
            }
        }
        match limits {
            [Some(least), Some(most)] if least > most => invalid(format!(
                "user.{name}: Max {what} cannot be less than min {what}."
            )),
            _ => Ok(()),
        }
    }

    /// An attribute of the pool's own.
    fn custom(self) -> Result<Attribute, ApiError> {
        let Some(attribute_data_type) = self.attribute_data_type else {
            return Err(fault::invalid_parameter(
                "Invalid AttributeDataType input, consider using the provided AttributeDataType enum.",
            ));
        };
        if self.required {
            return Err(fault::invalid_parameter(
                "Required custom attributes are not supported currently.",
            ));
        }
        let prefix = if self.developer_only_attribute {
            "dev:custom:"
        } else {
            "custom:"
        };
        Ok(Attribute {
            name: format!("{prefix}{}", self.name),
            attribute_data_type,
            developer_only_attribute: self.developer_only_attribute,
            mutable: self.mutable,
            required: false,
            number_attribute_constraints: self.number_attribute_constraints,
            string_attribute_constraints: self.string_attribute_constraints,
        })
    }
}

/// The schema of a new pool: the standard attributes, changed and extended by the request.
pub(super) fn of_request(wanted: Vec<Wanted>) -> Result<Vec<Attribute>, ApiError> {
    let mut schema = standard();
    for attribute in wanted {
        if let Some(known) = schema.iter_mut().find(|known| known.name == attribute.name) {
            let data_type = attribute.attribute_data_type.as_ref();
            let other = data_type.is_some_and(|given| *given != known.attribute_data_type);
            if other || attribute.developer_only_attribute {
                return Err(fault::invalid_parameter(format!(
                    "You can not change AttributeDataType or set developerOnlyAttribute for standard schema \
                     attribute {}",
                    known.name
                )));
            }
            attribute.check_constraints()?;
            known.required = attribute.required || known.name == "sub";
            known.mutable = attribute.mutable && known.name != "sub";
            continue;
        }
        attribute.check_constraints()?;
        schema.push(attribute.custom()?);
    }
    Ok(schema)
}

/// Checks what a request wants to set, on a user that has `current` (empty: a new user).
pub(super) fn check(
    schema: &[Attribute],
    current: &BTreeMap<String, String>,
    wanted: &[NameValue],
) -> Result<(), ApiError> {
    for NameValue { name, value } in wanted {
        let Some(attribute) = schema.iter().find(|known| known.name == *name) else {
            return Err(fault::invalid_parameter(format!(
                "Attributes did not conform to the schema: Type for attribute {{{name}}} could not be determined"
            )));
        };
        let changed = current.get(name).is_some_and(|old| old != value);
        if name == "sub" || (changed && !attribute.mutable) {
            return Err(fault::invalid_parameter(format!(
                "user.{name}: Attribute cannot be updated."
            )));
        }
        let fits = match attribute.attribute_data_type.as_str() {
            // In any case: Python writes `True` (moto's tests, verified on AWS).
            "Boolean" => {
                let known = ["", "true", "false"];
                known.iter().any(|known| value.eq_ignore_ascii_case(known))
            }
            "Number" => value.is_empty() || value.parse::<f64>().is_ok(),
            _ => length_fits(attribute, value),
        };
        if !fits {
            return Err(fault::invalid_parameter(format!(
                "Attributes did not conform to the schema: {name}: Attribute does not fit its type or constraints"
            )));
        }
        if name == "email" && !value.is_empty() && !is_email(value) {
            return Err(fault::invalid_parameter("Invalid email address format."));
        }
        if name == "phone_number" && !value.is_empty() && !is_phone(value) {
            return Err(fault::invalid_parameter("Invalid phone number format."));
        }
    }
    for kind in ["email", "phone_number"] {
        let value = |name: &str| {
            let set = wanted
                .iter()
                .rev()
                .find(|a| a.name == name)
                .map(|a| a.value.as_str());
            set.or_else(|| current.get(name).map(String::as_str))
                .unwrap_or_default()
        };
        if value(&format!("{kind}_verified")).eq_ignore_ascii_case("true") && value(kind).is_empty()
        {
            return Err(fault::invalid_parameter(format!(
                "{kind} is required to set {kind}_verified to true"
            )));
        }
    }
    Ok(())
}

fn length_fits(attribute: &Attribute, value: &str) -> bool {
    let limit = |name: &str| {
        let limit = attribute.string_attribute_constraints.as_ref()?.get(name)?;
        limit.as_str()?.parse::<usize>().ok()
    };
    let length = value.chars().count();
    length == 0
        || (limit("MinLength").is_none_or(|least| length >= least)
            && limit("MaxLength").is_none_or(|most| length <= most))
}

pub(super) fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !domain.contains('@')
    }) && !text.contains(char::is_whitespace)
}

/// E.164, as Cognito wants it.
pub(super) fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (2..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    })
}
