//! Waiting until the children serve.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::child::Child;
use super::ports::Claimed;
use crate::cli::problem::Problem;

const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(25);

/// Waits until every child says that it is ready, or one has ended, or patience has.
pub async fn all(children: &mut [Child], ports: &Claimed) -> Result<(), Problem> {
    let deadline = Instant::now() + PATIENCE;
    for at in 0..children.len() {
        let name = children[at].name;
        while !is_ready(&format!("127.0.0.1:{}", ports.admin(name))).await {
            if let Some(problem) = children.iter_mut().find_map(Child::ended) {
                return Err(problem);
            }
            if Instant::now() > deadline {
                return Err(Problem::usage(format!(
                    "{name} is not ready after {} s; its log says why",
                    PATIENCE.as_secs()
                )));
            }
            sleep(PAUSE).await;
        }
    }
    Ok(())
}

/// Asks an admin port's `/readyz`.
pub async fn is_ready(address: &str) -> bool {
    let answer = async {
        let mut stream = TcpStream::connect(address).await?;
        stream
            .write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .await?;
        let mut head = [0; 12];
        stream.read_exact(&mut head).await?;
        Ok::<_, std::io::Error>(head)
    };
    matches!(timeout(Duration::from_secs(2), answer).await, Ok(Ok(head)) if &head == b"HTTP/1.1 200")
}
