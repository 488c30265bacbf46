//! Who must act and how, for each state and outcome class (DOMAIN, "what handing off really meets").
//!
//! A call-center agent reads the agent's words; the person's are read aloud or shown. Each says the next thing to do first, and
//! what a person is told never says what the bureau knows.

use crate::codes::convert::told_class;
use crate::codes::enrollment::store::Enrollment;
use crate::db::entities::coverage;
use crate::db::entities::enrollment::State;
use crate::db::entities::outcome::OutcomeClass;
use crate::kernel::language::primary;
use crate::wire::redress::enrollment::v1 as wire;
use wire::{NextAction as Action, NextActor as Actor};

/// A step: who, what, in words for the agent, and for the person in English and Spanish.
struct Step(Actor, Action, &'static str, &'static str, &'static str);

/// Gives what is to be done next with an enrollment; none where nobody has to do anything any more.
pub fn next_step(found: &Enrollment, is_public: bool) -> Option<wire::NextStep> {
    let step = match found.row.state {
        State::Started if found.row.is_verified => &CONSENT,
        State::Started => &VERIFY,
        State::Submitted | State::CancelPending => &WAIT,
        State::Active | State::Suspended | State::Ended | State::Canceled => return None,
        State::PartlyActive | State::ActionRequired | State::Refused => {
            let stuck = found.coverages.iter().find(|it| waits(it));
            let stuck =
                stuck.or_else(|| found.coverages.iter().find(|it| it.outcome_class.is_some()));
            match stuck {
                Some(coverage) => of_class(told_class(coverage.outcome_class, is_public)?),
                None => &WAIT,
            }
        }
    };
    let Step(actor, action, agent, english, spanish) = *step;
    let is_spanish = primary(&found.row.language) == "es";
    Some(wire::NextStep {
        actor: actor.into(),
        action: action.into(),
        agent_text: if is_public {
            String::new()
        } else {
            agent.to_owned()
        },
        person_text: if is_spanish { spanish } else { english }.to_owned(),
    })
}

/// Tells whether somebody must act for a coverage.
fn waits(coverage: &coverage::Model) -> bool {
    coverage.state == coverage::State::ActionRequired
}

const VERIFY: Step = Step(
    Actor::Agent,
    Action::VerifyIdentity,
    "Ask for name, birth date and ZIP code, and verify the identity.",
    "Please tell us who you are.",
    "Díganos quién es usted, por favor.",
);
const CONSENT: Step = Step(
    Actor::Agent,
    Action::Complete,
    "Read the consent text to the person and complete the enrollment.",
    "Please read the consent text and agree to it.",
    "Lea el texto de consentimiento y acéptelo, por favor.",
);
const WAIT: Step = Step(
    Actor::Bureau,
    Action::Wait,
    "Nothing to do: the bureau works on it.",
    "You need do nothing: the bureau works on it.",
    "No tiene que hacer nada: la agencia está trabajando en ello.",
);

/// Gives the step for an outcome class.
const fn of_class(class: OutcomeClass) -> &'static Step {
    match class {
        OutcomeClass::InvalidInput => &Step(
            Actor::Agent,
            Action::CorrectData,
            "Check the spelling of the name, the birth date and the address with the person, correct what is wrong, then order again.",
            "Please check your name, birth date and address with us, so that we can order your coverage again.",
            "Revise con nosotros su nombre, fecha de nacimiento y dirección para que podamos volver a pedir su cobertura.",
        ),
        OutcomeClass::IdentityNotConfirmed => &Step(
            Actor::Agent,
            Action::AttendedCheck,
            "The bureau could not confirm the identity by itself. Offer an attended check: the person shows an ID to an agent. Then order again.",
            "The bureau could not confirm who you are by itself. Please show an ID to one of our agents.",
            "La agencia no pudo confirmar su identidad por sí sola. Muestre una identificación a uno de nuestros agentes.",
        ),
        OutcomeClass::NoHit => &Step(
            Actor::Agent,
            Action::GivePriorData,
            "The bureau found no credit file. Ask for a former name or address, add it, then order again.",
            "The bureau found no credit file. Please tell us a former name or address.",
            "La agencia no encontró un archivo de crédito. Díganos un nombre o una dirección anterior.",
        ),
        OutcomeClass::ThinFile => &Step(
            Actor::Agent,
            Action::OfferOtherProduct,
            "There is too little credit history for this product. Identity restoration is covered without it; a supervisor can offer another product.",
            "There is too little credit history for this product. You have identity restoration without it; ask us for another product.",
            "No hay suficiente historial de crédito para este producto. Usted tiene restauración de identidad sin él; pídanos otro producto.",
        ),
        OutcomeClass::FileFrozen => &Step(
            Actor::Person,
            Action::LiftFreeze,
            "The credit file is frozen. The freeze may stay: it stops the bureau's identity check, not the monitoring. First give the person the bureau's own telephone number, where it can check who they are in spite of the freeze, and order again afterwards. Only if the bureau cannot, the person may lift the freeze there for a day. Nothing expires meanwhile.",
            "Your credit file is frozen, and the freeze may stay. Please call the bureau: it can check who you are in another way, and we order again. Only if it cannot, lift the freeze for a day and set it again afterwards. Your enrollment waits for you.",
            "Su archivo de crédito está congelado, y puede seguir así. Llame a la agencia: puede comprobar quién es usted de otra manera, y volveremos a pedir su cobertura. Solo si no puede, levante el congelamiento por un día y vuelva a ponerlo después. Su inscripción le espera.",
        ),
        OutcomeClass::VictimAlert => &Step(
            Actor::Bureau,
            Action::Wait,
            "A fraud alert stands on the file, as it should. The bureau will call the person at the number on the alert. Order again only if it says after that call that it needs a new order.",
            "The bureau will call you at the number that you left with it. You need do nothing else.",
            "La agencia le llamará al número que usted le dejó. No tiene que hacer nada más.",
        ),
        OutcomeClass::SsnMismatch => &Step(
            Actor::Operator,
            Action::ReviewRecord,
            "The number on record does not match. The provider's list may be wrong: open a review, and do not ask the person to read the number aloud.",
            "We are checking your record and will call you back.",
            "Estamos revisando su registro y le llamaremos.",
        ),
        OutcomeClass::Deceased => &Step(
            Actor::Person,
            Action::RepresentativeActs,
            "The bureau has this person on record as deceased. If that is wrong, the person corrects it with Social Security; otherwise a representative can ask for restoration.",
            "The bureau's record says that this person has died. If that is wrong, please have Social Security correct it; otherwise a representative can ask us for restoration.",
            "El registro de la agencia dice que esta persona falleció. Si es un error, pida al Seguro Social que lo corrija; si no, un representante puede pedirnos la restauración.",
        ),
        OutcomeClass::Minor => &Step(
            Actor::Person,
            Action::GuardianActs,
            "This person is a minor. A parent or guardian must be verified and enrolls the child in the product for minors.",
            "This person is under 18. A parent or guardian enrolls the child with us.",
            "Esta persona es menor de 18 años. Uno de los padres o el tutor la inscribe con nosotros.",
        ),
        OutcomeClass::AlreadyEnrolled => &Step(
            Actor::Operator,
            Action::LinkTerms,
            "The person already has monitoring with this bureau. Nothing needs to be paid or done; a supervisor can have the terms joined.",
            "You already have monitoring with this bureau. There is nothing to pay or to do.",
            "Usted ya tiene monitoreo con esta agencia. No tiene que pagar ni hacer nada.",
        ),
        OutcomeClass::ProductConfig => &Step(
            Actor::Operator,
            Action::FixProduct,
            "Nothing for the person to do: we are fixing a setting with the bureau and it will be sent again.",
            "You need do nothing: we are fixing this with the bureau and will order your coverage again.",
            "No tiene que hacer nada: lo estamos resolviendo con la agencia y volveremos a pedir su cobertura.",
        ),
        OutcomeClass::Other => &Step(
            Actor::Operator,
            Action::AskBureau,
            "The bureau gave a reason that we do not know yet. An operator asks the bureau; tell the person that we will call back.",
            "We are asking the bureau what is missing and will call you back.",
            "Estamos preguntando a la agencia qué falta y le llamaremos.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost_reflect::DescriptorPool;
    use sea_orm::Iterable;

    use super::*;
    use crate::db::entities::ClosedSet;
    use crate::wire::DESCRIPTORS;

    #[test]
    fn every_class_of_the_contract_has_a_step_whatever_its_number() {
        let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
        let classes = pool
            .get_enum_by_name("redress.type.v1.OutcomeClass")
            .unwrap();
        let contract: BTreeSet<String> = classes
            .values()
            .map(|class| class.name().trim_start_matches("OUTCOME_CLASS_").to_owned())
            .filter(|name| name != "UNSPECIFIED")
            .collect();
        let known = OutcomeClass::iter().map(|class| class.as_str().to_owned());
        assert_eq!(known.collect::<BTreeSet<_>>(), contract);
    }

    #[test]
    fn no_two_classes_have_the_same_words() {
        let words = |pick: fn(&Step) -> &'static str| {
            let all: BTreeSet<&str> = OutcomeClass::iter()
                .map(|class| pick(of_class(class)))
                .collect();
            assert_eq!(all.len(), OutcomeClass::iter().count());
            assert!(all.iter().all(|words| words.ends_with('.')));
        };
        words(|step| step.2);
        words(|step| step.3);
        words(|step| step.4);
    }
}
