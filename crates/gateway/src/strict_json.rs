//! JSON that can be read in one way only: no key twice, and not nested without end.
//!
//! A duplicate key is where two readers of one text disagree, which is how a check is passed
//! with one value and the work done with the other.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Members a comparison of all pairs is quicker for than a set.
const FEW: usize = 12;
/// Members of one object. Nobody honest sends a hundredth of it, and remembering them to find
/// a second one costs memory.
const MOST_MEMBERS: usize = 10_000;

/// Not JSON, a key that appears twice, or nested too deeply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not strict JSON")]
pub(crate) struct NotStrict;

/// Well-formed JSON, no object with a key twice, at most `deepest` levels.
pub(crate) fn check(text: &str, deepest: u8) -> Result<(), NotStrict> {
    let mut input = serde_json::Deserializer::from_str(text);
    Strict { left: deepest }.deserialize(&mut input).map_err(|_| NotStrict)?;
    input.end().map_err(|_| NotStrict)
}

/// The members of a body that is one strict object.
pub(crate) fn object(body: &[u8], deepest: u8) -> Result<Map<String, Value>, NotStrict> {
    let text = std::str::from_utf8(body).map_err(|_| NotStrict)?;
    check(text, deepest)?;
    serde_json::from_str(text).map_err(|_| NotStrict)
}

/// Strings borrowed where they need no unescaping.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Walks a value and keeps nothing but the keys of the objects it is inside of.
#[derive(Clone, Copy)]
struct Strict {
    left: u8,
}

impl Strict {
    fn inside<E: de::Error>(self) -> Result<Self, E> {
        let left = self.left.checked_sub(1).ok_or_else(|| E::custom("nested too deeply"))?;
        Ok(Self { left })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inside = self.inside()?;
        while items.next_element_seed(inside)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inside = self.inside()?;
        let mut keys = Keys::default();
        while let Some(Text(key)) = members.next_key::<Text<'de>>()? {
            if !keys.insert(key) {
                return Err(de::Error::custom("a key appears twice"));
            }
            members.next_value_seed(inside)?;
        }
        Ok(())
    }
}

#[derive(Default)]
struct Keys<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
}

impl<'a> Keys<'a> {
    /// False when the key is there already, or one too many.
    fn insert(&mut self, key: Cow<'a, str>) -> bool {
        if self.few.contains(&key) || self.many.len() >= MOST_MEMBERS {
            return false;
        }
        if self.few.len() < FEW {
            self.few.push(key);
            return true;
        }
        self.many.insert(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_in_one_way_or_not_at_all() {
        assert_eq!(object(br#"{"a":[{"b":1}],"c":{"b":2}}"#, 4).unwrap().len(), 2);
        let many = (0..40).fold(String::new(), |text, at| text + "\"k" + &at.to_string() + "\":0,");
        for bad in [
            "",
            "[]",
            "null",
            "1",
            "{} {}",
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            "\u{feff}{}",
            &format!("{{{many}\"k39\":0}}"),
            &format!("{}{}", "{\"a\":".repeat(5), "0".to_owned() + &"}".repeat(5)),
        ] {
            assert_eq!(object(bad.as_bytes(), 4), Err(NotStrict), "{bad}");
        }
        assert_eq!(object(b"{\"a\":\"\xff\"}", 4), Err(NotStrict));
        assert_eq!(object("{\"a\":".repeat(100_000).as_bytes(), 64), Err(NotStrict));
    }
}
