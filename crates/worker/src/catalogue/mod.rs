//! The list of tools, as bytes.
//!
//! `<toolset>.json` are JSON arrays with one tool per line, in the order of the toolset: names,
//! texts, schemas and hints, generated from the types by a test. A process never builds a schema
//! and never copies one: a listing is made of pieces of those texts.
//!
//! What may be called is the operator's business ([`policy`]) and that of the connection's
//! scopes. What is listed is a choice among that ([`profiles`]).

mod aliases;
mod policy;
mod profiles;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use domain::contract::ToolPolicy;
use domain::scope::Scopes;
use domain::tools::{Profile, ToolChoice};

use crate::tool::{Entry, Place};
use crate::tools::{SHELVES, Shelf};
use crate::toolset::Toolset;
use policy::Standing;

pub(crate) use policy::{Setting, Unknown, unknown};

/// Listings that are kept at once: one for each device that has chosen differently.
const MOST_LISTINGS: usize = 8;
/// Of a definition's text, measured with the tokenizer of the tests.
const BYTES_PER_TOKEN: usize = 4;

/// The tools one process offers.
#[derive(Debug)]
pub(crate) struct Catalogue {
    shelves: &'static [Shelf],
    /// One per tool, in the order of the shelves.
    standings: Vec<Standing>,
    /// What a device is shown that has chosen nothing.
    default: ToolChoice,
    read_only: bool,
    listings: Mutex<Listings>,
}

type Listings = HashMap<(Scopes, ToolChoice), Arc<[Bytes]>>;

/// A tool, its place in the text of its shelf, and whether it may be called.
#[derive(Clone, Copy)]
struct Item {
    tool: &'static Entry,
    toolset: Toolset,
    shelf: &'static str,
    begin: usize,
    end: usize,
    standing: Standing,
}

impl Item {
    fn text(&self) -> &'static str {
        &self.shelf[self.begin..self.end]
    }

    fn bytes(self) -> Bytes {
        Bytes::from_static(self.text().as_bytes())
    }
}

/// What a name leads to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found {
    Tool(&'static Entry),
    /// There is such a tool, and the operator keeps it away.
    Barred(Setting),
    Nothing,
}

/// What a list costs whoever reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Weight {
    pub(crate) tools: usize,
    pub(crate) approx_tokens: usize,
}

impl Catalogue {
    /// The product's tools, as far as `place` and the operator allow.
    pub(crate) fn new(place: Place, policy: &ToolPolicy) -> Self {
        Self::of(SHELVES, place, policy)
    }

    pub(crate) fn of(shelves: &'static [Shelf], place: Place, policy: &ToolPolicy) -> Self {
        let tools =
            shelves.iter().flat_map(|shelf| shelf.tools.iter().map(|tool| (tool, shelf.toolset)));
        let standings =
            tools.map(|(tool, toolset)| policy::standing(tool, toolset, place, policy)).collect();
        // Whoever allows some tools by name wants to see those.
        let usual = if policy.enabled.is_empty() { Profile::Everyday } else { Profile::Full };
        let mut default = policy.profile.clone().unwrap_or_default();
        default.profile.get_or_insert(usual);
        let (read_only, listings) = (policy.read_only, Mutex::default());
        Self { shelves, standings, default, read_only, listings }
    }

    /// Whether the operator has switched every change off.
    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// The profile a choice comes down to.
    pub(crate) fn profile(&self, choice: &ToolChoice) -> Profile {
        choice.profile.or(self.default.profile).unwrap_or(Profile::Everyday)
    }

    /// The tool of a name, whether it is listed or not. Aliases are names as well.
    pub(crate) fn find(&self, name: &str) -> Found {
        let item = |name: &str| self.each().find(|item| item.tool.name == name);
        match item(name).or_else(|| item(aliases::resolve(name))) {
            Some(Item { tool, standing: Standing::Offered, .. }) => Found::Tool(tool),
            Some(Item { standing: Standing::Barred(setting), .. }) => Found::Barred(setting),
            Some(Item { standing: Standing::Absent, .. }) | None => Found::Nothing,
        }
    }

    fn each(&self) -> impl Iterator<Item = Item> {
        let shelved = self.shelves.iter().flat_map(|shelf| {
            let defined = shelf.tools.iter().zip(lines(shelf.text));
            defined.map(move |(tool, (begin, end))| (tool, shelf, begin, end))
        });
        shelved.zip(&self.standings).map(|((tool, shelf, begin, end), standing)| {
            let toolset = shelf.toolset;
            Item { tool, toolset, shelf: shelf.text, begin, end, standing: *standing }
        })
    }

    /// Names of the tools whose calls may be sent twice, and of all others.
    pub(crate) fn names(&self) -> (Vec<String>, Vec<String>) {
        let (mut twice, mut once) = (Vec::new(), Vec::new());
        for Item { tool, standing, .. } in self.each() {
            if standing == Standing::Offered {
                let names = if tool.class.is_repeatable() { &mut twice } else { &mut once };
                names.push(tool.name.to_owned());
                names.extend(aliases::of(tool.name).map(str::to_owned));
            }
        }
        (twice, once)
    }

    /// What a choice lists of the tools a connection may call: with commas between them, these
    /// are the items of a JSON array. Neighbours of one toolset are one piece.
    pub(crate) fn listing(&self, choice: &ToolChoice, scopes: Scopes) -> Arc<[Bytes]> {
        let mut kept = self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (scopes, choice.clone());
        if let Some(pieces) = kept.get(&key) {
            return Arc::clone(pieces);
        }
        if kept.len() >= MOST_LISTINGS {
            kept.clear();
        }
        let pieces: Arc<[Bytes]> = self.pieces(choice, scopes).into();
        kept.insert(key, Arc::clone(&pieces));
        pieces
    }

    fn pieces(&self, choice: &ToolChoice, scopes: Scopes) -> Vec<Bytes> {
        let mut pieces = Vec::new();
        let mut open: Option<Item> = None;
        for item in self.each().filter(|item| self.lists(choice, scopes, item.tool.name, item)) {
            match &mut open {
                // Only a comma and the end of a line are between them.
                Some(open) if open.toolset == item.toolset && open.end + 2 == item.begin => {
                    open.end = item.end;
                }
                Some(_) | None => pieces.extend(open.replace(item).map(Item::bytes)),
            }
        }
        pieces.extend(open.map(Item::bytes));
        for (alias, canonical) in aliases::all() {
            // A tool of its own comes before another's second name.
            if self.each().any(|item| item.tool.name == alias) {
                continue;
            }
            let item = self.each().find(|item| item.tool.name == canonical);
            let listed = item.filter(|item| self.lists(choice, scopes, alias, item));
            pieces.extend(listed.map(|item| {
                let name = |name| format!(r#""name":"{name}""#);
                Bytes::from(item.text().replacen(&name(canonical), &name(alias), 1))
            }));
        }
        pieces
    }

    /// Whether a choice lists a tool under this name.
    fn lists(&self, choice: &ToolChoice, scopes: Scopes, name: &str, item: &Item) -> bool {
        let Item { tool, toolset, standing, .. } = *item;
        standing == Standing::Offered
            && scopes.cover(tool.class.needs())
            && profiles::lists(choice, &self.default, name, tool, toolset)
    }

    /// How much a choice lists, of one toolset or of all.
    pub(crate) fn weight(
        &self,
        choice: &ToolChoice,
        scopes: Scopes,
        within: Option<Toolset>,
    ) -> Weight {
        let listed = self.each().filter(|item| {
            within.is_none_or(|within| within == item.toolset)
                && self.lists(choice, scopes, item.tool.name, item)
        });
        let (tools, bytes) =
            listed.fold((0, 0), |(tools, bytes), item| (tools + 1, bytes + item.text().len()));
        Weight { tools, approx_tokens: bytes / BYTES_PER_TOKEN }
    }
}

/// Where the tools stand in the text of a shelf. The brackets have lines of their own.
fn lines(text: &'static str) -> impl Iterator<Item = (usize, usize)> {
    let mut next = 0;
    let lines = text.split_inclusive('\n').map(move |line| {
        let begin = next;
        next += line.len();
        (begin, begin + line.trim_end_matches(['\n', ',']).len())
    });
    lines.skip(1)
}

#[cfg(test)]
mod generate;
#[cfg(test)]
mod parity;

#[cfg(test)]
pub(crate) use generate::{Words, describe, describe_write};
