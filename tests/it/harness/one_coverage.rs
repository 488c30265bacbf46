//! Enrollments with one coverage, as most tests have them.

use redress::kernel::caller::Role;
use redress::wire::google::r#type::Date;
use redress::wire::redress::enrollment::v1::{Coverage, Enrollment};
use redress::wire::redress::r#type::v1::OutcomeClass;

/// What an enrollment's one coverage says.
pub trait OneCoverage {
    fn coverage(&self) -> &Coverage;

    fn handoff(&self) -> &str {
        &self.coverage().handoff_id
    }

    fn class(&self) -> OutcomeClass {
        self.coverage().outcome_class()
    }

    fn term_end(&self) -> Option<Date> {
        self.coverage().term_end_date
    }

    /// What the person is told to do next.
    fn said(&self) -> String;
}

impl OneCoverage for Enrollment {
    fn coverage(&self) -> &Coverage {
        let [coverage] = &self.coverages[..] else {
            panic!("{} coverages", self.coverages.len())
        };
        coverage
    }

    fn said(&self) -> String {
        let step = self.next_step.clone();
        step.map(|step| step.person_text).unwrap_or_default()
    }
}

/// Gives a class as a caller of this role is told it.
pub fn told(class: OutcomeClass, role: Role) -> OutcomeClass {
    let hidden = matches!(class, OutcomeClass::VictimAlert | OutcomeClass::SsnMismatch);
    if hidden && role == Role::Portal {
        OutcomeClass::Other
    } else {
        class
    }
}
