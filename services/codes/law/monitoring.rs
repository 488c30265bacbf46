//! How long monitoring is owed where people live. The term owed is the longest of the campaign's and the state's.

use std::collections::BTreeMap;

use super::place::Place;
use super::rule::{Duty, Law, Rule};

/// What one state asks, held against a campaign's term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed<'l> {
    /// The rule.
    pub rule: &'l Rule,
    /// Where it holds.
    pub place: Place,
    /// Calendar months.
    pub months: i32,
    /// By how many months the term is too short; 0 when it is long enough.
    pub short_by: i32,
    /// Rules of the same state that ask for more and are not taken to hold.
    pub otherwise: Vec<(&'l Rule, i32)>,
}

impl Owed<'_> {
    /// Says in plain words that the term is too short.
    pub fn warning(&self, term_months: i32) -> String {
        let mut text = format!(
            "{} asks for {} months of monitoring {}; this campaign gives {term_months}, which is {} too few for its residents",
            self.place.name(),
            self.months,
            self.rule.condition,
            self.short_by,
        );
        for (rule, months) in &self.otherwise {
            text = format!("{text} ({months} months {})", rule.condition);
        }
        text
    }
}

impl Law {
    /// Gives what each state asks of a campaign with this term, in the order of the file.
    pub fn monitoring(&self, term_months: i32) -> Vec<Owed<'_>> {
        let rules = self.rules.iter().filter(|rule| rule.presumed);
        let owed = rules.filter_map(|rule| {
            let (place, months) = (rule.place?, rule.months()?);
            Some(Owed {
                rule,
                place,
                months,
                short_by: (months - term_months).max(0),
                otherwise: self.otherwise(place),
            })
        });
        owed.collect()
    }

    /// Gives the states that ask for more than a campaign's term.
    pub fn beyond(&self, term_months: i32) -> impl Iterator<Item = Owed<'_>> {
        let all = self.monitoring(term_months).into_iter();
        all.filter(|owed| owed.short_by > 0)
    }

    /// Gives what is owed to the residents that there are, most people first.
    pub fn monitoring_of(
        &self,
        term_months: i32,
        residents: &BTreeMap<Place, i64>,
    ) -> Vec<(Owed<'_>, i64)> {
        let all = self.monitoring(term_months).into_iter();
        let mut here: Vec<(Owed<'_>, i64)> = all
            .filter_map(|owed| {
                let people = *residents.get(&owed.place)?;
                (people > 0).then_some((owed, people))
            })
            .collect();
        here.sort_by_key(|(owed, people)| (-people, owed.place));
        here
    }

    /// Gives how many calendar months of monitoring a state asks for; 0 where it asks for none.
    pub fn months_owed(&self, place: Place) -> i32 {
        let rules = self.rules.iter().filter(|rule| rule.presumed);
        let here = rules.filter(|rule| rule.place == Some(place));
        here.filter_map(Rule::months).max().unwrap_or(0)
    }

    fn otherwise(&self, place: Place) -> Vec<(&Rule, i32)> {
        let rules = self.rules.iter().filter(|rule| !rule.presumed);
        rules
            .filter(|rule| rule.place == Some(place))
            .filter_map(|rule| Some((rule, rule.months()?)))
            .collect()
    }
}

impl Rule {
    fn months(&self) -> Option<i32> {
        match self.duty {
            Duty::Monitoring { months } => Some(months),
            Duty::Notice(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(term_months: i32) -> Vec<(&'static str, i32)> {
        let owed = Law::current().beyond(term_months);
        owed.map(|owed| (owed.place.code(), owed.short_by))
            .collect()
    }

    #[test]
    fn a_term_is_too_short_where_a_state_asks_for_more() {
        assert_eq!(short(24), []);
        assert_eq!(short(23), [("CT", 1)]);
        assert_eq!(short(18), [("CT", 6)]);
        assert_eq!(short(17), [("CT", 7), ("MA", 1), ("DC", 1)]);
        assert_eq!(short(12), [("CT", 12), ("MA", 6), ("DC", 6)]);
        let all = [
            ("CT", 13),
            ("MA", 7),
            ("DC", 7),
            ("DE", 1),
            ("PA", 1),
            ("CA", 1),
        ];
        assert_eq!(short(11), all);
    }

    #[test]
    fn the_warning_says_who_asks_for_how_much_and_when() {
        let all: Vec<Owed<'_>> = Law::current().beyond(12).collect();
        assert_eq!(
            all[0].warning(12),
            "Connecticut asks for 24 months of monitoring where Social Security or taxpayer numbers were exposed; \
             this campaign gives 12, which is 12 too few for its residents"
        );
        let bureau = "(42 months where a consumer reporting agency was breached and Social Security numbers were exposed)";
        assert!(
            all[1].warning(12).ends_with(bureau),
            "{}",
            all[1].warning(12)
        );
    }

    #[test]
    fn what_is_owed_is_told_for_the_states_that_have_residents() {
        let place = |code| Place::parse(code).unwrap();
        let residents = [
            (place("CT"), 3),
            (place("IN"), 9),
            (place("PA"), 4),
            (place("DC"), 0),
        ];
        let owed = Law::current().monitoring_of(18, &residents.into());
        let owed: Vec<_> = owed
            .iter()
            .map(|(owed, people)| (owed.place.code(), *people, owed.months, owed.short_by))
            .collect();
        assert_eq!(owed, [("PA", 4, 12, 0), ("CT", 3, 24, 6)]);
    }
}
