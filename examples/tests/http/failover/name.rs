//! A name for a server that can be moved to another.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

/// What a host knows its database by, and what it leads to at the moment, as in a DNS or of a proxy.
pub(super) struct Name {
    port: u16,
    leads_to: Arc<AtomicU16>,
}

impl Name {
    pub(super) async fn of(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let leads_to = Arc::new(AtomicU16::new(server));
        let target = Arc::clone(&leads_to);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let target = target.load(Ordering::Relaxed);
                tokio::spawn(async move {
                    // Nobody there: the client is hung up on.
                    let mut server = TcpStream::connect(("127.0.0.1", target)).await?;
                    copy_bidirectional(&mut client, &mut server).await
                });
            }
        });
        Self { port, leads_to }
    }

    /// Connections that are open stay where they are.
    pub(super) fn now_leads_to(&self, server: u16) {
        self.leads_to.store(server, Ordering::Relaxed);
    }

    pub(super) fn url(&self, server: &str) -> String {
        let mut url: url::Url = server.parse().unwrap();
        url.set_port(Some(self.port)).unwrap();
        url.into()
    }
}
