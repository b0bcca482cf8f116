//! The values Garmin's own apps put into the protocol. They follow the region, never the
//! configured addresses: a request sent to a simulator still names Garmin's hosts.

use domain::region::Region;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::{Deserialize, Serialize};

/// Client ids of the token endpoint, newest first. Garmin retires old ones now and then.
pub(crate) const TOKEN_CLIENT_IDS: [&str; 4] = [
    "GARMIN_CONNECT_MOBILE_ANDROID_DI_2025Q2",
    "GARMIN_CONNECT_MOBILE_ANDROID_DI_2024Q4",
    "GARMIN_CONNECT_MOBILE_ANDROID_DI",
    "GARMIN_CONNECT_MOBILE_IOS_DI",
];

/// The same in every region, its host included.
pub(crate) const TICKET_GRANT: &str =
    "https://connectapi.garmin.com/di-oauth2-service/oauth/grant/service_ticket";

pub(crate) const TOKEN_PATH: &str = "/di-oauth2-service/oauth/token";
pub(crate) const SOCIAL_PROFILE_PATH: &str = "/userprofile-service/socialProfile";

const ACCEPT_PAGE: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const ACCEPT_JSON: &str = "application/json, text/plain, */*";
const LANGUAGE: &str = "en-US,en;q=0.9";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) \
                      AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148";

/// The three ways to a service ticket, in the order they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Flow {
    #[serde(rename = "ios")]
    Mobile,
    #[serde(rename = "widget")]
    Widget,
    #[serde(rename = "portal")]
    Portal,
}

impl Flow {
    pub(crate) const ORDER: [Self; 3] = [Self::Mobile, Self::Widget, Self::Portal];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::Widget => "widget",
            Self::Portal => "portal",
        }
    }

    /// The service the ticket is issued for. The exchange repeats it byte for byte.
    pub(crate) fn service_url(self, region: Region) -> String {
        let domain = region.domain();
        match self {
            Self::Mobile => format!("https://mobile.integration.{domain}/gcm/ios"),
            Self::Widget => format!("https://sso.{domain}/sso/embed"),
            Self::Portal => format!("https://connect.{domain}/app"),
        }
    }
}

/// The origin of the sign-in pages.
pub(crate) fn sso_origin(region: Region) -> String {
    format!("https://sso.{}", region.domain())
}

/// A desktop browser: what it calls itself, and the hints that go with the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Desktop {
    user_agent: &'static str,
    brands: &'static str,
    platform: &'static str,
}

const DESKTOPS: [Desktop; 3] = [
    Desktop {
        user_agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 \
                     (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        brands: r#""Google Chrome";v="131", "Chromium";v="131", "Not_A Brand";v="24""#,
        platform: r#""macOS""#,
    },
    Desktop {
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 \
                     (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        brands: r#""Google Chrome";v="131", "Chromium";v="131", "Not_A Brand";v="24""#,
        platform: r#""Windows""#,
    },
    Desktop {
        user_agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 \
                     (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        brands: r#""Google Chrome";v="131", "Chromium";v="131", "Not_A Brand";v="24""#,
        platform: r#""Linux""#,
    },
];

/// Who a sign-in says it is. It stays the same from the first page to the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Disguise(u8);

impl Disguise {
    /// Any number makes a disguise.
    pub(crate) fn pick(number: u8) -> Self {
        Self(number)
    }

    /// Headers of a page load.
    pub(crate) fn page_headers(self, flow: Flow) -> HeaderMap {
        let mut headers = self.headers(flow);
        headers.insert(header::ACCEPT, HeaderValue::from_static(ACCEPT_PAGE));
        headers
    }

    /// Headers of a JSON request made by the page.
    pub(crate) fn json_headers(self, flow: Flow, region: Region) -> HeaderMap {
        let mut headers = self.headers(flow);
        headers.insert(header::ACCEPT, HeaderValue::from_static(ACCEPT_JSON));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ORIGIN, header_value(&sso_origin(region)));
        headers
    }

    fn headers(self, flow: Flow) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(LANGUAGE));
        match flow {
            Flow::Mobile => {
                headers.insert(header::USER_AGENT, HeaderValue::from_static(IPHONE));
            }
            Flow::Widget | Flow::Portal => {
                let desktop = DESKTOPS[usize::from(self.0) % DESKTOPS.len()];
                let mut hint = |name: &'static str, value: &'static str| {
                    headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
                };
                hint("user-agent", desktop.user_agent);
                hint("sec-ch-ua", desktop.brands);
                hint("sec-ch-ua-mobile", "?0");
                hint("sec-ch-ua-platform", desktop.platform);
            }
        }
        headers
    }
}

/// What the Android app sends to the token endpoint and to the API.
pub(crate) fn app_headers() -> HeaderMap {
    const HEADERS: [(&str, &str); 8] = [
        ("user-agent", "GCM-Android-5.23"),
        (
            "x-garmin-user-agent",
            "com.garmin.android.apps.connectmobile/5.23; ; \
             Google/sdk_gphone64_arm64/google; Android/33; Dalvik/2.1.0",
        ),
        ("x-garmin-paired-app-version", "10861"),
        ("x-garmin-client-platform", "Android"),
        ("x-app-ver", "10861"),
        ("x-lang", "en"),
        ("x-gcexperience", "GC5"),
        ("accept-language", LANGUAGE),
    ];
    HEADERS
        .into_iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect()
}

/// A header value from text of ours or from a page. What cannot stand in a header is left
/// out rather than sent mangled.
pub(crate) fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// `application/x-www-form-urlencoded`, in the order given.
pub(crate) fn encode_pairs(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_the_protocol_follows_the_region_except_the_grant_type() {
        for region in Region::ALL {
            for flow in Flow::ORDER {
                let service = flow.service_url(region);
                let host = url::Url::parse(&service).unwrap();
                assert!(host.host_str().unwrap().ends_with(&format!(".{}", region.domain())));
            }
            assert_eq!(sso_origin(region), format!("https://sso.{}", region.domain()));
        }
        assert!(TICKET_GRANT.starts_with("https://connectapi.garmin.com/"));
    }

    #[test]
    fn a_disguise_is_one_browser_from_the_first_page_to_the_code() {
        for number in [0, 1, 2, 200, 255] {
            let disguise = Disguise::pick(number);
            for flow in [Flow::Widget, Flow::Portal] {
                let page = disguise.page_headers(flow);
                let json = disguise.json_headers(flow, Region::Global);
                assert_eq!(page[header::USER_AGENT], json[header::USER_AGENT]);
                let platform = page["sec-ch-ua-platform"].to_str().unwrap();
                let agent = page[header::USER_AGENT].to_str().unwrap();
                let system = match platform {
                    r#""macOS""# => "Macintosh",
                    r#""Windows""# => "Windows NT",
                    _ => "Linux",
                };
                assert!(agent.contains(system), "{agent} claims {platform}");
            }
            let phone = disguise.page_headers(Flow::Mobile);
            assert!(phone[header::USER_AGENT].to_str().unwrap().contains("iPhone"));
            assert!(!phone.contains_key("sec-ch-ua"));
        }
    }

    #[test]
    fn pairs_are_encoded_in_order_with_slashes_and_colons_escaped() {
        assert_eq!(
            encode_pairs(&[("b", "https://x/y"), ("a", "1 &=")]),
            "b=https%3A%2F%2Fx%2Fy&a=1+%26%3D"
        );
    }
}
