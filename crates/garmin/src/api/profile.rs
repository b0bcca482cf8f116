//! Who the athlete is, which days they live in, and their name in paths.

use std::sync::atomic::Ordering;

use jiff::tz::TimeZone;

use super::{Target, or_absent};
use crate::body::Shape;
use crate::client::{Freshness, Garmin};
use crate::days::Day;
use crate::error::GarminError;
use crate::model::{
    HeartRateZones, PersonalInformation, PowerZones, ProfileSettings, SocialProfile, UserSettings,
};
use crate::protocol::SOCIAL_PROFILE_PATH;

/// How often Garmin's own apps look for a name that has not appeared yet.
const NAME_TRIES: u32 = 3;

impl Garmin {
    /// Name, profile id, GUID. Kept once it has a display name.
    pub async fn social_profile(&self) -> Result<SocialProfile, GarminError> {
        let profile = self
            .profile_cell()
            .get_or_try_init(|| async {
                let profile = self.fetch_profile().await?;
                if name_in(&profile).is_some() { Ok(profile) } else { Err(Err(profile)) }
            })
            .await;
        match profile {
            Ok(profile) => Ok(profile.clone()),
            // A profile without a name is shown but not kept.
            Err(Err(profile)) => Ok(profile),
            Err(Ok(error)) => Err(error),
        }
    }

    /// Settings of the athlete's body and habits.
    pub async fn user_settings(&self) -> Result<Option<UserSettings>, GarminError> {
        self.read(Target::new("/userprofile-service/userprofile/user-settings"), Freshness::Now)
            .await
    }

    /// Settings of the website: locale, units, zone.
    pub async fn profile_settings(&self) -> Result<Option<ProfileSettings>, GarminError> {
        self.read(Target::new("/userprofile-service/userprofile/settings"), Freshness::Now).await
    }

    pub async fn personal_information(&self) -> Result<Option<PersonalInformation>, GarminError> {
        let base = || Target::new("/userprofile-service/userprofile/personal-information");
        or_absent(self.read_named(|name| base().segment(name), Freshness::Now).await)
    }

    /// Heart rate zones per sport; the sport `DEFAULT` is for all others.
    pub async fn heart_rate_zones(&self) -> Result<Option<Vec<HeartRateZones>>, GarminError> {
        or_absent(self.read(Target::new("/biometric-service/heartRateZones"), Freshness::Now).await)
    }

    /// Power zones per sport.
    pub async fn power_zones(&self) -> Result<Option<Vec<PowerZones>>, GarminError> {
        let target = Target::new("/biometric-service/powerZones/sports/all");
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// The zone the athlete's days are counted in: what the caller knows, else what Garmin's
    /// personal information says, else the website's settings, else UTC.
    pub async fn zone(&self) -> Result<TimeZone, GarminError> {
        self.zone_cell()
            .get_or_try_init(|| async {
                if let Some(zone) = self.options().time_zone.as_deref().and_then(known_zone) {
                    return Ok(zone);
                }
                // A refusal here says nothing about the settings, whose address holds no name.
                let (personal, pending) = match self.personal_information().await {
                    Ok(personal) => (personal.unwrap_or_default(), None),
                    Err(error) if is_lasting(error) => (PersonalInformation::default(), None),
                    Err(error @ GarminError::NotJson) => {
                        (PersonalInformation::default(), Some(error))
                    }
                    Err(error) => return Err(error),
                };
                let of_user = || personal.user.as_ref().and_then(|user| user.time_zone.as_deref());
                let zone = personal
                    .time_zone
                    .as_deref()
                    .and_then(known_zone)
                    .or_else(|| of_user().and_then(known_zone));
                if let Some(zone) = zone {
                    return Ok(zone);
                }
                let settings = match self.profile_settings().await {
                    Ok(settings) => settings.unwrap_or_default(),
                    Err(error) if is_lasting(error) => ProfileSettings::default(),
                    Err(error) => return Err(error),
                };
                match (settings.time_zone.as_deref().and_then(known_zone), pending) {
                    (Some(zone), _) => Ok(zone),
                    // A page in place of an answer goes away; a guess would be kept.
                    (None, Some(error)) => Err(error),
                    (None, None) => Ok(TimeZone::UTC),
                }
            })
            .await
            .cloned()
    }

    /// The athlete's calendar day.
    pub async fn today(&self) -> Result<Day, GarminError> {
        Ok(Day::today(self.clock(), &self.zone().await?))
    }

    /// The number some endpoints know the account by.
    pub(super) async fn profile_id(&self) -> Result<i64, GarminError> {
        let profile = self.social_profile().await?;
        profile.profile_id.ok_or(GarminError::Malformed { what: "profile id" })
    }

    /// Reads a target that holds the account's name. Should the caller's idea of the name be
    /// out of date, Garmin refuses it, and its own idea is tried once.
    pub(super) async fn read_named<T: Shape>(
        &self,
        target: impl Fn(&str) -> Target,
        freshness: Freshness,
    ) -> Result<Option<T>, GarminError> {
        let known = if self.profile_cell().initialized() { None } else { self.hinted_name() };
        let Some(known) = known else {
            return self.read(target(&self.name().await?), freshness).await;
        };
        match self.read(target(known), freshness).await {
            Err(error @ (GarminError::Forbidden | GarminError::NotFound)) => {
                let name = self.name().await?;
                if name == known {
                    return Err(error);
                }
                self.read(target(&name), freshness).await
            }
            other => other,
        }
    }

    /// Garmin's own idea of the name: the display name, or for profiles too new to have one
    /// the name the account signs in with.
    async fn name(&self) -> Result<String, GarminError> {
        let profile = self.social_profile().await?;
        let name = name_in(&profile)
            .or_else(|| profile.user_name.as_deref().and_then(usable_name))
            .ok_or(GarminError::Malformed { what: "display name" })?;
        Ok(name.to_owned())
    }

    fn hinted_name(&self) -> Option<&str> {
        self.options().display_name.as_deref().and_then(usable_name)
    }

    async fn fetch_profile(&self) -> Result<SocialProfile, Result<GarminError, SocialProfile>> {
        let mut profile = SocialProfile::default();
        let tries = if self.nameless().load(Ordering::Relaxed) { 1 } else { NAME_TRIES };
        for attempt in 0..tries {
            if attempt > 0 {
                tokio::time::sleep(self.options().retries.profile_wait).await;
            }
            let read: Result<Option<SocialProfile>, GarminError> =
                self.read(Target::new(SOCIAL_PROFILE_PATH), Freshness::Now).await;
            profile = read.map_err(Ok)?.unwrap_or_default();
            if name_in(&profile).is_some() {
                return Ok(profile);
            }
        }
        self.nameless().store(true, Ordering::Relaxed);
        Ok(profile)
    }
}

fn name_in(profile: &SocialProfile) -> Option<&str> {
    profile.display_name.as_deref().and_then(usable_name)
}

/// The words that careless programs write for "no name" are none: in a path they are answered
/// with 403.
fn usable_name(name: &str) -> Option<&str> {
    let name = name.trim();
    let empty =
        ["", "null", "none", "undefined"].iter().any(|word| name.eq_ignore_ascii_case(word));
    if empty { None } else { Some(name) }
}

/// Whether asking again would be answered the same way.
fn is_lasting(error: GarminError) -> bool {
    match error {
        GarminError::Forbidden
        | GarminError::PrivacyProtected
        | GarminError::NotFound
        | GarminError::BadRequest
        | GarminError::UnexpectedStatus { .. }
        | GarminError::Malformed { .. }
        | GarminError::TooLarge => true,
        GarminError::SignInNeeded
        | GarminError::Unavailable { .. }
        | GarminError::TokenRefused
        | GarminError::RateLimited { .. }
        | GarminError::Unreachable
        | GarminError::TimedOut
        | GarminError::Upstream5xx { .. }
        | GarminError::Torn
        | GarminError::NotJson => false,
    }
}

fn known_zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_no_name_are_no_names() {
        for name in ["", " ", "null", "None", "NULL", "undefined"] {
            assert_eq!(usable_name(name), None, "{name:?}");
        }
        assert_eq!(usable_name(" jo "), Some("jo"));
        assert_eq!(usable_name("nulla"), Some("nulla"));
    }

    #[test]
    fn only_real_zones_count() {
        assert!(known_zone("Europe/Paris").is_some());
        assert!(known_zone("Mars/Olympus").is_none());
        assert!(known_zone("").is_none());
    }
}
