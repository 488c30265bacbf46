//! Takes an invoice as it comes in, and checks it once its end has come.

use serde_json::json;

use crate::db::audit;
use crate::db::entities::invoice_check::{Model, State};
use crate::db::entities::invoice_line::Model as Line;
use crate::db::{self, Tx};
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::reconciliation::list_store::expect_campaign;
use crate::kernel::crypto::Sha256;
use crate::kernel::fault::{Fault, Reason};
use crate::kernel::ids::{CampaignId, HandoffId, InvoiceCheckId, PartnerId};
use crate::process::Act;
use crate::process::request::{self, Request};

use super::judge::{self, Invoice, Period};
use super::store;

/// Whose invoice it is.
#[derive(Clone, Debug)]
pub struct Header {
    /// The campaign.
    pub campaign: CampaignId,
    /// The partner.
    pub partner: PartnerId,
    /// The partner's number of the invoice.
    pub number: String,
    /// What it bills.
    pub period: Period,
    /// ISO 4217, where amounts are given.
    pub currency: Option<String>,
    /// Whether it takes the place of the one of the same number that was checked before.
    pub replace: bool,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Billed {
    /// Our reference.
    pub handoff: Option<HandoffId>,
    /// The partner's.
    pub reference: Option<String>,
    /// The product.
    pub product: Option<String>,
    /// In the currency's smallest unit.
    pub amount_minor: Option<i64>,
}

/// An invoice that comes in. What is written of it stands as INCOMPLETE until it has been checked, so that a stream that breaks off needs
/// nobody to clean up.
pub struct Incoming {
    invoice: Invoice,
    number: String,
    currency: Option<String>,
    replace: bool,
    started_by: String,
    lines: i64,
    hash: Sha256,
}

/// Begins an invoice.
pub async fn begin(context: &Context, header: Header, actor: String) -> Result<Incoming, Error> {
    expect_campaign(context.db.read(), header.campaign).await?;
    let invoice = Invoice {
        campaign: header.campaign,
        id: context.ids.next(),
        partner: header.partner,
        period: header.period,
    };
    let row = Model {
        campaign_id: invoice.campaign,
        id: invoice.id,
        partner_id: invoice.partner,
        invoice_number: header.number.clone(),
        first_on: invoice.period.first_on.clone(),
        last_on: invoice.period.last_on.clone(),
        currency: header.currency.clone(),
        state: State::Incomplete,
        lines: 0,
        sums: "[]".to_owned(),
        content_sha256: None,
        started_by: actor.clone(),
        started_at: context.now(),
        finished_at: None,
    };
    let row = &row;
    let begun = context
        .db
        .run_tx("invoice.begin", |tx| Box::pin(store::add(tx, row.clone())));
    begun.await?;
    let mut hash = Sha256::new();
    let period = [&row.first_on, &row.last_on];
    let of = json!([
        invoice.campaign,
        invoice.partner,
        header.number,
        period,
        header.currency
    ]);
    hash.update(format!("{of}\n").as_bytes());
    Ok(Incoming {
        invoice,
        number: header.number,
        currency: header.currency,
        replace: header.replace,
        started_by: actor,
        lines: 0,
        hash,
    })
}

impl Incoming {
    /// Tells how many lines have come.
    pub const fn lines(&self) -> i64 {
        self.lines
    }

    /// Tells whether amounts can be read: a currency was named.
    pub const fn has_currency(&self) -> bool {
        self.currency.is_some()
    }

    /// Takes lines.
    pub async fn add(&mut self, context: &Context, chunk: Vec<Billed>) -> Result<(), Error> {
        let lines: Vec<Line> = chunk.into_iter().map(|it| self.line(it)).collect();
        let (key, in_all, lines) = (self.key(), self.lines, &lines);
        let added = context.db.run_tx("invoice.add", |tx| {
            Box::pin(store::add_lines(tx, key, (lines, in_all)))
        });
        added.await
    }

    const fn key(&self) -> store::Key {
        (self.invoice.campaign, self.invoice.id)
    }

    fn line(&mut self, billed: Billed) -> Line {
        let line = Line {
            campaign_id: self.invoice.campaign,
            invoice_check_id: self.invoice.id,
            position: self.lines,
            handoff_id: billed.handoff,
            partner_reference: billed.reference,
            product_code: billed.product,
            amount_minor: billed.amount_minor,
            verdict: None,
            reason: None,
            activated_at: None,
            ended_at: None,
            first_position: None,
            other_invoice: None,
        };
        self.lines += 1;
        let text = json!([
            line.handoff_id,
            line.partner_reference,
            line.product_code,
            line.amount_minor
        ]);
        self.hash.update(format!("{text}\n").as_bytes());
        line
    }

    /// Names what was sent, so that the same call is known again.
    pub fn content(&self) -> String {
        let hash = self.hash.clone().finish_hex();
        format!("{hash} {}", self.replace)
    }

    /// Ends the invoice: checks it, unless its count is wrong or another one was checked under its number. The same invoice is the one that
    /// was checked before.
    pub async fn end(
        self,
        context: &Context,
        claimed: i64,
        request: &Request,
    ) -> Result<Model, Error> {
        if claimed != self.lines {
            return Err(cut_off(claimed, self.lines));
        }
        let sha256 = self.hash.clone().finish_hex();
        let (ended, sha256) = (&self, &sha256);
        let checked = context.db.run_bulk("invoice.check", |tx| {
            Box::pin(async move {
                let Invoice {
                    campaign, partner, ..
                } = ended.invoice;
                let all = store::lock_all(tx, campaign, partner).await?;
                let answered: Option<InvoiceCheckId> = request::answered(tx, request).await?;
                let before = ended.of_this_number(&all);
                let same = before.filter(|it| it.content_sha256.as_ref() == Some(sha256));
                if let Some(known) = answered.or(same.map(|it| it.id)) {
                    if answered.is_none() {
                        request::record(tx, request, &known, context.now()).await?;
                    }
                    return ended.known(tx, known).await;
                }
                if let Some(before) = before {
                    ended.take_place_of(tx, before).await?;
                }
                let replaced = before.map(|it| it.id);
                let checked = ended.check(tx, context, (sha256, replaced)).await?;
                request::record(tx, request, &checked.id, context.now()).await?;
                Ok::<_, Error>(checked)
            })
        });
        checked.await
    }

    /// Finds the check that holds the number.
    fn of_this_number<'a>(&self, all: &'a [Model]) -> Option<&'a Model> {
        let holds = |it: &&Model| it.state == State::Checked && it.invoice_number == self.number;
        all.iter().find(holds)
    }

    async fn take_place_of(&self, tx: &Tx<'_>, before: &Model) -> Result<(), Error> {
        if !self.replace {
            return Err(Error::InvoiceExists { check: before.id });
        }
        store::set_replaced(tx, (before.campaign_id, before.id)).await
    }

    async fn check(
        &self,
        tx: &Tx<'_>,
        context: &Context,
        (sha256, replaced): (&str, Option<InvoiceCheckId>),
    ) -> Result<Model, Error> {
        let sums = judge::judge(tx, &self.invoice, self.lines).await?;
        let found = store::get(tx, self.key()).await?;
        let begun = found.ok_or_else(|| db::Error::corrupt("an invoice that is gone"))?;
        let checked = Model {
            state: State::Checked,
            sums: json!(sums).to_string(),
            content_sha256: Some(sha256.to_owned()),
            finished_at: Some(context.now()),
            ..begun
        };
        store::write_checked(tx, &checked).await?;
        let detail = json!({
            "partner": checked.partner_id,
            "number": checked.invoice_number,
            "period": [checked.first_on, checked.last_on],
            "lines": self.lines,
            "sums": sums,
            "sha256": sha256,
            "replaced": replaced,
        });
        let act = Act::on("invoice.checked", "invoice check", checked.id);
        let event = context.event(
            self.started_by.clone(),
            Some(checked.campaign_id),
            act,
            detail,
        );
        audit::record(tx, &[event]).await?;
        Ok(checked)
    }

    /// Gives the check that this one is the same as, and takes this one away.
    async fn known(&self, tx: &Tx<'_>, known: InvoiceCheckId) -> Result<Model, Error> {
        if known != self.invoice.id {
            store::delete_lines(tx, self.key(), i64::MAX).await?;
            store::delete(tx, self.key()).await?;
        }
        let found = store::get(tx, (self.invoice.campaign, known)).await?;
        found.ok_or(Error::InvoiceCheckNotFound)
    }
}

fn cut_off(claimed: i64, lines: i64) -> Error {
    let fault = Fault::new(Reason::InvalidRequest);
    let rule = format!(
        "says that the invoice has {claimed} lines, and {lines} came: it was cut off, and nothing was checked; send the whole invoice again"
    );
    fault.field("end.entries", rule).into()
}
