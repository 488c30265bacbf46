//! Changes partners.

use serde_json::json;

use crate::db::audit;
use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::kernel::ids::PartnerId;
use crate::process::request::{self, Request};

use super::audit::about_partner;
use super::model::{Partner, Projection};
use super::store;

/// What is changed; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Where a partner that we call listens.
    pub endpoint: Option<String>,
    /// What the certificate there must bear; empty for the host alone.
    pub server_uri: Option<String>,
    /// Handoffs under way at once.
    pub max_in_flight: Option<u16>,
    /// What its fields take.
    pub projection: Option<Projection>,
    /// How files look.
    pub file_layout: Option<String>,
    /// How its REST API is called.
    pub http_layout: Option<String>,
}

impl Changes {
    /// Names what is changed, for the audit log.
    fn names(&self) -> Vec<&'static str> {
        let names = [
            self.endpoint.as_ref().map(|_| "endpoint"),
            self.server_uri.as_ref().map(|_| "server_uri"),
            self.max_in_flight.map(|_| "max_in_flight"),
            self.projection.map(|_| "projection"),
            self.file_layout.as_ref().map(|_| "file_layout"),
            self.http_layout.as_ref().map(|_| "http_layout"),
        ];
        names.into_iter().flatten().collect()
    }

    fn apply(self, partner: Partner) -> Partner {
        Partner {
            endpoint: self.endpoint.or(partner.endpoint),
            server_uri: match self.server_uri {
                Some(uri) => (!uri.is_empty()).then_some(uri),
                None => partner.server_uri,
            },
            max_in_flight: self.max_in_flight.unwrap_or(partner.max_in_flight),
            projection: self.projection.unwrap_or(partner.projection),
            file_layout: self.file_layout.or(partner.file_layout),
            http_layout: self.http_layout.or(partner.http_layout),
            ..partner
        }
    }
}

/// Changes a partner; a repeated request changes nothing more.
pub async fn update_partner(
    context: &Context,
    request: &Request,
    id: PartnerId,
    changes: &Changes,
) -> Result<Partner, Error> {
    context
        .db
        .run_tx("partner.update", |tx| {
            Box::pin(async move {
                let before = store::lock(tx, id).await?;
                if request::answered::<PartnerId>(tx, request).await?.is_some() {
                    return Ok(before);
                }
                let after = changes.clone().apply(before.clone());
                if after != before {
                    store::write(tx, &after).await?;
                    let detail = json!({ "fields": changes.names() });
                    let actor = &request.caller;
                    let event = about_partner(context, actor, "partner.updated", id, detail);
                    audit::record(tx, &[event]).await?;
                }
                request::record(tx, request, &id, context.clock.now()).await?;
                Ok(after)
            })
        })
        .await
}
