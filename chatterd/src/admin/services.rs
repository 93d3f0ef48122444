//! The services on the admin socket, and the gate before them: the API, gRPC's health service, gRPC's reflection service.
//!
//! **In** a call, and who calls. **Out** the answer of the service that it names, or that he may not. **Never** a look into
//! it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use chatter_proto::admin::admin_server::AdminServer;
use chatter_proto::admin::health::health_server::HealthServer;
use chatter_proto::admin::reason::Reason;
use chatter_proto::admin::reflection::server::{Builder, Error as ReflectionError};
use chatter_proto::admin::{DESCRIPTORS, HEALTH_DESCRIPTORS};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service as Answers;
use tonic::codegen::http::{Request, Response};

use super::health::HealthService;
use super::rights::{Caller, Right};
use super::{Control, Service, Watchers};

type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;
/// One service.
type Room = Arc<dyn Fn(Request<Body>) -> Answering + Send + Sync>;

/// All services over one [`Control`].
pub struct Services<C> {
    control: Arc<C>,
    rooms: [(&'static str, Room); 3],
    admin: Room,
}

impl<C: Control> Services<C> {
    /// Services that ask `control`, take no larger request than this, and let so many watch.
    ///
    /// # Errors
    /// Where the API's own description can't be read.
    pub fn new(
        control: Arc<C>,
        request_len_max: usize,
        watchers_max: usize,
    ) -> Result<Self, ReflectionError> {
        let watchers = Watchers::new(watchers_max);
        let health = HealthServer::new(HealthService::new(Arc::clone(&control), watchers.clone()));
        let admin = AdminServer::new(Service::new(Arc::clone(&control), watchers));
        let described = || {
            Builder::configure()
                .register_encoded_file_descriptor_set(DESCRIPTORS)
                .register_encoded_file_descriptor_set(HEALTH_DESCRIPTORS)
        };
        let (reflection, older) = (described().build_v1()?, described().build_v1alpha()?);
        Ok(Self {
            control,
            rooms: [
                ("/grpc.health.v1.Health/", room(health.max_decoding_message_size(request_len_max))),
                (
                    "/grpc.reflection.v1.ServerReflection/",
                    room(reflection.max_decoding_message_size(request_len_max)),
                ),
                (
                    "/grpc.reflection.v1alpha.ServerReflection/",
                    room(older.max_decoding_message_size(request_len_max)),
                ),
            ],
            admin: room(admin.max_decoding_message_size(request_len_max)),
        })
    }

    /// Whether whoever calls may: the connection says who he is.
    fn check(&self, request: &Request<Body>) -> Result<(), Status> {
        let right = Right::of(request.uri().path());
        let caller = request.extensions().get::<Caller>();
        if caller.is_some_and(|caller| self.control.rights().allow(*caller, right)) {
            return Ok(());
        }
        let word = right.as_str();
        let text = format!("your user does not have the right `{word}`: see admin.{word} in the settings");
        Err(Reason::NoRight.status_with(text, HashMap::from([("right".to_owned(), word.to_owned())])))
    }
}

fn room<S>(service: S) -> Room
where
    S: Answers<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    Arc::new(move |request| Box::pin(service.clone().call(request)))
}

impl<C> Clone for Services<C> {
    fn clone(&self) -> Self {
        Self { control: Arc::clone(&self.control), rooms: self.rooms.clone(), admin: Arc::clone(&self.admin) }
    }
}

impl<C: Control> Answers<Request<Body>> for Services<C> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Generated services always are.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if let Err(status) = self.check(&request) {
            return Box::pin(ready(Ok(status.into_http())));
        }
        let path = request.uri().path();
        let named = self.rooms.iter().find(|(service, _)| path.starts_with(service));
        named.map_or(&self.admin, |(_, room)| room)(request)
    }
}
