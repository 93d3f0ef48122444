//! gRPC's standard health service, so that any monitor that speaks it can ask.
//!
//! **In** a check, or a wish to be told of changes. **Out** whether relay and ledger answer. **Never** a figure.

use std::sync::Arc;
use std::time::Duration;

use chatter_proto::admin::health::health_check_response::ServingStatus;
use chatter_proto::admin::health::health_server::Health;
use chatter_proto::admin::health::{HealthCheckRequest, HealthCheckResponse};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{Control, Watchers};

/// The health of a [`Control`].
pub struct HealthService<C> {
    control: Arc<C>,
    watchers: Watchers,
}

impl<C: Control> HealthService<C> {
    /// Asks `control`, and lets as many watch.
    pub fn new(control: Arc<C>, watchers: Watchers) -> Self {
        Self { control, watchers }
    }
}

fn is_known(request: &HealthCheckRequest) -> bool {
    ["", ADMIN].contains(&request.service.as_str())
}

/// The answer takes a turn of the relay's task and a look into the ledger.
async fn health<C: Control>(control: &C) -> ServingStatus {
    let serving = timeout(TURN, control.status()).await.is_ok_and(|answer| answer.is_ok());
    if serving { ServingStatus::Serving } else { ServingStatus::NotServing }
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl<C: Control> Health for HealthService<C> {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        if !is_known(request.get_ref()) {
            return Err(Status::not_found("there is no such service"));
        }
        Ok(Response::new(answer(health(&*self.control).await)))
    }

    type WatchStream = ReceiverStream<Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let seat = self.watchers.seat()?;
        let (sender, receiver) = mpsc::channel(1);
        if is_known(request.get_ref()) {
            tokio::spawn(tell(Arc::clone(&self.control), sender, seat));
        } else {
            // As the service's document asks: it might come yet, for all that the caller knows.
            let _ = sender.try_send(Ok(answer(ServingStatus::ServiceUnknown)));
        }
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

/// Tells each change, as long as somebody hears it.
async fn tell<C: Control>(
    control: Arc<C>,
    sender: mpsc::Sender<Result<HealthCheckResponse, Status>>,
    _seat: OwnedSemaphorePermit,
) {
    let mut last = None;
    loop {
        let status = health(&*control).await;
        if last.replace(status) != Some(status) && sender.send(Ok(answer(status))).await.is_err() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = sender.closed() => return,
        }
    }
}

/// The name of the API's own service.
const ADMIN: &str = "chatter.admin.v1.Admin";
/// A relay that needs longer for a turn hangs.
const TURN: Duration = Duration::from_secs(2);
/// Between two looks for who watches.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
