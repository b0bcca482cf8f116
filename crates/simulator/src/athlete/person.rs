//! Who the athlete is: everything that does not change from one day to the next.

use domain::clock::Timestamp;
use jiff::civil::Date;

use crate::accounts::AccountSpec;
use crate::chance::Seed;
use crate::times::{Zone, shift};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gender {
    Female,
    Male,
}

impl Gender {
    pub(crate) const fn wire(self) -> &'static str {
        match self {
            Self::Female => "FEMALE",
            Self::Male => "MALE",
        }
    }
}

/// A watch model as Garmin's tables know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Model {
    pub(crate) name: &'static str,
    pub(crate) key: &'static str,
    pub(crate) part: &'static str,
    pub(crate) sku: &'static str,
    pub(crate) type_pk: i64,
    pub(crate) firmware: &'static str,
}

const WATCHES: [Model; 5] = [
    Model {
        name: "Forerunner 965",
        key: "forerunner965",
        part: "006-B4315-00",
        sku: "010-02809-10",
        type_pk: 37_086,
        firmware: "27.09",
    },
    Model {
        name: "Forerunner 265",
        key: "forerunner265",
        part: "006-B4257-00",
        sku: "010-02810-00",
        type_pk: 37_080,
        firmware: "26.11",
    },
    Model {
        name: "fenix 8 - 47mm, AMOLED",
        key: "fenix847mm",
        part: "006-B4536-00",
        sku: "010-02904-00",
        type_pk: 38_161,
        firmware: "21.19",
    },
    Model {
        name: "epix Pro (Gen 2)",
        key: "epixgen2pro47mm",
        part: "006-B4313-00",
        sku: "010-02803-00",
        type_pk: 37_190,
        firmware: "22.24",
    },
    Model {
        name: "vivoactive 6",
        key: "vivoactive6",
        part: "006-B4625-00",
        sku: "010-02985-00",
        type_pk: 38_420,
        firmware: "12.36",
    },
];

const BIKE_COMPUTERS: [Model; 3] = [
    Model {
        name: "Edge 840 Solar",
        key: "edge840solar",
        part: "006-B4062-00",
        sku: "010-02695-00",
        type_pk: 36_604,
        firmware: "28.14",
    },
    Model {
        name: "Edge 540 Solar",
        key: "edge540solar",
        part: "006-B4061-00",
        sku: "010-02694-00",
        type_pk: 36_603,
        firmware: "28.14",
    },
    Model {
        name: "Edge 1050",
        key: "edge1050",
        part: "006-B4440-00",
        sku: "010-02890-00",
        type_pk: 37_905,
        firmware: "25.20",
    },
];

impl Model {
    /// Whether it charges in the sun.
    pub(crate) fn has_solar(&self) -> bool {
        self.key.ends_with("solar")
    }
}

/// A device the athlete owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) id: i64,
    pub(crate) serial: String,
    pub(crate) model: Model,
}

#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) seed: Seed,
    pub(crate) guid: String,
    pub(crate) display_name: String,
    pub(crate) profile_id: i64,
    pub(crate) full_name: String,
    pub(crate) gender: Gender,
    pub(crate) birth_date: Date,
    pub(crate) weight_g: f64,
    pub(crate) height_cm: f64,
    pub(crate) city: String,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) max_hr: i64,
    pub(crate) threshold_hr: i64,
    /// Resting heart rate and overnight HRV of an ordinary, rested week.
    pub(crate) resting_hr: f64,
    pub(crate) hrv_ms: f64,
    pub(crate) vo2max: f64,
    /// Speed at the lactate threshold on an ordinary day.
    pub(crate) threshold_speed_mps: f64,
    pub(crate) run_power_w: f64,
    pub(crate) bike_ftp_w: f64,
    /// Weekly training hours at full load.
    pub(crate) weekly_hours: f64,
    /// Usual bedtime and waking, in minutes from midnight of the morning's day.
    pub(crate) bed_minutes: i64,
    pub(crate) wake_minutes: i64,
    pub(crate) step_goal: i64,
    pub(crate) watch: Device,
    pub(crate) bike_computer: Device,
}

const FIRST_FEMALE: [&str; 10] =
    ["Ada", "Clara", "Ines", "Jo", "Lena", "Maya", "Nora", "Sofia", "Thea", "Yuki"];
const FIRST_MALE: [&str; 10] =
    ["Adam", "Ben", "Diego", "Emil", "Jonas", "Luca", "Noah", "Oskar", "Sami", "Tom"];
const LAST: [&str; 14] = [
    "Almeida", "Berg", "Costa", "Dubois", "Ekdahl", "Fischer", "Garcia", "Hansen", "Ivanova",
    "Keller", "Laurent", "Moretti", "Novak", "Olsen",
];

/// Cities by zone; an athlete of any other zone lives somewhere near its meridian.
const CITIES: [(&str, &str, f64, f64); 12] = [
    ("Europe/Paris", "Lyon", 45.77, 4.85),
    ("Europe/Berlin", "Leipzig", 51.34, 12.37),
    ("Europe/London", "Bristol", 51.45, -2.59),
    ("Europe/Madrid", "Girona", 41.98, 2.82),
    ("Europe/Moscow", "Moscow", 55.75, 37.62),
    ("America/New_York", "Boston", 42.36, -71.06),
    ("America/Denver", "Boulder", 40.01, -105.27),
    ("America/Los_Angeles", "Portland", 45.52, -122.68),
    ("Asia/Shanghai", "Hangzhou", 30.27, 120.15),
    ("Asia/Tokyo", "Kyoto", 35.01, 135.77),
    ("Australia/Sydney", "Sydney", -33.87, 151.21),
    ("Pacific/Auckland", "Wellington", -41.29, 174.78),
];

impl Person {
    pub(crate) fn born(spec: &AccountSpec, zone: &Zone, now: Timestamp) -> Self {
        let seed = Seed::new(spec.athlete_seed).child("person");
        let today = zone.date(now.0 * 1_000);
        let gender = seed.child("gender").pick(&[Gender::Female, Gender::Male]);
        let first = match gender {
            Gender::Female => seed.child("first").pick(&FIRST_FEMALE),
            Gender::Male => seed.child("first").pick(&FIRST_MALE),
        };
        let last = seed.child("last").pick(&LAST);
        let age_days = seed.child("age").whole(24 * 365, 52 * 365);
        let age = crate::athlete::number(age_days) / 365.25;
        let (weight, height) = match gender {
            Gender::Female => (
                seed.child("weight").between(52.0, 68.0),
                seed.child("height").between(160.0, 178.0),
            ),
            Gender::Male => (
                seed.child("weight").between(63.0, 84.0),
                seed.child("height").between(170.0, 190.0),
            ),
        };
        let vo2max = match gender {
            Gender::Female => seed.child("vo2").between(43.0, 54.0),
            Gender::Male => seed.child("vo2").between(47.0, 59.0),
        };
        // Threshold at about 88 % of the speed that VO2 max buys (ACSM running equation).
        let threshold_speed_mps = (vo2max * 0.88 - 3.5) / 0.2 / 60.0;
        let max_hr = crate::athlete::whole(
            (208.0 - 0.7 * age + seed.child("max-hr").between(-5.0, 5.0)).round(),
        );
        let (city, latitude, longitude) = home(spec, zone, now);
        let device = |label: &str, model: Model, base: i64| Device {
            id: base + seed.child(label).whole(1, 9_999_999),
            serial: format!(
                "{:09}",
                seed.child(label).child("serial").whole(100_000_000, 999_999_999)
            ),
            model,
        };
        Self {
            seed,
            guid: seed.child("guid").uuid(),
            display_name: seed.child("display-name").uuid(),
            profile_id: seed.child("profile-id").whole(20_000_000, 139_999_999),
            full_name: format!("{first} {last}"),
            gender,
            birth_date: shift(today, -age_days),
            weight_g: (weight * 10.0).round() * 100.0,
            height_cm: height.round(),
            city,
            latitude,
            longitude,
            max_hr,
            threshold_hr: crate::athlete::whole((crate::athlete::number(max_hr) * 0.9).round()),
            resting_hr: seed.child("rhr").between(42.0, 54.0).round(),
            hrv_ms: seed.child("hrv").between(45.0, 85.0).round(),
            vo2max,
            threshold_speed_mps,
            run_power_w: (weight * threshold_speed_mps * 1.06).round(),
            bike_ftp_w: (weight * (vo2max * 0.072)).round(),
            weekly_hours: if spec.heavy { 29.0 } else { seed.child("hours").between(5.5, 9.0) },
            bed_minutes: 22 * 60 + seed.child("bed").whole(0, 6) * 15,
            wake_minutes: 6 * 60 + seed.child("wake").whole(0, 5) * 15,
            step_goal: seed.child("steps").whole(15, 20) * 500,
            watch: device("watch", seed.child("watch").pick(&WATCHES), 3_400_000_000),
            bike_computer: device("edge", seed.child("edge").pick(&BIKE_COMPUTERS), 3_300_000_000),
        }
    }

    /// Floors of the five heart-rate zones.
    pub(crate) fn hr_zones(&self) -> [i64; 5] {
        [0.5, 0.6, 0.7, 0.8, 0.9].map(|share| {
            crate::athlete::whole((crate::athlete::number(self.max_hr) * share).round())
        })
    }

    /// Kilocalories burnt at rest in a day (Mifflin–St Jeor).
    pub(crate) fn bmr_kcal(&self, weight_g: f64, on: Date) -> f64 {
        let age = crate::athlete::number(crate::times::days_between(self.birth_date, on)) / 365.25;
        let sex = match self.gender {
            Gender::Female => -161.0,
            Gender::Male => 5.0,
        };
        10.0 * weight_g / 1_000.0 + 6.25 * self.height_cm - 5.0 * age + sex
    }
}

fn home(spec: &AccountSpec, zone: &Zone, now: Timestamp) -> (String, f64, f64) {
    let known = CITIES.iter().find(|(name, ..)| *name == spec.zone);
    if let Some((_, city, latitude, longitude)) = known {
        return ((*city).to_owned(), *latitude, *longitude);
    }
    let city = spec.zone.rsplit('/').next().unwrap_or(&spec.zone).replace('_', " ");
    let hours = crate::athlete::number(zone.offset(now.0 * 1_000)) / 3_600_000.0;
    (city, 45.0, hours * 15.0)
}
