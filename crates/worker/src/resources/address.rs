//! Addresses of resources, and the templates they fit.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// No address of ours is longer.
const LONGEST: usize = 2048;

/// The parts of an address that its template leaves open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    parts: Vec<Cow<'a, str>>,
    query: &'a str,
}

pub(crate) fn is_template(uri: &str) -> bool {
    uri.contains('{')
}

impl<'a> Address<'a> {
    /// Fits an address to a template; a part is never empty and holds no slash.
    pub(crate) fn read(template: &str, uri: &'a str) -> Option<Self> {
        if uri.len() > LONGEST {
            return None;
        }
        let (template, queried) = match template.split_once("{?") {
            Some((path, _)) => (path, true),
            None => (template, false),
        };
        let (path, query) = match uri.split_once('?') {
            Some((path, query)) if queried => (path, query),
            Some(_) | None => (uri, ""),
        };
        let mut parts = Vec::new();
        let mut rest = path;
        let mut template = template;
        while let Some((before, after)) = template.split_once('{') {
            let (_, after) = after.split_once('}')?;
            rest = rest.strip_prefix(before)?;
            // What follows the part: up to the next one, or the end.
            let next = after.split('{').next().unwrap_or_default();
            let end = if after.is_empty() { rest.len() } else { rest.find(next)? };
            let (part, left) = rest.split_at(end);
            if part.is_empty() || part.contains('/') {
                return None;
            }
            parts.push(percent_decode_str(part).decode_utf8().ok()?);
            (rest, template) = (left, after);
        }
        (rest == template).then_some(Self { parts, query })
    }

    /// The part of the template that comes `at` this place.
    pub(crate) fn part(&self, at: usize) -> &str {
        self.parts.get(at).map_or("", |part| part)
    }

    /// What follows the question mark, decoded.
    pub(crate) fn query(&self) -> impl Iterator<Item = (String, String)> {
        let pairs = self.query.split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text: &str| {
                percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
            };
            (decode(name), decode(value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_fits_its_template_or_none() {
        let parts = |template, uri| {
            Address::read(template, uri).map(|address| {
                address.parts.iter().map(ToString::to_string).collect::<Vec<String>>()
            })
        };
        let one = |part: &str| Some(vec![part.to_owned()]);
        assert_eq!(parts("a://b", "a://b"), Some(vec![]));
        assert_eq!(parts("a://b", "a://b/"), None);
        assert_eq!(parts("a://b/{id}", "a://b/7"), one("7"));
        assert_eq!(parts("a://b/{id}", "a://b/%C3%A9"), one("é"));
        assert_eq!(parts("a://b/{id}", "a://b/%FF"), None);
        for none in ["a://b/", "a://b/7/8", "a://b", "a://c/7", ""] {
            assert_eq!(parts("a://b/{id}", none), None, "{none}");
        }
        assert_eq!(parts("a://b/{id}.{kind}", "a://b/7.fit"), Some(vec!["7".into(), "fit".into()]));
        assert_eq!(parts("a://b/{id}.fit", "a://b/7.fit"), one("7"));
        assert_eq!(parts("a://b/{id}.fit", "a://b/7.fit2"), None);
        assert_eq!(parts("a://b/{id}.fit", "a://b/7.gpx"), None);
        assert_eq!(parts("a://b/{id}", &format!("a://b/{}", "7".repeat(LONGEST))), None);
    }

    #[test]
    fn a_query_is_read_where_the_template_has_one() {
        let address =
            Address::read("a://b/{tool}{?arguments*}", "a://b/x?date=2026-05-01&a=b%20c&d+e");
        let pairs: Vec<_> = address.unwrap().query().collect();
        let expected = [("date", "2026-05-01"), ("a", "b c"), ("d e", "")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert!(Address::read("a://b", "a://b?x=1").is_none());
        let none = Address::read("a://b/{tool}{?arguments*}", "a://b/x").unwrap();
        assert_eq!(none.query().count(), 0);
    }
}
