//! What can be done next about a verification, in the words that an agent reads and a person is told.
//!
//! Nobody is at a dead end: there is a step in every state until an enrollment was completed. No step says which datum was right. Who
//! asked without a letter and without an agent is told the same as everybody.

use crate::db::entities::individual::Population;
use crate::db::entities::verification::{Path, State};
use crate::identity::verification::situation::Situation;
use crate::identity::verification::view::View;
use crate::kernel::clock::Timestamp;
use crate::kernel::language::primary;
use crate::wire::redress::enrollment::v1 as wire;
use wire::{NextAction as Action, NextActor as Actor};

/// A step: who, what, in words for the agent, and for the person in English and Spanish. `{due}` stands for the day of a review, `{letter}` for
/// that from which on another letter is possible.
#[derive(Debug, PartialEq, Eq)]
struct Step(Actor, Action, &'static str, &'static str, &'static str);

/// Gives what can be done next, what helps most first.
pub fn next_steps(view: &View, is_public: bool) -> Vec<wire::NextStep> {
    let has_representative = view.representative.is_some();
    let facts = Facts {
        state: view.state,
        has_contacts: !view.contacts.is_empty(),
        has_code: view.attempts_left.is_some_and(|left| left > 0),
        has_enrollment: view.enrollment.is_some(),
        has_representative,
        is_letter_declined: view.letter_possible_at.is_some(),
    };
    let is_spanish = primary(&view.language) == "es";
    let due = view.due_at.map(day).unwrap_or_default();
    let letter = view.letter_possible_at.map(day).unwrap_or_default();
    let fill = |text: &str| text.replace("{due}", &due).replace("{letter}", &letter);
    let write = |step: &Step| {
        let Step(actor, action, agent, english, spanish) = *step;
        let agent = if is_public { "" } else { agent };
        let person = if is_spanish { spanish } else { english };
        wire::NextStep {
            actor: actor.into(),
            action: action.into(),
            agent_text: fill(agent),
            person_text: fill(person),
        }
    };
    steps(facts, view.situation)
        .into_iter()
        .map(write)
        .collect()
}

fn day(at: Timestamp) -> String {
    let day = at.date_in(&jiff::tz::TimeZone::UTC);
    day.map_or_else(|_| at.to_string(), |day| day.to_string())
}

/// What a view shows, as far as it counts here.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact, and none excludes another"
)]
struct Facts {
    state: State,
    /// Whether there is a contact to which a code can be sent.
    has_contacts: bool,
    /// Whether a code that was sent can still be tried.
    has_code: bool,
    has_enrollment: bool,
    has_representative: bool,
    /// Whether a limit declined the letter that was ordered.
    is_letter_declined: bool,
}

impl Facts {
    const fn letter(self) -> &'static Step {
        if self.is_letter_declined {
            &LETTER_LATER
        } else {
            &LETTER
        }
    }
}

fn steps(facts: Facts, of: Situation) -> Vec<&'static Step> {
    if of.shows_nothing {
        return unseen(of);
    }
    match facts.state {
        State::ConfirmationRequired if of.is_expired => vec![&VERIFY_AGAIN, &DOCUMENTS],
        State::ConfirmationRequired => confirmation(facts, of),
        State::Referred => review(facts, of),
        State::Verified if of.is_completed => Vec::new(),
        State::Verified if of.is_guardian_void => vec![&GUARDIAN],
        State::Verified if of.is_expired => vec![&VERIFY_AGAIN],
        State::Verified if facts.has_enrollment => vec![&COMPLETE],
        State::Verified => vec![&BEGIN],
        State::Refused if of.has_lapsed => vec![&OF_AGE],
        State::Refused if of.population == Population::Deceased => vec![&ESTATE],
        State::Refused => vec![&DENIED],
    }
}

fn unseen(of: Situation) -> Vec<&'static Step> {
    if of.is_expired {
        return vec![&VERIFY_AGAIN, &CALL];
    }
    vec![&SEND_UNSEEN, &CONFIRM, &LETTER_UNSEEN, &CALL]
}

fn confirmation(facts: Facts, of: Situation) -> Vec<&'static Step> {
    let send = match (facts.has_code, facts.has_contacts && of.may_send) {
        (_, false) => None,
        (true, true) => Some(&SEND_ANOTHER),
        (false, true) => Some(&SEND),
    };
    let confirm = facts.has_code.then_some(&CONFIRM);
    let ways = [confirm, send, Some(facts.letter()), Some(&DOCUMENTS)];
    ways.into_iter().flatten().collect()
}

fn review(facts: Facts, of: Situation) -> Vec<&'static Step> {
    // Who is on the list as well is verified first, and then needs no papers where both live at one address.
    let guardian = match (of.population, facts.has_representative) {
        (Population::Minor, false) => Some(&GUARDIAN),
        (Population::Minor, true) if !of.has_guardian || of.is_guardian_void => {
            Some(&GUARDIAN_FIRST)
        }
        _ => None,
    };
    let papers = if facts.has_representative {
        &AUTHORITY
    } else {
        &DOCUMENTS
    };
    // With a fresh one in hand a new letter brings nothing.
    let letter = of.path == Path::Lookup || !of.has_fresh_letter;
    let ways = [
        guardian,
        Some(&WAIT),
        Some(papers),
        letter.then_some(facts.letter()),
    ];
    ways.into_iter().flatten().collect()
}

const SEND: Step = Step(
    Actor::Agent,
    Action::SendConfirmationCode,
    "Ask which of the contacts on record the person reaches, and send a one-time code there.",
    "We can send you a one-time code to a contact that we knew before.",
    "Podemos enviarle un código de un solo uso a un contacto que ya conocíamos.",
);
const SEND_ANOTHER: Step = Step(
    Actor::Agent,
    Action::SendConfirmationCode,
    "If the code did not come, send another one, or one to another contact. Only the last one counts.",
    "If the code did not come, ask for another one.",
    "Si el código no llegó, pida otro.",
);
const SEND_UNSEEN: Step = Step(
    Actor::Person,
    Action::SendConfirmationCode,
    "Ask how the person wishes to receive a one-time code. If the person is on the list, it goes to a contact that we knew before.",
    "If you are on the list, we can send a one-time code to a contact that we knew before: by e-mail, text message or call.",
    "Si usted está en la lista, podemos enviar un código de un solo uso a un contacto que ya conocíamos: por correo electrónico, mensaje de texto o llamada.",
);
const CONFIRM: Step = Step(
    Actor::Person,
    Action::ConfirmCode,
    "Ask for the six digits that the person received, and type them in. Never read a code to anybody.",
    "Type in the six digits that you received.",
    "Escriba los seis dígitos que recibió.",
);
const LETTER: Step = Step(
    Actor::Agent,
    Action::OrderLetter,
    "If the person reaches none of the contacts, order a new letter. It goes to the address on record and nowhere else.",
    "We can send a new letter to the address that we know.",
    "Podemos enviarle una carta nueva a la dirección que conocemos.",
);
const LETTER_LATER: Step = Step(
    Actor::Agent,
    Action::OrderLetter,
    "The letter that was ordered is not sent: too many were sent already. Another one can be ordered from {letter} on; offer the other ways until then.",
    "We can send a new letter to the address that we know from {letter} on.",
    "Podemos enviarle una carta nueva a la dirección que conocemos a partir del {letter}.",
);
const LETTER_UNSEEN: Step = Step(
    Actor::Person,
    Action::OrderLetter,
    "Order a new letter. If the person is on the list, it goes to the address on record and nowhere else.",
    "If you are on the list, we can send a new letter to the address that we know.",
    "Si usted está en la lista, podemos enviar una carta nueva a la dirección que conocemos.",
);
const DOCUMENTS: Step = Step(
    Actor::Person,
    Action::ShowDocuments,
    "Offer an attended check: the person shows an ID and a proof of the address to an agent, and a second person decides.",
    "You can show an ID and a proof of your address to one of our agents.",
    "Puede mostrar una identificación y un comprobante de su dirección a uno de nuestros agentes.",
);
const AUTHORITY: Step = Step(
    Actor::Person,
    Action::ShowDocuments,
    "Ask whoever acts for the person for an ID and for the papers that give the right to act; a reviewer needs them to decide.",
    "Please show an ID and the papers that give you the right to act for the person to one of our agents.",
    "Muestre a uno de nuestros agentes una identificación y los documentos que le dan derecho a actuar por la persona.",
);
const CALL: Step = Step(
    Actor::Person,
    Action::ShowDocuments,
    "Ask the person to call: an agent takes the same claims, tells whether the person is on the list, and can see papers.",
    "Call us: an agent can tell you whether you are on the list, and can look at your papers.",
    "Llámenos: un agente puede decirle si está en la lista y revisar sus documentos.",
);
const WAIT: Step = Step(
    Actor::Operator,
    Action::Wait,
    "A reviewer looks at it and decides by {due}. Tell the person so; nothing needs to be asked again.",
    "We are checking what you told us, and decide by {due}.",
    "Estamos revisando lo que nos dijo y decidiremos a más tardar el {due}.",
);
const GUARDIAN: Step = Step(
    Actor::Person,
    Action::GuardianActs,
    "The affected person is a minor. Verify a parent or guardian who has a letter too with that letter first; then verify again with the child's data, the parent or guardian as representative, and that verification. Whoever has no letter shows papers.",
    "A parent or guardian makes this claim for the child. If you have a letter of your own, verify yourself with it first.",
    "Uno de los padres o el tutor hace esta solicitud en nombre del menor. Si usted tiene su propia carta, verifíquese primero con ella.",
);
const GUARDIAN_FIRST: Step = Step(
    Actor::Person,
    Action::GuardianActs,
    "If the parent or guardian has a letter too, verify them with it first; then verify again with the child's data and that verification. Where both live at one address nobody needs to review it then.",
    "If you have a letter of your own, verify yourself with it first, and then make this claim for the child again.",
    "Si usted tiene su propia carta, verifíquese primero con ella y luego haga de nuevo esta solicitud en nombre del menor.",
);
const OF_AGE: Step = Step(
    Actor::Person,
    Action::VerifyIdentity,
    "The affected person is 18 now and acts for themselves. Ask the person for the code of the same letter, begin with it, and verify the identity.",
    "You are 18 now, so nobody acts for you: please tell us yourself who you are, with the code of the letter.",
    "Usted ya cumplió 18 años, así que nadie actúa por usted: díganos usted mismo quién es, con el código de la carta.",
);
const ESTATE: Step = Step(
    Actor::Person,
    Action::RepresentativeActs,
    "The affected person has died. A representative of the estate can ask for identity restoration; no bureau enrolls the person.",
    "A representative of the estate can ask us for identity restoration.",
    "Un representante de la sucesión puede pedirnos la restauración de identidad.",
);
const DENIED: Step = Step(
    Actor::Person,
    Action::ShowDocuments,
    "The claim was not confirmed. Only something new has it looked at again: verify again as an agent, see the papers, and a reviewer decides.",
    "We could not confirm this claim. Please show your papers to one of our agents, and somebody will look at it again.",
    "No pudimos confirmar esta solicitud. Muestre sus documentos a uno de nuestros agentes y alguien la revisará de nuevo.",
);
const VERIFY_AGAIN: Step = Step(
    Actor::Agent,
    Action::VerifyIdentity,
    "This verification is too old. Ask for name, birth date and ZIP code, and verify the identity again.",
    "Too much time has passed. Please tell us again who you are.",
    "Ha pasado demasiado tiempo. Díganos de nuevo quién es usted, por favor.",
);
const COMPLETE: Step = Step(
    Actor::Agent,
    Action::Complete,
    "Read the consent text to the person and complete the enrollment.",
    "Please read the consent text and agree to it.",
    "Lea el texto de consentimiento y acéptelo, por favor.",
);
const BEGIN: Step = Step(
    Actor::Agent,
    Action::Complete,
    "Begin the enrollment with this verification, read the consent text to the person and complete it.",
    "You can enroll now: please read the consent text and agree to it.",
    "Ya puede inscribirse: lea el texto de consentimiento y acéptelo, por favor.",
);

#[cfg(test)]
mod tests {
    use sea_orm::Iterable;

    use super::*;

    /// Every state that a caller can be shown, with everything that can be about it.
    fn everything() -> Vec<(Facts, Situation)> {
        let mut all = Vec::new();
        for state in State::iter() {
            for path in Path::iter() {
                for population in Population::iter() {
                    for bits in 0..1_u32 << 13 {
                        let is = |bit: u32| bits & (1 << bit) != 0;
                        let facts = Facts {
                            state,
                            has_contacts: is(0),
                            has_code: is(1),
                            has_enrollment: is(2),
                            has_representative: is(3),
                            is_letter_declined: is(12),
                        };
                        let situation = Situation {
                            path,
                            shows_nothing: is(4),
                            is_expired: is(5),
                            has_fresh_letter: is(6),
                            may_send: is(7),
                            population,
                            is_completed: is(8),
                            has_guardian: is(9),
                            is_guardian_void: is(10),
                            has_lapsed: is(11),
                        };
                        all.push((facts, situation));
                    }
                }
            }
        }
        all
    }

    #[test]
    fn nobody_is_at_a_dead_end_in_any_state() {
        for (facts, of) in everything() {
            let steps = steps(facts, of);
            let is_done = facts.state == State::Verified && of.is_completed && !of.shows_nothing;
            assert_eq!(steps.is_empty(), is_done, "{facts:?} {of:?}");
            // Waiting alone is no way on: something can always be done as well.
            let waits = |step: &&&Step| step.1 == Action::Wait;
            let only_waits = !steps.is_empty() && steps.iter().filter(waits).count() == steps.len();
            assert!(!only_waits, "{facts:?} {of:?}");
        }
    }

    #[test]
    fn who_is_told_nothing_is_told_the_same_whoever_they_are() {
        for is_expired in [false, true] {
            let mut all = everything();
            all.retain(|(_, of)| of.shows_nothing && of.is_expired == is_expired);
            let first = steps(all[0].0, all[0].1);
            let same = all.iter().all(|(facts, of)| steps(*facts, *of) == first);
            assert!(same && !first.is_empty());
        }
    }

    #[test]
    fn a_step_is_offered_only_where_the_call_is_taken() {
        for (facts, of) in everything() {
            let steps = steps(facts, of);
            let has = |action| steps.iter().any(|step| step.1 == action);
            if !of.shows_nothing {
                let confirmable = facts.state == State::ConfirmationRequired && !of.is_expired;
                assert!(!has(Action::ConfirmCode) || confirmable && facts.has_code);
                assert!(!has(Action::SendConfirmationCode) || confirmable && of.may_send);
                let orderable = confirmable || facts.state == State::Referred;
                assert!(!has(Action::OrderLetter) || orderable, "{facts:?} {of:?}");
                let usable =
                    facts.state == State::Verified && !of.is_expired && !of.is_guardian_void;
                assert!(!has(Action::Complete) || usable, "{facts:?} {of:?}");
            }
        }
    }

    #[test]
    fn words_are_whole_sentences_for_everybody() {
        let all = [
            &SEND,
            &SEND_ANOTHER,
            &SEND_UNSEEN,
            &CONFIRM,
            &LETTER,
            &LETTER_LATER,
            &LETTER_UNSEEN,
            &DOCUMENTS,
            &AUTHORITY,
            &CALL,
            &WAIT,
            &GUARDIAN,
            &GUARDIAN_FIRST,
            &OF_AGE,
            &ESTATE,
            &DENIED,
            &VERIFY_AGAIN,
            &COMPLETE,
            &BEGIN,
        ];
        for Step(_, _, agent, english, spanish) in all {
            assert!(
                [agent, english, spanish]
                    .iter()
                    .all(|words| words.ends_with('.'))
            );
            assert_ne!(english, spanish);
        }
    }
}
