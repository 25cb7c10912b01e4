//! Finding SKUs and prices in text that this service wrote, without reading the rest.
//!
//! The prices of a variant begin behind the bytes `,"prices":[`. They only ever are a name with a list
//! behind it: inside a JSON string the quotes would be escaped. Beside variants only custom fields can have
//! that name, and no custom fields look like a variant up to there: see [`sku`]. So when all such lists
//! have a variant's beginning before them and, where prices are selected, are lists of prices in the exact
//! form in which [`api::Price`] is written, they are those of the variants; in any other case the walk
//! gives up, and the text is read by its structure.

use super::{Best, Scope, Selection};
use crate::answers::{Addition, What};
use api::Timestamp;

/// The name of a list of prices.
const NAME: &str = ",\"prices\":";

/// How a product says that its embedded prices do not count.
const STANDALONE: &str = "\"priceMode\":\"Standalone\"";

/// What is added, by ascending places; `None` if the text looks otherwise.
pub(super) fn additions<'a>(
    selection: Option<&Selection<'_>>,
    now: Timestamp,
    text: &'a str,
) -> Option<Vec<Addition<'a>>> {
    if selection.is_some() && text.contains(STANDALONE) {
        return None;
    }
    let mut additions = Vec::new();
    let mut at = 0;
    while let Some(found) = text.get(at..)?.find('[') {
        let bracket = at + found;
        at = bracket + 1;
        let Some(head) = text.get(..bracket)?.strip_suffix(NAME) else { continue };
        if let Some((place, sku)) = sku(head)? {
            additions.push(Addition { place, what: What::Availability(sku.into()) });
        }
        let Some(selection) = selection else { continue };
        let mut walk = Walk { rest: text.get(at..)? };
        let best = walk.list(selection, now)?;
        at = text.len() - walk.rest.len();
        if let Some((_, price)) = best.held {
            additions.push(Addition { place: at, what: What::Price(price) });
        }
    }
    Some(additions)
}

/// The SKU of the variant whose prices follow `head`, and the place behind it. Gives up unless `head` ends
/// with `{"id":1`, then the SKU and the key if there are any, and that is no object of custom fields.
#[allow(clippy::option_option, reason = "the outer one gives up, the inner one is an absent member")]
fn sku(head: &str) -> Option<Option<(usize, &str)>> {
    let head = last_text(head, ",\"key\":")?.map_or(head, |(before, _)| before);
    let found = last_text(head, ",\"sku\":")?;
    let id = found.map_or(head, |(before, _)| before);
    let object = id.trim_end_matches(|digit: char| digit.is_ascii_digit()).strip_suffix("{\"id\":")?;
    (!object.ends_with("\"fields\":")).then_some(found.map(|(_, sku)| (head.len(), sku)))
}

/// The last member of `head` and what is before it, if it has this name and is a string. Gives up on
/// strings with escapes.
#[allow(clippy::option_option, reason = "as above")]
fn last_text<'a>(head: &'a str, name: &str) -> Option<Option<(&'a str, &'a str)>> {
    let Some(rest) = head.strip_suffix('"') else { return Some(None) };
    let (before, text) = rest.rsplit_once('"')?;
    if before.ends_with('\\') || text.contains('\\') {
        return None;
    }
    Some(before.strip_suffix(name).map(|before| (before, text)))
}

/// What is still to be read. Every method takes exactly what it names, or gives `None`.
struct Walk<'a> {
    rest: &'a str,
}

impl<'a> Walk<'a> {
    /// A list of prices behind its opening bracket, and the closing one.
    fn list(&mut self, selection: &Selection<'_>, now: Timestamp) -> Option<Best<'a>> {
        let mut best = Best::default();
        if self.has("]") {
            return Some(best);
        }
        loop {
            let before = self.rest;
            let scope = self.price()?;
            let price = before.get(..before.len() - self.rest.len())?;
            best.offer(selection, now, &scope, price);
            if self.has("]") {
                return Some(best);
            }
            self.skip(",")?;
        }
    }

    fn price(&mut self) -> Option<Scope<'a>> {
        self.skip("{\"id\":\"")?;
        self.text()?;
        if self.has(",\"key\":\"") {
            self.text()?;
        }
        self.skip(",\"value\":")?;
        let (currency, amount, digits) = self.money()?;
        let country = self.text_behind(",\"country\":\"")?;
        let group = self.reference_behind(",\"customerGroup\":{\"typeId\":\"customer-group\",\"id\":\"")?;
        let channel = self.reference_behind(",\"channel\":{\"typeId\":\"channel\",\"id\":\"")?;
        let from = self.time_behind(",\"validFrom\":\"")?;
        let until = self.time_behind(",\"validUntil\":\"")?;
        if self.has(",\"tiers\":[") {
            self.tiers()?;
        }
        // Custom fields would have to be read by their structure.
        self.skip("}")?;
        Some(Scope { currency, amount, digits, country, group, channel, from, until })
    }

    fn money(&mut self) -> Option<(&'a str, i64, u32)> {
        self.skip("{\"type\":\"")?;
        self.text()?;
        self.skip(",\"currencyCode\":\"")?;
        let currency = self.text()?;
        self.skip(",\"centAmount\":")?;
        let mut amount = self.number()?;
        if self.has(",\"preciseAmount\":") {
            amount = self.number()?;
        }
        self.skip(",\"fractionDigits\":")?;
        let digits = u32::try_from(self.number()?).ok()?;
        self.skip("}")?;
        Some((currency, amount, digits))
    }

    fn tiers(&mut self) -> Option<()> {
        loop {
            self.skip("{\"minimumQuantity\":")?;
            self.number()?;
            self.skip(",\"value\":")?;
            self.money()?;
            self.skip("}")?;
            if self.has("]") {
                return Some(());
            }
            self.skip(",")?;
        }
    }

    /// Takes `expected` if it comes next.
    fn has(&mut self, expected: &str) -> bool {
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn skip(&mut self, expected: &str) -> Option<()> {
        self.has(expected).then_some(())
    }

    /// The rest of a string, whose opening quote is taken, and the closing quote. Not one with escapes.
    fn text(&mut self) -> Option<&'a str> {
        let end = end_of_text(self.rest.as_bytes())?;
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.strip_prefix('"')?;
        Some(text)
    }

    fn number(&mut self) -> Option<i64> {
        let end = self.rest.bytes().position(|byte| !(byte.is_ascii_digit() || byte == b'-'))?;
        let (number, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        number.parse().ok()
    }

    /// The string behind `name`, if that comes next.
    #[allow(clippy::option_option, reason = "the outer one gives up, the inner one is an absent member")]
    fn text_behind(&mut self, name: &str) -> Option<Option<&'a str>> {
        if self.has(name) { self.text().map(Some) } else { Some(None) }
    }

    #[allow(clippy::option_option, reason = "as above")]
    fn reference_behind(&mut self, name: &str) -> Option<Option<&'a str>> {
        let id = self.text_behind(name)?;
        if id.is_some() {
            self.skip("}")?;
        }
        Some(id)
    }

    #[allow(clippy::option_option, reason = "as above")]
    fn time_behind(&mut self, name: &str) -> Option<Option<Timestamp>> {
        match self.text_behind(name)? {
            Some(text) => Timestamp::parse(text).map(Some),
            None => Some(None),
        }
    }
}

/// Where the first quote or backslash is. Looks at blocks, which the compiler turns into vector
/// instructions: most of a price is strings.
fn end_of_text(bytes: &[u8]) -> Option<usize> {
    let ends = |byte: &u8| *byte == b'"' || *byte == b'\\';
    let mut at = 0;
    let (blocks, _) = bytes.as_chunks::<16>();
    for block in blocks {
        if block.iter().fold(false, |found, byte| found | ends(byte)) {
            break;
        }
        at += block.len();
    }
    bytes.get(at..)?.iter().position(ends).map(|found| at + found)
}
