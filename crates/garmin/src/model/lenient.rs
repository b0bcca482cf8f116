//! Reading values that may be missing, null, or of a neighbouring type.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::times;

/// A value that can be read from whatever JSON is there.
pub(crate) trait Lenient: Sized {
    /// `None` for null and for values that cannot mean this.
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error>;
}

/// An object's fields, filled one key at a time. Not serde's derive: that refuses an object which
/// has a key twice, or two spellings of one key, and Garmin sends such objects.
pub(crate) trait Fields: Default {
    /// Reads the value of `key`. Of two that say something the first is kept.
    fn fill<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
}

/// The next value of a map, kept in `field` unless that says something already.
pub(crate) fn fill<'de, A, T>(field: &mut Option<T>, map: &mut A) -> Result<(), A::Error>
where
    A: MapAccess<'de>,
    T: Lenient,
{
    let value = map.next_value_seed(Item(PhantomData))?;
    if field.is_none() {
        *field = value;
    }
    Ok(())
}

/// A value to be read as a `T`.
struct Item<T>(PhantomData<T>);

impl<'de, T: Lenient> DeserializeSeed<'de> for Item<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<T>, D::Error> {
        T::read(from)
    }
}

/// An object, or nothing.
pub(crate) fn model<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Fields,
{
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Fields> Visitor<'de> for Object<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut object = T::default();
            while let Some(key) = map.next_key::<String>()? {
                object.fill(&key, &mut map)?;
            }
            Ok(Some(object))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
            skip(items)?;
            Ok(None)
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
            Ok(None)
        }
    }

    from.deserialize_any(Object(PhantomData))
}

fn skip<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
    while items.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Any JSON value that is not a collection.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Nothing,
    Bool(bool),
    Whole(i64),
    Number(f64),
    Text(String),
}

impl Scalar {
    pub(super) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
                Ok(Scalar::Nothing)
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar::Whole(value))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar, E> {
                Ok(i64::try_from(value).map_or(Scalar::Nothing, Scalar::Whole))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Scalar, E> {
                Ok(Scalar::Number(value))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Scalar, A::Error> {
                skip(items)?;
                Ok(Scalar::Nothing)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Nothing)
            }
        }

        from.deserialize_any(Any)
    }

    fn whole(&self) -> Option<i64> {
        match self {
            Self::Whole(value) => Some(*value),
            Self::Number(value) => rounded(*value),
            Self::Text(text) => match text.trim().parse() {
                Ok(value) => Some(value),
                Err(_) => rounded(text.trim().parse().ok()?),
            },
            Self::Nothing | Self::Bool(_) => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "measurements are far below 2^53")]
            Self::Whole(value) => Some(*value as f64),
            Self::Number(value) => Some(*value),
            Self::Text(text) => text.trim().parse().ok().filter(|value: &f64| value.is_finite()),
            Self::Nothing | Self::Bool(_) => None,
        }
    }
}

fn rounded(value: f64) -> Option<i64> {
    // Beyond 2^53 a float no longer names one integer.
    const LARGEST: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    (value.abs() <= LARGEST).then(|| value.round() as i64)
}

/// Nothing that Garmin counts or measures, and no id or time of its, is larger; what is cannot be
/// reckoned with: a sum of such numbers would overflow.
const MOST: u64 = 1 << 53;

macro_rules! from_scalar {
    ($($type:ty: $read:expr;)*) => {$(
        impl Lenient for $type {
            fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
                let read: fn(Scalar) -> Option<$type> = $read;
                Scalar::read(from).map(read)
            }
        }
    )*};
}

from_scalar! {
    i64: |scalar| scalar.whole().filter(|whole| whole.unsigned_abs() <= MOST);
    f64: |scalar| {
        #[expect(clippy::cast_precision_loss, reason = "a power of two")]
        let most = MOST as f64;
        scalar.number().filter(|number| number.abs() <= most)
    };
    bool: |scalar| match scalar {
        Scalar::Bool(value) => Some(value),
        Scalar::Text(text) => text.trim().to_ascii_lowercase().parse().ok(),
        Scalar::Nothing | Scalar::Whole(_) | Scalar::Number(_) => None,
    };
    // Ids come as numbers and as strings; an empty string says nothing.
    String: |scalar| match scalar {
        Scalar::Text(text) => Some(text).filter(|text| !text.trim().is_empty()),
        Scalar::Whole(value) => Some(value.to_string()),
        Scalar::Number(value) => Some(value.to_string()),
        Scalar::Nothing | Scalar::Bool(_) => None,
    };
    jiff::Timestamp: |scalar| match scalar {
        Scalar::Text(text) => times::instant(&text),
        other => jiff::Timestamp::from_millisecond(other.whole()?).ok(),
    };
    jiff::civil::DateTime: |scalar| match scalar {
        Scalar::Text(text) => times::wall(&text),
        // The wall clock written as if it were UTC: nothing is to be added or taken away.
        other => times::wall_from_millis(other.whole()?),
    };
    jiff::civil::Date: |scalar| match scalar {
        Scalar::Text(text) => times::date(&text),
        Scalar::Nothing | Scalar::Bool(_) | Scalar::Whole(_) | Scalar::Number(_) => None,
    };
}

/// Items that cannot be read are left out.
impl<T: Lenient> Lenient for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        struct Items<T>(PhantomData<T>);

        impl<'de, T: Lenient> Visitor<'de> for Items<T> {
            type Value = Option<Vec<T>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element_seed(Item(PhantomData))? {
                    items.extend(item);
                }
                Ok(Some(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(None)
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
                Ok(None)
            }
        }

        from.deserialize_any(Items(PhantomData))
    }
}

/// An object whose keys are data: ids of devices, days, names of groups. In Garmin's order; what
/// cannot be read is left out.
#[derive(Debug, Clone, PartialEq)]
pub struct ByKey<T>(Vec<(String, T)>);

impl<T> Default for ByKey<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> ByKey<T> {
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, value)| value)
    }

    #[must_use]
    pub fn get(&self, key: &str) -> Option<&T> {
        self.iter().find_map(|(known, value)| (known == key).then_some(value))
    }
}

impl<T> FromIterator<(String, T)> for ByKey<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl<T: Lenient> Lenient for ByKey<T> {
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        model::<D, Pairs<T>>(from).map(|pairs| pairs.map(|pairs| Self(pairs.0)))
    }
}

struct Pairs<T>(Vec<(String, T)>);

impl<T> Default for Pairs<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Lenient> Fields for Pairs<T> {
    fn fill<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let value = map.next_value_seed(Item(PhantomData))?;
        if let Some(value) = value
            && self.0.iter().all(|(known, _)| known != key)
        {
            self.0.push((key.to_owned(), value));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::model::DailySummary;
    use fields::Sample;

    #[expect(unreachable_pub, reason = "the macro declares what the crate exports")]
    mod fields {
        use crate::model::model;

        model! {
            /// Every kind of field there is.
            Sample as "a sample" {
                "whole" => whole: i64,
                "number" => number: f64,
                "text" => text: String,
                "flag" => flag: bool,
                "at" => at: jiff::Timestamp,
                "wall" => wall: jiff::civil::DateTime,
                "day" => day: jiff::civil::Date,
                "inner" => inner: Inner,
                "list" => list: Vec<Inner>,
                "either" | "orElse" => either: i64,
                "byKey" => by_key: crate::model::ByKey<Inner>,
            }
            Inner as "an inner sample" { "x" => x: i64, }
        }
    }

    fn read(text: &str) -> Sample {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn neighbouring_types_are_understood() {
        let sample = read(
            r#"{"whole":520.0,"number":"95.7","text":3300000001,"flag":"True",
                "at":"2026-05-01T05:00:00.123","wall":1777590600000,"day":"2026-05-01",
                "inner":{"x":"7","unknown":[1,{"a":2}]},"list":[{"x":1},null,3,{"x":2}]}"#,
        );
        assert_eq!(sample.whole, Some(520));
        assert_eq!(sample.number, Some(95.7));
        assert_eq!(sample.text.as_deref(), Some("3300000001"));
        assert_eq!(sample.flag, Some(true));
        assert_eq!(sample.at.unwrap().to_string(), "2026-05-01T05:00:00.123Z");
        assert_eq!(sample.wall.unwrap().to_string(), "2026-04-30T23:10:00");
        assert_eq!(sample.day.unwrap().to_string(), "2026-05-01");
        assert_eq!(sample.inner.unwrap().x, Some(7));
        let list: Vec<_> = sample.list.unwrap().iter().map(|inner| inner.x).collect();
        assert_eq!(list, [Some(1), Some(2)]);
    }

    #[test]
    fn senseless_types_and_nulls_are_absent_and_cost_nothing_else() {
        for value in ["null", "[]", "{}", "[1,[2]]", r#"{"a":[1]}"#, "true", r#""""#] {
            let sample = read(&format!(
                r#"{{"whole":{value},"number":{value},"at":{value},"wall":{value},"day":{value},"text":"kept"}}"#
            ));
            assert_eq!(
                sample,
                Sample { text: Some("kept".into()), ..Sample::default() },
                "{value}"
            );
        }
        let sample = read(r#"{"inner":[],"list":{},"flag":3,"text":" ","whole":1e300}"#);
        assert_eq!(sample, Sample::default());
        let sample = read(r#"{"whole":18446744073709551615,"at":99999999999999999,"text":true}"#);
        assert_eq!(sample, Sample::default());
    }

    #[test]
    fn two_spellings_of_one_key_and_a_key_twice_cost_nothing() {
        let both = read(r#"{"either":1,"orElse":2,"text":"kept"}"#);
        assert_eq!((both.either, both.text.as_deref()), (Some(1), Some("kept")));
        assert_eq!(read(r#"{"orElse":2,"either":1}"#).either, Some(2));
        assert_eq!(read(r#"{"either":null,"orElse":2}"#).either, Some(2));
        assert_eq!(read(r#"{"either":1,"orElse":null}"#).either, Some(1));
        assert_eq!(read(r#"{"whole":1,"whole":2}"#).whole, Some(1));
    }

    #[test]
    fn an_object_with_data_for_keys_keeps_what_can_be_read_in_order() {
        let sample = read(r#"{"byKey":{"b":{"x":1},"a":null,"c":7,"b":{"x":2},"d":{"x":0}}}"#);
        let by_key = sample.by_key.unwrap();
        let pairs: Vec<_> = by_key.iter().map(|(key, inner)| (key, inner.x)).collect();
        assert_eq!(pairs, [("b", Some(1)), ("d", Some(0))]);
        assert_eq!((by_key.get("d").and_then(|inner| inner.x), by_key.get("a")), (Some(0), None));
        for nothing in ["null", "[]", "3", r#""x""#] {
            let sample = read(&format!(r#"{{"byKey":{nothing},"text":"kept"}}"#));
            assert_eq!((sample.by_key, sample.text.as_deref()), (None, Some("kept")), "{nothing}");
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            any::<f64>().prop_map(serde_json::Value::from),
            "\\PC{0,12}".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                proptest::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_stands_in_a_known_field_the_model_is_read(value in any_json()) {
            let mut json = serde_json::Map::new();
            for key in ["whole", "number", "text", "flag", "at", "wall", "day", "inner", "list", "either",
                "orElse", "byKey"] {
                json.insert(key.to_owned(), value.clone());
            }
            let text = serde_json::Value::Object(json).to_string();
            prop_assert!(serde_json::from_str::<Sample>(&text).is_ok());
            let summary = format!(r#"{{"totalSteps":{value},"restingHeartRate":51}}"#);
            let summary: DailySummary = serde_json::from_str(&summary).unwrap();
            prop_assert_eq!(summary.resting_heart_rate, Some(51));
        }
    }
}
