//! gRPC's standard health service, so that any monitor that speaks it can ask.
//!
//! **In** a check. **Out** whether relay and ledger answer. **Never** a figure.

use std::sync::Arc;
use std::time::Duration;

use chatter_proto::admin::health::health_check_response::ServingStatus;
use chatter_proto::admin::health::health_server::Health;
use chatter_proto::admin::health::{HealthCheckRequest, HealthCheckResponse};
use tokio::time::timeout;
use tokio_stream::Empty;
use tonic::{Request, Response, Status};

use super::Control;

/// The health of a [`Control`].
#[derive(Debug)]
pub struct HealthService<C>(Arc<C>);

impl<C: Control> HealthService<C> {
    /// Asks `control`.
    pub fn new(control: Arc<C>) -> Self {
        Self(control)
    }
}

#[tonic::async_trait]
impl<C: Control> Health for HealthService<C> {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        if !["", ADMIN].contains(&request.get_ref().service.as_str()) {
            return Err(Status::not_found("there is no such service"));
        }
        // The answer takes a turn of the relay's task and a look into the ledger.
        let serving = timeout(TURN, self.0.status()).await.is_ok_and(|answer| answer.is_ok());
        let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
        Ok(Response::new(HealthCheckResponse { status: status.into() }))
    }

    type WatchStream = Empty<Result<HealthCheckResponse, Status>>;

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("check again and again instead"))
    }
}

/// The name of the only service but this one.
const ADMIN: &str = "chatter.admin.v1.Admin";
/// A relay that needs longer for a turn hangs.
const TURN: Duration = Duration::from_secs(2);
