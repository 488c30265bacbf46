//! Giving a product's coverages a longer term, on the wire.

use tonic::Request;

use crate::codes::campaign::create::LONGEST_TERM;
use crate::codes::context::Context;
use crate::codes::enrollment::extend::{self, Extension};
use crate::codes::enrollment::extend_store::Extend;
use crate::codes::error::Error;
use crate::kernel::fields::Fields;
use crate::process::Call;
use crate::wire::redress::enrollment::v1 as wire;

/// The most characters of a product's code.
const CODE: usize = 64;

/// Gives a product's coverages a longer term.
pub async fn extend_coverages(
    context: &Context,
    request: Request<wire::ExtendCoveragesRequest>,
) -> Result<wire::ExtendCoveragesResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let command = Extend {
        campaign,
        partner: fields.id("partner_id", &message.partner_id),
        product: fields.text("product_code", &message.product_code, CODE),
        term_months: message.term_months,
    };
    let fits = (1..=LONGEST_TERM).contains(&command.term_months);
    fields.demand(fits, "term_months", "must be 1 to 120 calendar months");
    fields.finish()?;
    let request = call.request(context, id, "ExtendCoverages", message)?;
    let extension = extend::extend_coverages(context, &call, &request, &command).await?;
    Ok(wire::ExtendCoveragesResponse {
        extension: Some(to_wire(extension)),
    })
}

const fn to_wire(extension: Extension) -> wire::Extension {
    let Extension {
        shorter,
        promised,
        asked,
        not_given,
        given,
    } = extension;
    wire::Extension {
        shorter,
        promised,
        asked,
        not_given,
        given,
    }
}
