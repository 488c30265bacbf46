//! Moving a campaign to another partner, on the wire.

use tonic::Request;

use crate::codes::campaign::create::{self, PRODUCTS};
use crate::codes::context::Context;
use crate::codes::enrollment::migrate::{self, Migrate, Migration, ProductMove};
use crate::codes::error::Error;
use crate::kernel::fields::Fields;
use crate::kernel::ids::PartnerId;
use crate::process::Call;
use crate::wire::redress::enrollment::v1 as wire;

/// The most characters of a product's code and of a contract's.
const CODE: usize = 64;

/// Moves a campaign to another partner.
pub async fn migrate_coverages(
    context: &Context,
    request: Request<wire::MigrateCoveragesRequest>,
) -> Result<wire::MigrateCoveragesResponse, Error> {
    let call = Call::of(&request)?;
    let message = request.get_ref();
    let mut fields = Fields::default();
    let id = fields.request_id(&message.request_id);
    let campaign = context.campaign_id(&mut fields, &message.campaign).await?;
    let from: PartnerId = fields.id("from_partner_id", &message.from_partner_id);
    let to: PartnerId = fields.id("to_partner_id", &message.to_partner_id);
    fields.demand(from != to, "to_partner_id", "must be another partner");
    let known = create::known_partners(context, &[to]).await?;
    fields.demand(
        known.contains(&to),
        "to_partner_id",
        "must be the id of a partner",
    );
    let products = read_moves(&message.product_moves, &mut fields);
    fields.finish()?;
    let command = Migrate {
        campaign,
        from,
        to,
        products,
    };
    let request = call.request(context, id, "MigrateCoverages", message)?;
    let migration = migrate::migrate_coverages(context, &call, &request, &command).await?;
    Ok(wire::MigrateCoveragesResponse {
        migration: Some(to_wire(migration)),
    })
}

fn read_moves(moves: &[wire::ProductMove], fields: &mut Fields) -> Vec<ProductMove> {
    let few = moves.len() <= PRODUCTS;
    fields.demand(few, "product_moves", "must be at most 12");
    let numbered = moves.iter().take(PRODUCTS).enumerate();
    let read = numbered.map(|(at, given)| {
        let path = |field: &str| format!("product_moves[{at}].{field}");
        let from = fields.text(path("from_product_code"), &given.from_product_code, CODE);
        let to = fields.text(path("to_product_code"), &given.to_product_code, CODE);
        let contract = fields.maybe_text(path("contract_code"), &given.contract_code, CODE);
        ProductMove {
            from,
            to,
            contract_code: contract.map(str::to_owned),
        }
    });
    read.collect()
}

const fn to_wire(migration: Migration) -> wire::Migration {
    let Migration {
        unmoved,
        ordered,
        not_taken,
        moved,
        uncovered,
    } = migration;
    wire::Migration {
        unmoved,
        ordered,
        not_taken,
        moved,
        uncovered,
    }
}
