//! Servers inside the test's own process.

use std::net::SocketAddr;

use redress::kernel::lifecycle::Lifecycle;
use redress::kernel::server::{Builder, bind};

/// Serves on a port that the system chooses, until the process drains.
pub async fn serve(builder: Builder, life: &Lifecycle) -> SocketAddr {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.address();
    let server = builder.listener(listener).build().unwrap();
    let life = life.clone();
    tokio::spawn(async move { server.serve(&life).await });
    address
}
