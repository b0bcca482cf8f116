//! The tools, a folder per toolset. One place lists the toolsets: [`SHELVES`].

mod account;
mod activities;
mod analysis;
mod body;
mod calendar;
mod challenges;
mod courses;
mod data;
mod devices;
mod extras;
mod gear;
mod golf;
mod health;
mod lifestyle;
mod numbers;
mod nutrition;
mod profile;
mod series;
mod table;
mod training;
mod womens_health;
mod workouts;

pub(crate) use data::{ExportFormat, exported};
pub(crate) use numbers::whole;

use crate::tool::Entry;
use crate::toolset::Toolset;

/// The tools of one toolset, and what `tools/list` says about them: a JSON array with one tool
/// per line, generated from the types by a test of the catalogue.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) toolset: Toolset,
    pub(crate) tools: &'static [Entry],
    pub(crate) text: &'static str,
}

macro_rules! shelf {
    ($toolset:ident, $folder:ident) => {
        Shelf {
            toolset: Toolset::$toolset,
            tools: $folder::ALL,
            text: include_str!(concat!("../catalogue/", stringify!($folder), ".json")),
        }
    };
}

/// Every tool, in the order of the listing: what a conversation starts with comes first.
pub(crate) static SHELVES: &[Shelf] = &[
    shelf!(Account, account),
    shelf!(Health, health),
    shelf!(Training, training),
    shelf!(Body, body),
    shelf!(Lifestyle, lifestyle),
    shelf!(Activities, activities),
    shelf!(Analysis, analysis),
    shelf!(Profile, profile),
    shelf!(Devices, devices),
    shelf!(Gear, gear),
    shelf!(Courses, courses),
    shelf!(Golf, golf),
    shelf!(Nutrition, nutrition),
    shelf!(Data, data),
    shelf!(WomensHealth, womens_health),
    shelf!(Workouts, workouts),
    shelf!(Calendar, calendar),
    shelf!(Challenges, challenges),
];

/// Every tool of the product.
pub(crate) fn all() -> impl Iterator<Item = &'static Entry> {
    SHELVES.iter().flat_map(|shelf| shelf.tools)
}
