//! A value of which only the form is known: what stands for an output that the cloud has yet to give.

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, IntoDeserializer, Visitor,
        value::{Error, MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};

use crate::NEW;

/// A `T` with [`NEW`] for every text, 0 for every number and nothing in lists. `None`: `T` refuses that.
pub fn unknown<T: DeserializeOwned>() -> Option<T> {
    T::deserialize(Unknown).ok()
}

#[derive(Clone, Copy)]
struct Unknown;

impl IntoDeserializer<'_> for Unknown {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Unknown {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(NEW)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(false)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u32(0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<Self>()))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(MapDeserializer::new(std::iter::empty::<(Self, Self)>()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_map(MapDeserializer::new(
            fields.iter().map(|field| (*field, self)),
        ))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        tuple tuple_struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Inner {
        name: String,
    }

    #[derive(Serialize, Deserialize)]
    struct Output {
        id: String,
        #[serde(deserialize_with = "crate::form::id")]
        checked: String,
        number: u32,
        perhaps: Option<String>,
        all: Vec<String>,
        named: BTreeMap<String, String>,
        inner: Inner,
    }

    #[test]
    fn every_text_is_new() {
        let output: Output = unknown().expect("a value");
        let wanted = json!({
            "id": NEW, "checked": NEW, "number": 0, "perhaps": NEW, "all": [], "named": {}, "inner": { "name": NEW }
        });
        assert_eq!(serde_json::to_value(output).expect("JSON"), wanted);
    }
}
