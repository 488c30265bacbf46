//! By when who must be told, counted for one campaign on one day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Span, Unit};

use super::place::Place;
use super::rule::{CountedFrom, Duty, Law, Notice, Notified, Rule};

/// Says that a date leaves the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the date is out of range")]
pub struct OutOfRange;

/// The people that the rules count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// All of them.
    pub individuals: i64,
    /// Those who cannot be written to, without the deceased.
    pub unreachable: i64,
    /// The same by the key of each covered entity that lists them.
    pub unreachable_of: Vec<(String, i64)>,
    /// Who lives where.
    pub residents: BTreeMap<Place, i64>,
    /// The same without the deceased, to whom no monitoring is owed.
    pub living: BTreeMap<Place, i64>,
}

/// One rule on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline<'l> {
    /// The rule.
    pub rule: &'l Rule,
    /// The last day.
    pub due_on: Date,
    /// Days until then; 0 is today, below that it is past.
    pub days_left: i32,
    /// Whether so many people make it due.
    pub applies: bool,
    /// How many people it counts: for a rule about states, those of the states that reach it.
    pub people: i64,
    /// Which states or covered entities reach it by themselves, with their people.
    pub reached: Vec<(String, i64)>,
}

impl Notice {
    /// Gives the last day.
    pub fn due_on(&self, discovered_on: Date) -> Result<Date, OutOfRange> {
        let from = match self.from {
            CountedFrom::Discovery => discovered_on,
            CountedFrom::EndOfYear => discovered_on.last_of_year(),
        };
        let span = Span::new().try_days(self.days).map_err(|_| OutOfRange)?;
        from.checked_add(span).map_err(|_| OutOfRange)
    }

    /// Counts whom it is about, and says who reaches it alone.
    fn counts(&self, place: Option<Place>, census: &Census) -> (i64, Vec<(String, i64)>) {
        let within = |(_, people): &(String, i64)| self.people.contains(people);
        match self.to {
            Notified::Individuals | Notified::Secretary => (census.individuals, Vec::new()),
            Notified::Unreachable => {
                let reached = census.unreachable_of.iter().filter(|it| within(it));
                (census.unreachable, reached.cloned().collect())
            }
            Notified::Media => {
                let states = census.residents.iter();
                let states = states.map(|(place, people)| (place.code().to_owned(), *people));
                let reached: Vec<(String, i64)> = states.filter(within).collect();
                (reached.iter().map(|(_, people)| people).sum(), reached)
            }
            Notified::AttorneyGeneral => {
                let here = place.and_then(|place| Some((place, *census.residents.get(&place)?)));
                let here = here.map(|(place, people)| (place.code().to_owned(), people));
                let people = here.as_ref().map_or(0, |(_, people)| *people);
                (people, here.filter(within).into_iter().collect())
            }
        }
    }
}

impl Law {
    /// Gives every notice on a day, by the day it is due; a state's only where somebody lives there.
    pub fn deadlines(
        &self,
        discovered_on: Date,
        today: Date,
        census: &Census,
    ) -> Result<Vec<Deadline<'_>>, OutOfRange> {
        let mut deadlines = Vec::new();
        for rule in &self.rules {
            let Duty::Notice(notice) = &rule.duty else {
                continue;
            };
            let (people, reached) = notice.counts(rule.place, census);
            if rule.place.is_some() && people == 0 {
                continue;
            }
            let due_on = notice.due_on(discovered_on)?;
            let left = today.until((Unit::Day, due_on)).map_err(|_| OutOfRange)?;
            let applies = notice.people.contains(&people);
            deadlines.push(Deadline {
                rule,
                due_on,
                days_left: left.get_days(),
                applies,
                people,
                reached: if applies { reached } else { Vec::new() },
            });
        }
        deadlines.sort_by_key(|deadline| deadline.due_on);
        Ok(deadlines)
    }

    /// Gives the places where people live and for whose attorney general no rule is known.
    pub fn unknown_to(&self, census: &Census) -> Vec<(Place, i64)> {
        let known = |place: Place| {
            self.rules.iter().any(|rule| {
                let to_official =
                    matches!(&rule.duty, Duty::Notice(it) if it.to == Notified::AttorneyGeneral);
                to_official && rule.place == Some(place)
            })
        };
        let people = census.residents.iter();
        people
            .filter(|(place, people)| **people > 0 && !known(**place))
            .map(|(place, people)| (*place, *people))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn place(code: &str) -> Place {
        Place::parse(code).unwrap()
    }

    fn on<'l>(
        census: &Census,
        discovered_on: Date,
        today: Date,
    ) -> BTreeMap<&'l str, Deadline<'l>> {
        let deadlines = Law::current().deadlines(discovered_on, today, census);
        let deadlines = deadlines.unwrap().into_iter();
        deadlines.map(|it| (it.rule.id.as_str(), it)).collect()
    }

    fn people(individuals: i64) -> Census {
        Census {
            individuals,
            ..Census::default()
        }
    }

    #[test]
    fn sixty_days_are_calendar_days_from_discovery() {
        let due = |discovered: Date| {
            let all = on(&people(1), discovered, discovered);
            let notice = &all["hipaa-individual-notice"];
            assert_eq!(notice.days_left, 60);
            notice.due_on
        };
        assert_eq!(due(date(2015, 5, 26)), date(2015, 7, 25));
        assert_eq!(due(date(2023, 12, 31)), date(2024, 2, 29));
        assert_eq!(due(date(2024, 12, 31)), date(2025, 3, 1));
        assert_eq!(due(date(2024, 1, 1)), date(2024, 3, 1));
        assert_eq!(due(date(2025, 1, 1)), date(2025, 3, 2));
        assert_eq!(due(date(2024, 2, 29)), date(2024, 4, 29));
    }

    #[test]
    fn fewer_than_five_hundred_are_told_within_sixty_days_of_the_year() {
        let due =
            |discovered| on(&people(499), discovered, discovered)["hipaa-secretary-annual"].due_on;
        assert_eq!(due(date(2023, 1, 1)), date(2024, 2, 29));
        assert_eq!(due(date(2023, 12, 31)), date(2024, 2, 29));
        assert_eq!(due(date(2024, 12, 31)), date(2025, 3, 1));
        assert_eq!(due(date(2025, 6, 30)), date(2026, 3, 1));
    }

    #[test]
    fn the_secretary_is_told_at_once_from_five_hundred_on() {
        let day = date(2026, 5, 26);
        for (count, at_once, annual) in [
            (0, false, false),
            (1, false, true),
            (499, false, true),
            (500, true, false),
            (501, true, false),
        ] {
            let all = on(&people(count), day, day);
            assert_eq!(all["hipaa-secretary-500"].applies, at_once, "{count}");
            assert_eq!(all["hipaa-secretary-annual"].applies, annual, "{count}");
            assert_eq!(all["hipaa-individual-notice"].applies, count > 0, "{count}");
        }
    }

    #[test]
    fn the_media_are_told_where_more_than_five_hundred_live() {
        let day = date(2026, 5, 26);
        let census = |indiana, ohio| Census {
            individuals: indiana + ohio,
            residents: [(place("IN"), indiana), (place("OH"), ohio)].into(),
            ..Census::default()
        };
        let media = |census: &Census| on(census, day, day)["hipaa-media"].clone();
        let both_below = media(&census(500, 500));
        assert!(!both_below.applies && both_below.reached.is_empty());
        assert_eq!(both_below.people, 0);
        let one = media(&census(501, 500));
        assert!(one.applies);
        assert_eq!(
            (one.people, one.reached),
            (501, vec![("IN".to_owned(), 501)])
        );
        assert_eq!(media(&census(501, 502)).people, 1_003);
    }

    #[test]
    fn ten_who_cannot_be_reached_make_the_greater_substitute_notice_due() {
        let day = date(2026, 5, 26);
        for (count, few, many) in [
            (0, false, false),
            (1, true, false),
            (9, true, false),
            (10, false, true),
        ] {
            let census = Census {
                individuals: 20,
                unreachable: count,
                unreachable_of: vec![("a".into(), count), ("b".into(), 9)],
                ..Census::default()
            };
            let all = on(&census, day, day);
            assert_eq!(all["hipaa-substitute-few"].applies, few, "{count}");
            let substitute = &all["hipaa-substitute-many"];
            assert_eq!((substitute.applies, substitute.people), (many, count));
            let alone = if many {
                vec![("a".to_owned(), 10)]
            } else {
                Vec::new()
            };
            assert_eq!(substitute.reached, alone);
        }
    }

    #[test]
    fn an_attorney_general_is_told_from_the_states_own_number_on() {
        let day = date(2026, 5, 26);
        for (state, most_without) in [
            ("ct", 0),
            ("ma", 0),
            ("in", 0),
            ("tx", 249),
            ("pa", 499),
            ("fl", 499),
            ("ca", 500),
            ("de", 500),
            ("il", 500),
            ("az", 1_000),
        ] {
            let told = |residents: i64| {
                let census = Census {
                    residents: [(place(&state.to_uppercase()), residents)].into(),
                    ..Census::default()
                };
                on(&census, day, day)
                    .get(format!("{state}-attorney-general").as_str())
                    .map(|it| it.applies)
            };
            assert_eq!(told(0), None, "{state}");
            assert_eq!(
                told(most_without),
                (most_without > 0).then_some(false),
                "{state}"
            );
            assert_eq!(told(most_without + 1), Some(true), "{state}");
        }
    }

    #[test]
    fn days_left_pass_through_zero_and_the_soonest_comes_first() {
        let discovered = date(2026, 5, 26);
        let left = |today| on(&people(1), discovered, today)["hipaa-individual-notice"].days_left;
        assert_eq!(left(date(2026, 7, 24)), 1);
        assert_eq!(left(date(2026, 7, 25)), 0);
        assert_eq!(left(date(2026, 7, 26)), -1);
        assert_eq!(left(date(2027, 7, 25)), -365);
        let census = Census {
            individuals: 2,
            residents: [(place("CT"), 1), (place("TX"), 1)].into(),
            ..Census::default()
        };
        let all = Law::current()
            .deadlines(discovered, discovered, &census)
            .unwrap();
        assert_eq!(all[0].rule.id, "tx-attorney-general");
        assert!(all.is_sorted_by_key(|deadline| deadline.due_on));
        assert_eq!(
            Law::current().deadlines(Date::MAX, discovered, &census),
            Err(OutOfRange)
        );
    }

    #[test]
    fn states_without_a_rule_are_named() {
        let census = Census {
            residents: [(place("IN"), 3), (place("OH"), 2), (place("NY"), 0)].into(),
            ..Census::default()
        };
        assert_eq!(Law::current().unknown_to(&census), [(place("OH"), 2)]);
    }
}
