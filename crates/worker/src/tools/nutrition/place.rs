//! The country and the language of a food, which Garmin's food service wants with each.

use garmin::model::{PersonalInformation, ProfileSettings};

use super::foods::code;
use crate::account::Account;
use crate::error::ToolError;

/// Where nobody says anything else, Garmin's own site begins here.
const REGION: &str = "US";
const LANGUAGE: &str = "en";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) region: String,
    pub(super) language: String,
}

impl Place {
    /// What the call says; what it leaves out, as the athlete's profile has it.
    pub(super) async fn of(
        account: &Account,
        region: Option<String>,
        language: Option<String>,
    ) -> Result<Self, ToolError> {
        let (region, language) = (code("region", region)?, code("language", language)?);
        if let (Some(region), Some(language)) = (&region, &language) {
            return Ok(Self { region: region.clone(), language: language.clone() });
        }
        let garmin = account.garmin()?;
        // A profile that cannot be read keeps nobody from eating.
        let person = garmin.personal_information().await.ok().flatten().unwrap_or_default();
        let mut usual = Self::of_profile(&person, None);
        if person.user.as_ref().is_none_or(|user| user.locale.is_none()) {
            let settings = garmin.profile_settings().await.ok().flatten();
            usual = Self::of_profile(&person, settings.as_ref());
        }
        Ok(Self {
            region: region.unwrap_or(usual.region),
            language: language.unwrap_or(usual.language),
        })
    }

    /// A country that is named counts more than that of the language.
    fn of_profile(person: &PersonalInformation, settings: Option<&ProfileSettings>) -> Self {
        let user = person.user.as_ref();
        let locale = user.and_then(|user| user.locale.as_deref());
        let locale = locale.or_else(|| settings?.locale.as_deref()).unwrap_or_default();
        let mut parts = locale.split(['_', '-']);
        let letters =
            |text: &&str| text.len() == 2 && text.bytes().all(|it| it.is_ascii_alphabetic());
        let language = parts.next().filter(letters).map(str::to_ascii_lowercase);
        let country = user.and_then(|user| user.country.as_deref()).filter(letters);
        // A script may stand between the two: zh_Hant_TW.
        let region = country.or_else(|| parts.find(letters)).map(str::to_ascii_uppercase);
        Self {
            region: region.unwrap_or_else(|| REGION.to_owned()),
            language: language.unwrap_or_else(|| LANGUAGE.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d20_a_food_is_of_the_athletes_country_and_language() {
        let place = |person: &str, settings: &str| {
            let person = serde_json::from_str(person).unwrap();
            let settings: ProfileSettings = serde_json::from_str(settings).unwrap();
            let Place { region, language } = Place::of_profile(&person, Some(&settings));
            format!("{region} {language}")
        };
        for (person, settings, expected) in [
            (r#"{"userInfo":{"locale":"de_AT"}}"#, "{}", "AT de"),
            (r#"{"userInfo":{"locale":"en","countryCode":"nz"}}"#, "{}", "NZ en"),
            (r#"{"userInfo":{"locale":"zh-Hant-TW"}}"#, "{}", "TW zh"),
            (r#"{"userInfo":{"countryCode":"FR"}}"#, r#"{"preferredLocale":"fr"}"#, "FR fr"),
            ("{}", r#"{"preferredLocale":"pt_BR"}"#, "BR pt"),
            ("{}", r#"{"preferredLocale":"es-419"}"#, "US es"),
            ("{}", "{}", "US en"),
        ] {
            assert_eq!(place(person, settings), expected, "{person} {settings}");
        }
    }
}
