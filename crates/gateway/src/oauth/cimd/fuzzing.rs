//! Metadata documents of strangers, as a function of bytes.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a finding is a panic")]

use url::Url;

use super::{DocumentUrl, document};
use crate::fuzzing::first_line;

/// The address of a document and, on the lines after it, the document.
pub fn client_document(data: &[u8]) {
    let (address, body) = first_line(data);
    let Some(address) =
        std::str::from_utf8(address).ok().and_then(|text| DocumentUrl::parse(text).ok())
    else {
        return;
    };
    let url = Url::parse(address.as_str()).expect("an accepted address is one");
    assert_eq!((url.scheme(), url.host_str()), ("https", Some(address.host())));
    assert_eq!(url.port(), None, "a port of its own");
    assert!(url.domain().is_some(), "an address of a machine");
    if let Ok(client) = document::read(&address, body) {
        assert_eq!(&client.id, address.client_id());
        assert!(client.secret.is_none() && !client.redirect_uris.is_empty());
        assert!(client.name.is_some_and(|name| !name.contains(char::is_control)));
    }
}
