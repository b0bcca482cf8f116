//! Results that fit into a conversation.

use std::io;

use serde_json::Value;

/// Bytes of an ordinary result.
pub(crate) const RESULT: usize = 16 * 1024;
/// No result is larger, whatever it is.
pub(crate) const CEILING: usize = 80 * 1024;

/// For what is added to a result that was cut: flag, cursor, warnings.
const RESERVE: usize = 1024;
/// A result has no more parts that are worth cutting.
const CUTS: usize = 8;

/// A list that lost its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// Dot path of the list.
    pub(super) path: String,
    pub(super) shown: usize,
    pub(super) left: usize,
}

/// Bytes of the value as compact JSON.
pub(super) fn size(value: &Value) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting cannot fail, and neither can writing a value that was parsed or built.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

/// Shortens lists, the largest first, until the value fits or nothing is left to shorten. Cuts
/// between items only, and leaves every list its first one.
pub(super) fn fit(value: &mut Value, budget: usize) -> Vec<Cut> {
    let mut cuts: Vec<Cut> = Vec::new();
    let mut now = size(value);
    if now <= budget {
        return cuts;
    }
    let goal = budget.saturating_sub(RESERVE);
    while now > goal && cuts.len() < CUTS {
        let Some(path) = largest(value, &cuts) else { break };
        let Some(items) = at(value, &path) else { break };
        let excess = now - goal;
        let before = items.len();
        let mut freed = 0;
        while items.len() > 1 && freed < excess {
            freed += items.pop().map_or(0, |item| size(&item) + 1);
        }
        cuts.push(Cut { path, shown: items.len(), left: before - items.len() });
        now = size(value);
    }
    cuts.retain(|cut| cut.left > 0);
    cuts
}

/// The outermost list with the most bytes in it, unless it was cut already.
fn largest(value: &Value, cuts: &[Cut]) -> Option<String> {
    let mut found: Option<(usize, String)> = None;
    let mut open = vec![(String::new(), value)];
    while let Some((path, part)) = open.pop() {
        let child = |key: &str| {
            if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
        };
        match part {
            Value::Array(items) if items.len() > 1 && !cuts.iter().any(|cut| cut.path == path) => {
                let bytes = size(part);
                if found.as_ref().is_none_or(|(most, _)| bytes > *most) {
                    found = Some((bytes, path));
                }
            }
            Value::Array(items) => {
                let parts = items.iter().enumerate();
                open.extend(parts.map(|(index, item)| (child(&index.to_string()), item)));
            }
            Value::Object(parts) => {
                open.extend(parts.iter().map(|(key, part)| (child(key), part)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    found.map(|(_, path)| path)
}

fn at<'a>(value: &'a mut Value, path: &str) -> Option<&'a mut Vec<Value>> {
    let mut part = value;
    for key in path.split('.').filter(|key| !key.is_empty()) {
        part = match part {
            Value::Object(found) => found.get_mut(key)?,
            Value::Array(items) => items.get_mut(key.parse::<usize>().ok()?)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
        };
    }
    part.as_array_mut()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_fits_is_left_alone_and_the_largest_list_is_cut_first() {
        let mut small = json!({"a": [1, 2, 3]});
        assert_eq!(fit(&mut small, RESULT), []);
        let mut value = json!({
            "laps": (0..500).map(|n| json!({"n": n, "d": 1000})).collect::<Vec<_>>(),
            "zones": [1, 2, 3, 4, 5],
        });
        let cuts = fit(&mut value, 4096);
        assert_eq!(cuts.len(), 1);
        assert_eq!(cuts[0].path, "laps");
        assert_eq!(cuts[0].shown + cuts[0].left, 500);
        assert_eq!(value["laps"].as_array().unwrap().len(), cuts[0].shown);
        assert_eq!(value["zones"], json!([1, 2, 3, 4, 5]));
        assert!(size(&value) <= 4096 - RESERVE);
    }

    #[test]
    fn one_large_item_is_cut_inside() {
        let long: Vec<i64> = (0..5000).collect();
        let mut value = json!({"days": [{"values": long}]});
        let cuts = fit(&mut value, 4096);
        assert_eq!(cuts[0].path, "days.0.values");
        assert!(size(&value) <= 4096);
    }

    proptest! {
        #[test]
        fn cut_results_fit_and_lose_ends_only(sizes in proptest::collection::vec(0usize..400, 1..5)) {
            let lists: serde_json::Map<String, Value> = sizes
                .iter()
                .enumerate()
                .map(|(at, length)| {
                    let items: Vec<Value> = (0..*length).map(|n| json!({"n": n})).collect();
                    (format!("list{at}"), Value::Array(items))
                })
                .collect();
            let whole = Value::Object(lists);
            let mut value = whole.clone();
            fit(&mut value, 2048);
            prop_assert!(size(&value) <= 2048);
            for (key, items) in value.as_object().unwrap() {
                let all = whole[key].as_array().unwrap();
                prop_assert!(all.starts_with(items.as_array().unwrap()));
            }
        }
    }
}
