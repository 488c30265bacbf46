//! The network between the push worker and the bureau, which loses calls on an operation's word.
//!
//! The worker connects to a forwarder, and it to the bureau. A call that is to be lost is found where its bytes are readable, at the bureau's
//! door; then every connection is cut, so that the worker sees what it would see of a cable that was pulled.

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use redress::access;
use redress::bureau::grpc::Handlers;
use redress::kernel::lifecycle::Lifecycle;
use redress::kernel::server::{Builder, Server, Tuned};
use redress::kernel::settings::ServerSettings;
use redress::wire::DESCRIPTORS;
use redress::wire::redress::bureau::v1::bureau_enrollment_service_server::BureauEnrollmentServiceServer;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tonic::body::Body;
use tonic::server::NamedService;

use crate::handoff::serving::serve;
use crate::handoff::world::World;

/// What is lost of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It does not arrive.
    Request,
    /// The bureau has done what was asked, and its answer does not arrive.
    Answer,
}

/// A network that works until it is told otherwise.
pub struct Network {
    cable: Arc<Cable>,
    /// Where the worker finds the bureau.
    pub endpoint: String,
    life: Lifecycle,
}

#[derive(Default)]
struct Cable {
    next: Mutex<Option<Loss>>,
    cut: Notify,
    lost: AtomicUsize,
}

impl Cable {
    /// Cuts every connection; whoever calls waits in vain.
    async fn lose<T>(&self) -> T {
        self.lost.fetch_add(1, Ordering::Relaxed);
        self.cut.notify_waiters();
        pending().await
    }
}

impl Network {
    /// Puts a network before a world's bureau.
    pub async fn open(world: &World) -> Self {
        let cable = Arc::new(Cable::default());
        let life = Lifecycle::new(Duration::from_secs(10));
        let bureau = serve(builder(world, &cable), &life).await;
        let near = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = near.local_addr().unwrap().port();
        life.spawn(forward(near, bureau, Arc::clone(&cable), life.clone()));
        Self {
            cable,
            endpoint: format!("https://localhost:{port}"),
            life,
        }
    }

    /// Loses the next call, and tells whether that is news.
    pub fn lose(&self, loss: Loss) -> bool {
        self.cable.next.lock().unwrap().replace(loss) != Some(loss)
    }

    /// Gives how many calls were lost.
    pub fn lost(&self) -> usize {
        self.cable.lost.load(Ordering::Relaxed)
    }

    /// Loses nothing from now on.
    pub fn mend(&self) {
        self.cable.next.lock().unwrap().take();
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.life.stop();
    }
}

/// Puts a world's bureau behind the door.
fn builder(world: &World, cable: &Arc<Cable>) -> Builder {
    let door = Door {
        bureau: BureauEnrollmentServiceServer::new(Handlers::new(Arc::clone(&world.desk))),
        cable: Arc::clone(cable),
    };
    let settings = ServerSettings::local(world.bureau_tls());
    Server::builder(&settings, access::BUREAU, DESCRIPTORS).service(door)
}

/// Carries bytes to the bureau and back, until the cable is cut.
async fn forward(near: TcpListener, bureau: SocketAddr, cable: Arc<Cable>, life: Lifecycle) {
    let draining = life.token();
    while let Some(Ok((mut near, _))) = draining.run_until_cancelled(near.accept()).await {
        let cable = Arc::clone(&cable);
        tokio::spawn(async move {
            let Ok(mut far) = TcpStream::connect(bureau).await else {
                return;
            };
            near.set_nodelay(true).unwrap();
            far.set_nodelay(true).unwrap();
            tokio::select! {
                // First, so that nothing goes through before this listens.
                biased;
                () = cable.cut.notified() => {}
                _ = copy_bidirectional(&mut near, &mut far) => {}
            }
        });
    }
}

/// The bureau's door, where calls get lost.
#[derive(Clone)]
struct Door {
    bureau: BureauEnrollmentServiceServer<Handlers>,
    cable: Arc<Cable>,
}

impl NamedService for Door {
    const NAME: &'static str = BureauEnrollmentServiceServer::<Handlers>::NAME;
}

impl Tuned for Door {
    fn tuned(self, largest: usize) -> Self {
        Self {
            bureau: self.bureau.tuned(largest),
            ..self
        }
    }
}

impl tower::Service<http::Request<Body>> for Door {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let Self { mut bureau, cable } = self.clone();
        async move {
            let loss = cable.next.lock().unwrap().take();
            if loss == Some(Loss::Request) {
                return cable.lose().await;
            }
            let answer = bureau.call(request).await;
            if loss == Some(Loss::Answer) {
                return cable.lose().await;
            }
            answer
        }
        .boxed()
    }
}
