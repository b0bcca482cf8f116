//! Reading Garmin's sign-in pages: titles, form fields, script variables, tickets.
//!
//! Pages come from the network, so nothing here assumes well-formed HTML: each function finds
//! what it looks for or nothing, in time linear in the page.

/// The text of the first `<title>`, entities decoded and white space collapsed.
pub(crate) fn title(html: &str) -> Option<String> {
    let start = find_ignoring_case(html, "<title")?;
    let after = &html[start + "<title".len()..];
    let open = after.find('>')?;
    let text = &after[open + 1..];
    let end = find_ignoring_case(text, "</title").unwrap_or(text.len());
    Some(collapse(&decode_entities(&text[..end])))
}

/// The value of the first `<input>` with this name. An input without a value has none.
pub(crate) fn input_value(html: &str, name: &str) -> Option<String> {
    inputs(html).find_map(|attributes| {
        let named = attribute(attributes, "name").is_some_and(|found| found == name);
        if named { attribute(attributes, "value") } else { None }
    })
}

/// Whether the page has an `<input>` with this name.
pub(crate) fn has_input(html: &str, name: &str) -> bool {
    inputs(html).any(|attributes| attribute(attributes, "name").is_some_and(|it| it == name))
}

/// The value of `var NAME = "VALUE";` in an inline script. An empty value counts as absent.
pub(crate) fn script_variable(html: &str, name: &str) -> Option<String> {
    let mut rest = html;
    while let Some(found) = rest.find(name) {
        let before = &rest[..found];
        let after = &rest[found + name.len()..];
        if ends_with_declaration(before)
            && let Some(value) = quoted_assignment(after)
        {
            return if value.is_empty() { None } else { Some(value) };
        }
        rest = after;
    }
    None
}

/// The service ticket a page or an address carries.
pub(crate) fn ticket(text: &str) -> Option<String> {
    const MARK: &str = "ticket=ST-";
    let start = text.find(MARK)? + "ticket=".len();
    let rest = &text[start..];
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '&' | '<' | '\\' | ';');
    let ticket = &rest[..rest.find(ends).unwrap_or(rest.len())];
    (ticket.len() > "ST-".len()).then(|| ticket.to_owned())
}

/// Whether the visible text holds `phrase`, whatever the case. Scripts and comments may hold
/// the sentences of every error there is, so they do not count.
pub(crate) fn shows(html: &str, phrase: &str) -> bool {
    let visible = without(&without(html, "<script", "</script"), "<!--", "-->");
    let text = collapse(&decode_entities(&visible)).to_lowercase();
    text.contains(&phrase.to_lowercase())
}

fn inputs(html: &str) -> impl Iterator<Item = &str> {
    let mut rest = html;
    std::iter::from_fn(move || {
        loop {
            let start = find_ignoring_case(rest, "<input")?;
            let after = &rest[start + "<input".len()..];
            let end = tag_end(after);
            rest = &after[end..];
            // `<inputs>` is another element.
            if after.starts_with(|c: char| c.is_whitespace() || c == '/') {
                return Some(&after[..end]);
            }
        }
    })
}

/// Where the tag ends: a `>` inside a quoted value does not count.
fn tag_end(text: &str) -> usize {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return at,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None | Some(_), _) => {}
        }
    }
    text.len()
}

/// The value of one attribute, with or without quotes, entities decoded.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return None;
        }
        let key_end =
            rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '/')).unwrap_or(rest.len());
        let (key, after) = rest.split_at(key_end);
        let after = after.trim_start();
        let Some(value) = after.strip_prefix('=') else {
            // Never stand still: a stray character is skipped like an attribute of its own.
            rest = if key.is_empty() { skip_one(after) } else { after };
            continue;
        };
        let value = value.trim_start();
        let (value, remaining) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inner = &value[1..];
                let end = inner.find(quote).unwrap_or(inner.len());
                (&inner[..end], inner.get(end + 1..).unwrap_or(""))
            }
            Some(_) | None => {
                value.split_at(value.find(char::is_whitespace).unwrap_or(value.len()))
            }
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(decode_entities(value));
        }
        rest = remaining;
    }
}

fn skip_one(text: &str) -> &str {
    let mut characters = text.chars();
    characters.next();
    characters.as_str()
}

fn ends_with_declaration(before: &str) -> bool {
    let trimmed = before.trim_end();
    trimmed.len() < before.len()
        && ["var", "let", "const"].iter().any(|word| {
            trimmed.strip_suffix(word).is_some_and(|rest| {
                !rest.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$'))
            })
        })
}

/// `= "…"` with the escapes of a JavaScript string resolved.
fn quoted_assignment(text: &str) -> Option<String> {
    let text = text.trim_start().strip_prefix('=')?.trim_start();
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut value = String::new();
    let mut characters = text[1..].chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next()? {
                'u' => value.push(hexadecimal(&mut characters, 4)?),
                'x' => value.push(hexadecimal(&mut characters, 2)?),
                'n' | 'r' | 't' => value.push(' '),
                plain => value.push(plain),
            },
            '\n' => return None,
            c if c == quote => return Some(value),
            c => value.push(c),
        }
    }
    None
}

fn hexadecimal(characters: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let mut code = 0;
    for _ in 0..digits {
        code = code * 16 + characters.next()?.to_digit(16)?;
    }
    char::from_u32(code)
}

fn decode_entities(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        decoded.push_str(&rest[..start]);
        rest = &rest[start..];
        // The longest entity we know is `&#x10FFFF;`.
        let window = rest.char_indices().nth(10).map_or(rest.len(), |(at, _)| at);
        let found =
            rest[..window].find(';').and_then(|end| Some((end, entity(rest.get(1..end)?)?)));
        if let Some((end, character)) = found {
            decoded.push(character);
            rest = &rest[end + 1..];
        } else {
            decoded.push('&');
            rest = &rest[1..];
        }
    }
    decoded.push_str(rest);
    decoded
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text without every stretch from `open` to `close`; an unclosed one reaches the end.
fn without(text: &str, open: &str, close: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = find_ignoring_case(rest, open) {
        kept.push_str(&rest[..start]);
        let inside = &rest[start + open.len()..];
        let Some(end) = find_ignoring_case(inside, close) else { return kept };
        rest = &inside[end + close.len()..];
    }
    kept.push_str(rest);
    kept
}

/// `needle` is ASCII, so the position found is a character boundary.
fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes()
        .windows(needle.len())
        .position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_title_is_found_whatever_its_spelling() {
        assert_eq!(title("<TITLE lang=en>\n Success\t</Title>").unwrap(), "Success");
        assert_eq!(title("<title>A &amp; B&nbsp;&#39;x&#x27;</title>").unwrap(), "A & B 'x'");
        assert_eq!(title("<title>open to the end").unwrap(), "open to the end");
        assert_eq!(title("<h1>none</h1>"), None);
    }

    #[test]
    fn an_input_is_read_with_attributes_in_any_order_and_quoting() {
        for page in [
            r#"<input type="hidden" name="_csrf" value="a/b+c=="/>"#,
            r"<INPUT VALUE='a/b+c==' NAME='_csrf'>",
            r#"<input data-x="a>b" name=_csrf value=a/b+c== >"#,
            "<input disabled\n name = \"_csrf\"\n value = \"a/b+c==\" />",
            r#"<input name="other" value="no"><input name="_csrf" value="a/b&#43;c=="> "#,
        ] {
            assert_eq!(input_value(page, "_csrf").as_deref(), Some("a/b+c=="), "{page}");
        }
        assert_eq!(input_value(r#"<inputs name="_csrf" value="x">"#, "_csrf"), None);
        assert!(has_input(r#"<input name="password">"#, "password"));
        assert!(!has_input(r#"<p name="password">"#, "password"));
    }

    #[test]
    fn script_variables_are_read_and_empty_ones_do_not_count() {
        let page = r#"<script>
            var mfaMethodLabel = "no"; xvar mfaMethod = "no"; mfaMethod == "no";
            var mfaMethod = "email"; var codeSentTo = "";
            const customerGuid='0a\u002db'; var url = "https:\/\/x\x26y";
        </script>"#;
        assert_eq!(script_variable(page, "mfaMethod").as_deref(), Some("email"));
        assert_eq!(script_variable(page, "codeSentTo"), None);
        assert_eq!(script_variable(page, "customerGuid").as_deref(), Some("0a-b"));
        assert_eq!(script_variable(page, "url").as_deref(), Some("https://x&y"));
        assert_eq!(script_variable(page, "locale"), None);
    }

    #[test]
    fn a_ticket_ends_where_its_quoting_ends() {
        for page in [
            r#"var response_url = "https://sso.garmin.com/sso/embed?ticket=ST-01-aB-sso";"#,
            r"url = 'https:\/\/sso.garmin.com\/sso\/embed?ticket=ST-01-aB-sso\u0026x=1'",
            "<a href=/e?ticket=ST-01-aB-sso&x=1>",
            "…?ticket=ST-01-aB-sso<br>",
            "?ticket=ST-01-aB-sso",
        ] {
            assert_eq!(ticket(page).as_deref(), Some("ST-01-aB-sso"), "{page}");
        }
        assert_eq!(ticket("ticket=ST-"), None);
        assert_eq!(ticket("no ticket"), None);
    }

    #[test]
    fn only_what_a_person_sees_counts_as_shown() {
        let banner =
            "<div class=error>Invalid sign&nbsp;in.\n (Passwords are case sensitive.)</div>";
        assert!(shows(banner, "invalid sign in."));
        let hidden = "<SCRIPT>var m='Invalid sign in.'</SCRIPT><!-- Invalid sign in. -->";
        assert!(!shows(hidden, "Invalid sign in."));
    }

    proptest! {
        #[test]
        fn no_page_panics(page in "\\PC{0,300}") {
            let _ = (title(&page), input_value(&page, "_csrf"), script_variable(&page, "a"));
            let _ = (ticket(&page), shows(&page, "invalid"), has_input(&page, "a"));
        }

        #[test]
        fn no_torn_markup_panics(parts in proptest::collection::vec(prop_oneof![
            Just("<title"), Just("</title"), Just(">"), Just("<input "), Just("name="), Just("\""),
            Just("'"), Just("value"), Just("="), Just("&#x"), Just("&#"), Just(";"), Just("var a"),
            Just("\\u00"), Just("ticket=ST-"), Just("<!--"), Just("<script"), Just("é"), Just("/"),
        ], 0..40)) {
            let page = parts.concat();
            let _ = (title(&page), input_value(&page, "value"), script_variable(&page, "a"));
            let _ = (ticket(&page), shows(&page, "é"));
        }

        #[test]
        fn any_quoted_value_survives_the_form(value in "[^\"&<>\\pC]{1,60}") {
            let page = format!("<form><input name=\"_csrf\" value=\"{value}\"></form>");
            prop_assert_eq!(input_value(&page, "_csrf"), Some(value));
        }
    }
}
