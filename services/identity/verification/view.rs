//! A verification as its caller may see it.

use crate::db::entities::evidence::Evidence;
use crate::db::entities::individual::Population;
use crate::db::entities::referral::{self, DecisionReason};
use crate::db::entities::verification::State;
use crate::db::entities::{campaign_key, individual, verification};
use crate::identity::context::Context;
use crate::identity::error::Error;
use crate::identity::matching::mask::{self, MaskedContact};
use crate::identity::matching::waterfall::Waterfall;
use crate::identity::roster;
use crate::identity::roster::decrypt::decrypt;
use crate::identity::rules::TRIES;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::{EnrollmentId, IndividualId, VerificationId};

use super::borne::Bearers;
use super::confirmation_code::store as codes;
use super::lost_letter;
use super::representative::Representative;
use super::situation::Situation;
use super::state::Verification;
use super::store::{self, referral_of, state_of};

/// What a caller is told about a verification. It does not say why.
#[derive(Clone, Debug)]
pub struct View {
    /// Id.
    pub id: VerificationId,
    /// The enrollment it is for.
    pub enrollment: Option<EnrollmentId>,
    /// Where it stands.
    pub state: State,
    /// Contacts on record to which a code can be sent now, masked.
    pub contacts: Vec<MaskedContact>,
    /// When it stops being good.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// What it rests on, as far as that tells the caller nothing new.
    pub evidence: Vec<Evidence>,
    /// How often the code that was sent last can still be tried.
    pub attempts_left: Option<i32>,
    /// By when the open review is decided.
    pub due_at: Option<Timestamp>,
    /// From when on another letter is possible, where a limit declined the one that was ordered.
    pub letter_possible_at: Option<Timestamp>,
    /// Why a reviewer decided so.
    pub decision_reason: Option<DecisionReason>,
    /// Who acts for the person.
    pub representative: Option<Representative>,
    /// What decides what can be done next.
    pub situation: Situation,
    /// In which language the person is told of it.
    pub language: String,
    /// The individual, for callers who may act on it.
    pub individual: Option<IndividualId>,
    /// The comparison; empty but for operators who ask for it.
    pub waterfall: Waterfall,
}

/// Makes the view of a row as whoever asked for it may see it.
pub async fn asked(
    context: &Context,
    row: &verification::Model,
    key: Option<&campaign_key::Model>,
) -> Result<View, Error> {
    if lost_letter::shows_nothing(row) {
        unseen(row, context.now())
    } else {
        view(context, row, key).await
    }
}

/// Makes the view that everybody gets who asked without a letter and without an agent.
pub fn unseen(row: &verification::Model, now: Timestamp) -> Result<View, Error> {
    Ok(View {
        id: row.id,
        enrollment: None,
        state: State::ConfirmationRequired,
        contacts: Vec::new(),
        expires_at: row.expires_at,
        created_at: row.created_at,
        evidence: Vec::new(),
        attempts_left: None,
        due_at: None,
        letter_possible_at: None,
        decision_reason: None,
        representative: Representative::of(row)?,
        situation: Situation::unseen(row, now),
        language: String::new(),
        individual: None,
        waterfall: Waterfall::default(),
    })
}

/// Makes the view of a row, reading the contacts again where a code can be sent.
pub async fn view(
    context: &Context,
    row: &verification::Model,
    key: Option<&campaign_key::Model>,
) -> Result<View, Error> {
    let state = state_of(row)?;
    let mut contacts = Vec::new();
    let mut attempts_left = None;
    let person = match row.individual_id {
        Some(id) => roster::store::individual(context.db.read(), row.campaign_id, id).await?,
        None => None,
    };
    if let (Verification::ConfirmationRequired { .. }, Some(key), Some(person)) =
        (state, key, &person)
        && context.now() < row.expires_at
    {
        contacts = masked_contacts(context, key, person).await?;
        let sent = codes::find_sent(context.db.read(), row.campaign_id, row.id).await?;
        let sent = sent.filter(|code| context.now() < code.expires_at);
        attempts_left = sent.map(|code| TRIES - code.attempts);
    }
    let view = View {
        attempts_left,
        letter_possible_at: store::letter_possible_at(context.db.read(), row, context.now())
            .await?,
        situation: Situation::read(context, row, person.as_ref()).await?,
        ..made(row, contacts, None, context.now())?
    };
    match state {
        Verification::ConfirmationRequired { .. } => Ok(view),
        _ => reviewed(context, row, view).await,
    }
}

/// Adds what a reviewer has to do or did.
async fn reviewed(context: &Context, row: &verification::Model, view: View) -> Result<View, Error> {
    let referral = referral_of(context.db.read(), row).await?;
    let open = referral.as_ref();
    let open = open.filter(|referral| referral.state == referral::State::Open);
    Ok(View {
        due_at: open.map(|referral| referral.due_at),
        decision_reason: referral.and_then(|referral| referral.decision_reason),
        ..view
    })
}

async fn masked_contacts(
    context: &Context,
    key: &campaign_key::Model,
    row: &individual::Model,
) -> Result<Vec<MaskedContact>, Error> {
    if row.salt.is_none() {
        return Ok(Vec::new());
    }
    let indexer = context.steady_indexer(row.campaign_id)?;
    let Some(person) = decrypt(&context.sealer(key)?, row)? else {
        return Ok(Vec::new());
    };
    let bearers = Bearers::of(context, row.campaign_id, std::iter::once(&person)).await?;
    let own = bearers.own_contacts(&person);
    Ok(mask::mask_contacts(own, &indexer, row.id))
}

/// Makes the view of a row whose contacts are known.
pub fn made(
    row: &verification::Model,
    contacts: Vec<MaskedContact>,
    population: Option<Population>,
    now: Timestamp,
) -> Result<View, Error> {
    let state = state_of(row)?;
    let evidence = match state {
        Verification::ConfirmationRequired { .. } | Verification::Verified { .. } => {
            row.evidence()?
        }
        // It would tell which datum was right.
        Verification::Referred { .. } | Verification::Refused { .. } => Vec::new(),
    };
    Ok(View {
        id: row.id,
        enrollment: row.enrollment_id,
        state: state.state(),
        contacts,
        expires_at: row.expires_at,
        created_at: row.created_at,
        evidence,
        attempts_left: None,
        due_at: None,
        letter_possible_at: None,
        decision_reason: None,
        representative: Representative::of(row)?,
        situation: Situation::new(row, population, now)?,
        language: String::new(),
        individual: None,
        waterfall: Waterfall::default(),
    })
}
