//! The services on the admin socket: the API, and gRPC's health service.
//!
//! **In** a call. **Out** the answer of the service that it names. **Never** a look into it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use chatter_proto::admin::admin_server::AdminServer;
use chatter_proto::admin::health::health_server::HealthServer;
use tonic::body::Body;
use tonic::codegen::Service as Answers;
use tonic::codegen::http::{Request, Response};

use super::health::HealthService;
use super::{Control, Service};

/// Both services over one [`Control`].
#[derive(Debug)]
pub struct Services<C> {
    admin: AdminServer<Service<C>>,
    health: HealthServer<HealthService<C>>,
}

impl<C: Control> Services<C> {
    /// Services that ask `control`, and take no larger request than this.
    pub fn new(control: Arc<C>, request_len_max: usize) -> Self {
        let health = HealthServer::new(HealthService::new(Arc::clone(&control)));
        let admin = AdminServer::new(Service::new(control));
        Self {
            admin: admin.max_decoding_message_size(request_len_max),
            health: health.max_decoding_message_size(request_len_max),
        }
    }
}

impl<C> Clone for Services<C> {
    fn clone(&self) -> Self {
        Self { admin: self.admin.clone(), health: self.health.clone() }
    }
}

impl<C: Control> Answers<Request<Body>> for Services<C> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Generated services always are.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if request.uri().path().starts_with(HEALTH) {
            Box::pin(self.health.call(request))
        } else {
            Box::pin(self.admin.call(request))
        }
    }
}

const HEALTH: &str = "/grpc.health.v1.Health/";
